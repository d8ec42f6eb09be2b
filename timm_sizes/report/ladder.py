"""The ladder of a report: the best row under each of a few sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from timm_sizes.report.figures import SIZE, Figure

if TYPE_CHECKING:
    import pandas as pd

BUDGETS_MB = (5, 10, 25, 50, 100, 250)


def best_under(frame: pd.DataFrame, gain: Figure) -> Iterator[tuple[int, int | None]]:
    """Yield each of BUDGETS_MB with the position of the row of *frame* that has most of *gain* within it.

    Of rows that are equally good the smallest one counts, then the first. None where no row is small enough.
    """
    ranked = frame.reset_index(drop=True).sort_values(
        [gain.column, SIZE.column], ascending=[gain.smaller_is_better, True], kind="stable"
    )
    ranked = ranked[ranked[gain.column].notna()]
    for budget in BUDGETS_MB:
        fitting = ranked.index[ranked[SIZE.column] <= budget]
        yield budget, (int(fitting[0]) if len(fitting) else None)
