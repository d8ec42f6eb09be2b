"""The families that a chart distinguishes by colour and shape, and the group of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from bokeh.core.enums import MarkerTypeType

OTHER = "other"


@dataclass(frozen=True)
class Style:
    """How a family is drawn: the name of its marker in Bokeh, its shape as SVG, its colours."""

    bokeh: MarkerTypeType
    svg: str  # a path in a box from -8 to 8
    colour: str
    dark: str  # the colour on a dark ground


_DIAMOND = "M0-7.5 5.5 0 0 7.5-5.5 0z"
_PLUS = "M-2-6.5h4v4.5h4.5v4h-4.5v4.5h-4v-4.5h-4.5v-4h4.5z"
_STAR = "M0-7.5 1.9-2.4 7.2-2.2 3 1 4.5 6.3 0 3.3-4.5 6.3-3 1-7.2-2.2-1.9-2.4z"

# The palette of Okabe and Ito, which people with any colour blindness can tell apart; what comes most often, first.
STYLES = (
    Style("circle", "M0-5.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z", "#0072b2", "#1f84cc"),
    Style("square", "M-5-5h10v10h-10z", "#e69f00", "#e69f00"),
    Style("triangle", "M0-6 6 5h-12z", "#009e73", "#00b383"),
    Style("diamond", _DIAMOND, "#d55e00", "#ec7014"),
    Style("inverted_triangle", "M0 6-6-5h12z", "#cc79a7", "#d98cb8"),
    Style("hex", "M0-6 5.2-3v6l-5.2 3-5.2-3v-6z", "#56b4e9", "#7cc8f2"),
    Style("plus", _PLUS, "#111111", "#ffffff"),
    Style("star", _STAR, "#f0e442", "#f0e442"),
)
REST = Style("circle", "M0-4a4 4 0 1 1 0 8a4 4 0 1 1 0-8z", "#a3a8ad", "#70777d")
# A family without a style of its own, when it is chosen: all others are grey then.
CHOSEN = Style("circle", STYLES[0].svg, "#c2185b", "#ff6f9f")


@dataclass(frozen=True)
class Group:
    """A family of the chart's legend, or the rest of them."""

    name: str
    rows: int
    style: Style


def group_families(family: pd.Series[str]) -> tuple[list[Group], pd.Series[str]]:
    """Return the chart's groups and, of each row of *family*, the group's name.

    A group of its own has each of the most frequent families, as many as there are styles, by name where they are
    equally frequent; the rest is the group ``other``, last, if there is a rest.
    """
    counts = family[family != OTHER].value_counts()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))
    groups = [Group(str(name), int(rows), style) for (name, rows), style in zip(ordered, STYLES, strict=False)]
    labels = family.where(family.isin([group.name for group in groups]), OTHER)
    rest = int((labels == OTHER).sum())
    return groups + ([Group(OTHER, rest, REST)] if rest else []), labels
