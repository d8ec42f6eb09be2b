"""The errors that this project raises on purpose, each one line to act on."""

from __future__ import annotations


class InputError(ValueError):
    """Raised when a user's table, argument or file cannot be used; commands turn it into exit status 2."""


class PayloadError(ValueError):
    """Raised by the hub parsers when an answer of the Hub has not the shape that was expected."""


def reason(error: Exception) -> str:
    """Return in words why the system refused something: "permission denied"."""
    return (getattr(error, "strerror", None) or str(error)).lower()
