"""What a report says about its own figures: how many, how exact, how old, and which are missing and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from timm_sizes.items import ModelSize, Status
from timm_sizes.tables.columns import SIZE

if TYPE_CHECKING:
    import pandas as pd

_BASIS = {str(Status.OK): "exact", str(Status.ESTIMATED): "estimate"}
_MEANINGS = {str(status): status.meaning for status in Status}


@dataclass(frozen=True)
class Missing:
    """The models that have no size for one reason."""

    status: str
    reason: str
    rows: int
    names: list[str]


@dataclass(frozen=True)
class Counts:
    """What there is: rows, models (a model may have several rows), and rows with a size, exact, estimated or neither.

    Neither is a size that a merged table brought along without saying where it came from.
    """

    rows: int
    models: int
    sized: int
    exact: int
    estimated: int


def count(frame: pd.DataFrame) -> Counts:
    """Return the counts of *frame*, of pick.rows.load_choices."""
    sized = frame[SIZE.name].notna()
    return Counts(
        rows=len(frame),
        models=frame["model"].nunique(),
        sized=int(sized.sum()),
        exact=int((sized & (frame["status"] == Status.OK)).sum()),
        estimated=int((sized & (frame["status"] == Status.ESTIMATED)).sum()),
    )


def find_missing(frame: pd.DataFrame, sizes: Mapping[str, ModelSize]) -> list[Missing]:
    """Return the models of *frame* without a size, by status and reason; the most frequent first.

    The reason is the one in the sizes file, *sizes*, where the status there is the same; else what the status means.
    """
    rows = frame.loc[frame[SIZE.name].isna(), ["model", "status"]]
    reasons = [_reason(name, status, sizes) for name, status in rows.itertuples(index=False)]
    groups = rows.assign(reason=reasons).groupby(["status", "reason"], sort=True)["model"]
    found = [
        Missing(str(status), str(reason), len(names), list(dict.fromkeys(names))) for (status, reason), names in groups
    ]
    return sorted(found, key=lambda missing: -missing.rows)


def newest_answer(sizes: Mapping[str, ModelSize]) -> str:
    """Return when the newest of *sizes* was fetched (UTC, as the sizes file has it); "" if none came from the Hub."""
    return max((item.fetched_at for item in sizes.values()), default="")


def size_basis(status: str) -> str:
    """Return in a word or two how the size of a row with *status* is known, or why it is not."""
    return _BASIS.get(status, status)


def _reason(name: str, status: str, sizes: Mapping[str, ModelSize]) -> str:
    item = sizes.get(name)
    known = item.reason if item and item.status == status else ""
    return known or _MEANINGS.get(status, "")
