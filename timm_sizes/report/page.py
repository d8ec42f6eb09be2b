"""The report as one HTML file: the table's rows and what is said about them, the chart, and all styles and scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from timm_sizes.items import ModelSize
from timm_sizes.pick.limits import is_permissive
from timm_sizes.report.chart import bokeh_script, chart_json
from timm_sizes.report.families import CHOSEN, REST, group_families
from timm_sizes.report.figures import Figures, best_under, find_figures, is_test
from timm_sizes.report.provenance import count, find_missing, newest_answer, size_basis
from timm_sizes.tables.columns import MEMORY_COLUMNS, SIZE, SPEED, Column, Kind, column_of
from timm_sizes.tables.frame import is_whole
from timm_sizes.tables.memory import PRECISIONS

if TYPE_CHECKING:
    import pandas as pd

HUB = "https://huggingface.co/"
_FOLDER = Path(__file__).parent
_SCRIPTS = ("choices.js", "labels.js", "answer.js", "precision.js", "report.js")


@dataclass(frozen=True)
class Source:
    """Where a report's figures come from, as the page names it."""

    table: str
    sizes_file: str
    sizes: Mapping[str, ModelSize]


@dataclass(frozen=True)
class Limit:
    """A slider with a number field: the name of its filter, its label, and the figure that it limits."""

    name: str
    label: str
    figure: Column

    @property
    def is_most(self) -> bool:
        """Whether it is an upper limit."""
        return self.figure.smaller_is_better


@dataclass(frozen=True)
class Cells:
    """A column of the page's table beside the names: its name, its header, and its text, one a row.

    One that ``decides`` is shown where there is little room too.
    """

    name: str
    header: str
    texts: list[str]
    is_number: bool = False
    decides: bool = False


@dataclass(frozen=True)
class Line:
    """A row of the page's table: its name, the address of its repo on the Hub ("" without), and its cells' text."""

    model: str
    link: str
    texts: list[str]


def render(frame: pd.DataFrame, source: Source) -> str:
    """Return the page for *frame*, the rows of choices.load_choices; InputError if there is nothing to draw."""
    figures = find_figures(frame, source.table)
    groups, labels = group_families(frame["family"])
    columns = _columns(frame, figures)
    lines = _lines(frame, columns)
    tests = is_test(frame)
    names = {figure.name for figure in figures.shown}
    has_parts = names >= {name for name in MEMORY_COLUMNS if column_of(name).kind is Kind.MEMORY}
    precisions = {name: [each.weights, each.activations] for name, each in PRECISIONS.items()} if has_parts else {}
    own = frame.assign(**{figures.gain.name: frame[figures.gain.name].mask(tests)})
    bokeh = bokeh_script()
    script = "\n".join(map(_read, _SCRIPTS))
    page: str = _template().render(
        source=source,
        figures=figures,
        counts=count(frame),
        fetched=newest_answer(source.sizes),
        groups=groups,
        styles=[*(group.style for group in groups), REST, CHOSEN],
        columns=columns,
        lines=lines,
        tests=int(tests.sum()),
        limits=_limits(figures),
        image_sizes=_image_sizes(frame, figures),
        licenses=_licenses(frame),
        precisions=precisions,
        ladder=[(budget, None if at is None else lines[at]) for budget, at in best_under(own, figures.gain)],
        missing=find_missing(frame, source.sizes),
        data={
            "chart": chart_json(frame, groups, labels, figures),
            "axes": _axes(frame, figures, columns),
            "families": [group.name for group in groups],
            "precisions": precisions,
            "tests": [at for at, each in enumerate(tests) if each],
        },
        style=Markup(_read("report.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        bokeh=base64.b64encode(gzip.compress(bokeh.encode(), mtime=0)).decode(),
        script_hashes=[_hash(text) for text in (bokeh, script)],
    )
    return page


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": False
    }  # Bokeh's script reads a model where it comes first
    return environment.get_template("page.html.jinja")


def _columns(frame: pd.DataFrame, figures: Figures) -> list[Cells]:
    """Return the columns beside the names: what decides, then all else."""
    basis = [size_basis(status) for status in frame["status"]]
    return [
        *(_figures(frame, figure, decides=True) for figure in figures.deciding),
        Cells("license", "Licence", frame["license"].tolist(), decides=True),
        Cells("size_is", "Size is", basis, decides=True),
        *(_figures(frame, figure) for figure in figures.rest),
        *(Cells(name, column_of(name).header, frame[name].tolist()) for name in _bases(frame, figures)),
        Cells("family", "Family", frame["family"].tolist()),
    ]


def _figures(frame: pd.DataFrame, figure: Column, *, decides: bool = False) -> Cells:
    texts = [figure.text(value) for value in frame[figure.name]]
    return Cells(figure.name, figure.header, texts, is_number=True, decides=decides)


def _bases(frame: pd.DataFrame, figures: Figures) -> list[str]:
    """Return the columns of *frame* that say what its figures are of: a card, a data type; where rows differ in it."""
    # The images are in an accuracy's own label.
    names = [each.basis for each in figures.shown if each.basis in frame and each.kind is not Kind.ACCURACY]
    return [name for name in names if len(_said(frame, name)) > 1]


def _lines(frame: pd.DataFrame, columns: list[Cells]) -> list[Line]:
    facts = frame[["model", "repo_id"]].itertuples(index=False, name=None)
    rows = zip(*(column.texts for column in columns), strict=True)
    return [
        Line(model, HUB + quote(repo_id) if repo_id else "", list(texts))
        for (model, repo_id), texts in zip(facts, rows, strict=True)
    ]


def _limits(figures: Figures) -> list[Limit]:
    return [
        Limit("min_acc", "Lowest", figure)
        if figure == figures.gain and figure.kind is Kind.ACCURACY
        else Limit(
            figure.option[2:].replace("-", "_"),
            f"{'Largest' if figure.smaller_is_better else 'Lowest'} {figure.label.lower()}",
            figure,
        )
        for figure in figures.limits
    ]


def _image_sizes(frame: pd.DataFrame, figures: Figures) -> list[tuple[int, int]]:
    """Return the input sizes that are whole pixels, with how many rows have each; the smallest first."""
    if figures.image is None:
        return []
    sizes = frame[figures.image.name]
    counts = sizes[is_whole(sizes)].dropna().astype("int64").value_counts().sort_index()
    return [(int(size), int(rows)) for size, rows in zip(counts.index, counts, strict=True)]


def _licenses(frame: pd.DataFrame) -> list[tuple[str, int, bool]]:
    """Return the licences, the most frequent first, with how many rows have each and whether it is permissive."""
    counts = frame["license"].value_counts()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))
    return [(str(licence), int(rows), is_permissive(str(licence))) for licence, rows in ordered]


def _axes(frame: pd.DataFrame, figures: Figures, columns: list[Cells]) -> dict[str, dict[str, Any]]:
    """Return what the page's script has to know of each figure: its words, which way is better, and where it counts.

    ``basis`` is the column that says what a figure is of, "" without, ``note`` what all of them are of; ``answer`` and
    ``hint`` whether the answer and the tooltip have it.
    """
    names = {column.name for column in columns}
    return {
        shown.name: {
            "header": shown.header,
            "label": shown.label,
            "unit": shown.unit,
            "smaller": shown.smaller_is_better,
            "lessWins": figures.less_wins(shown),
            "log": shown in figures.costs or shown == SPEED,
            "basis": "size_is" if shown == SIZE else shown.basis if shown.basis in names else "",
            "note": _only(frame, shown.basis),
            "answer": shown in figures.deciding,
            "hint": shown in figures.deciding or shown.kind is Kind.MEMORY,
        }
        for shown in figures.shown
    }


def _only(frame: pd.DataFrame, basis: str) -> str:
    """Return what the column *basis* says of the rows of *frame*; "" if it is several things, or no column."""
    found = _said(frame, basis) if basis in frame else set()
    return found.pop() if len(found) == 1 else ""


def _said(frame: pd.DataFrame, basis: str) -> set[str]:
    return set(frame[basis]) - {""}


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
