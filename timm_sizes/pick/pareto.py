"""Which rows no other row beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def pareto(frame: pd.DataFrame, smaller: Sequence[str] = ("size_mb",), larger: Sequence[str] = ("top1",)) -> pd.Series:
    """Return which rows of *frame* no other row beats: as good in every column, and better in one.

    Of the columns *smaller* the less the better, of *larger* the more. Rows that are equal in all of them stay
    together; a row without a number in one of them is never on the frontier.
    """
    costs = np.column_stack([*(frame[name] for name in smaller), *(-frame[name] for name in larger)]).astype("float64")
    known = ~np.isnan(costs).any(axis=1)
    points, which = np.unique(costs[known], axis=0, return_inverse=True)
    best = np.zeros(len(frame), dtype=bool)
    best[known] = _unbeaten(points)[which]
    return pd.Series(best, index=frame.index)


def _unbeaten(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which of *points* (costs, a row each: distinct and sorted) no other is at most equal to in all columns."""
    if points.shape[1] <= 2:
        last = points[:, -1]
        before = np.concatenate([[np.inf], np.minimum.accumulate(last)[:-1]]) if len(last) else last
        return last < before
    best = np.zeros(len(points), dtype=bool)
    left = np.arange(len(points))
    while len(left):
        # Sorted as they are, no later point can beat the first one that is left.
        first, left = left[0], left[1:]
        best[first] = True
        left = left[(points[left] < points[first]).any(axis=1)]
    return best
