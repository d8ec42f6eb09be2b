"""Which licences allow what."""

from __future__ import annotations

# Licences (by their ids on the Hub) that allow commercial use and require no more than attribution.
PERMISSIVE = frozenset(
    [
        "0bsd",
        "apache-2.0",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc0-1.0",
        "isc",
        "mit",
        "ncsa",
        "unlicense",
        "zlib",
    ]
)


def is_permissive(text: str) -> bool:
    """Return whether every licence id in *text* (joined by "+") is in PERMISSIVE; not so for no licence at all."""
    return all(part in PERMISSIVE for part in text.lower().split("+"))
