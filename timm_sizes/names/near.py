"""Finds the names that one which means nothing may stand for: written another way (ResNet-50), or misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_LIKENESS = 0.75
_LONGEST = 60  # characters; nothing longer is a name


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three of *known* that *name* may mean, the nearest first; only one that differs in its signs."""
    spelt = {plain(each): each for each in known}
    wanted = plain(name)
    if wanted in spelt:
        return [spelt[wanted]]
    found = get_close_matches(wanted, spelt, cutoff=_LIKENESS) if len(wanted) <= _LONGEST else []
    return [spelt[each] for each in found]


def plain(name: str) -> str:
    """Return the letters and digits of *name*, in lower case."""
    return re.sub(r"[\W_]", "", name.casefold())
