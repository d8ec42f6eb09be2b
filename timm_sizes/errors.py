"""The errors that this project raises on purpose; each message is one line a user can act on."""

from __future__ import annotations


class InputError(ValueError):
    """Raised when a user's table, argument or file cannot be used; commands turn it into exit status 2."""


class PayloadError(ValueError):
    """Raised by the hub parsers when an answer of the Hub has not the shape that was expected."""
