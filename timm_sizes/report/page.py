"""The report as one HTML file: the table's rows as data, what is said about them, and all styles and scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from bokeh.resources import Resources
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from timm_sizes.pick.limits import is_permissive
from timm_sizes.pick.listing import notes_on
from timm_sizes.pick.ranking import is_test
from timm_sizes.report.computed import computed
from timm_sizes.report.figures import BUDGETS, Figures, find_figures
from timm_sizes.report.provenance import count, find_missing, newest_answer, size_basis
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.columns import SIZE, SPEED, Column, Kind, column_of
from timm_sizes.tables.frame import is_whole
from timm_sizes.tables.measured_on import device_of

if TYPE_CHECKING:
    import pandas as pd

HUB = "https://huggingface.co/"
_FOLDER = Path(__file__).parent
_SCRIPTS = ("rows.js", "state.js", "drawing.js", "chart.js", "view.js", "page.js")
_OPENS_WITH_MB = 25
_DECIMALS = 6  # of figures as the page's data have them: no more than size_mb has, to the byte


@dataclass(frozen=True)
class Source:
    """Where a report's figures come from, as the page names it."""

    table: str
    sizes_file: str
    sizes: Sizes


class Limit(NamedTuple):
    """A slider with a number field: its filter's name, its label, the figure that it limits, and what that is of."""

    name: str
    label: str
    figure: Column
    of: str


@dataclass(frozen=True)
class Shown:
    """What the page has to know of a column: its words, which way is better, where it counts and where it is shown.

    ``decimals`` is None for text. ``bases`` are the columns that say what a figure is of. A column with ``more`` is
    shown on request, one that is ``said`` only beside its figure and in files.
    """

    name: str
    header: str
    label: str = ""
    unit: str = ""
    decimals: int | None = None
    smaller: bool = False
    less_wins: bool = False
    log: bool = False
    bases: list[str] = field(default_factory=list)
    decides: bool = False
    more: bool = False
    said: bool = False


def render(frame: pd.DataFrame, source: Source) -> str:
    """Return the page for *frame*, the rows of pick.rows; InputError if there is nothing to draw."""
    figures = find_figures(frame, source.table)
    tests = is_test(frame)
    columns = _columns(frame, figures)
    decisive = [*figures.deciding, column_of("license")]
    figures_at = computed(frame, source.sizes)
    library, script = _library(), "\n".join(map(_read, _SCRIPTS))
    page: str = template("page.html.jinja").render(
        source=source,
        figures=figures,
        columns=columns,
        counts=count(frame),
        fetched=newest_answer(source.sizes),
        tests=int(tests.sum()),
        limits=_limits(frame, figures),
        budgets=BUDGETS,
        kinds={figure.kind.value for figure in figures.shown},
        notes=notes_on(frame, [SPEED.name] if SPEED in figures.shown else []),
        budget=_first_budget(frame, figures),
        image_sizes=_image_sizes(frame, figures),
        licenses=_licenses(frame),
        precisions=[dtype for dtype, sizes in figures_at["sizes"].items() if any(sizes)],
        decisive=decisive,
        lines=_lines(frame, decisive),
        missing=find_missing(frame, source.sizes),
        data={
            "columns": [asdict(column) for column in columns],
            "values": _values(frame, columns),
            **figures_at,
            "tests": [at for at, each in enumerate(tests) if each],
        },
        style=Markup(_read("report.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        library=library,
        packed=_packed,
        script_hashes=[_hash(text) for text in (library, script)],
    )
    return page


def template(name: str) -> Template:
    """Return the template *name* of this folder."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)


def _columns(frame: pd.DataFrame, figures: Figures) -> list[Shown]:
    """Return the page's columns: the names, the figures, the texts, and what says of what the figures are."""
    numbers = [
        Shown(
            shown.name,
            shown.header,
            shown.label,
            shown.unit,
            decimals=shown.kind.report_decimals,
            smaller=shown.smaller_is_better,
            less_wins=figures.less_wins(shown),
            log=shown.kind is not Kind.ACCURACY,
            bases=[*figures.bases(frame, shown)],
            decides=shown in figures.deciding,
            more=shown.kind in (Kind.ACCURACY, Kind.MEMORY) and shown not in figures.deciding,
        )
        for shown in figures.shown
    ]
    said = dict.fromkeys(name for column in numbers for name in column.bases if name != "size_is")
    return [
        Shown("model", "Model", decides=True),
        *numbers,
        Shown("license", column_of("license").header, decides=True),
        Shown("family", column_of("family").header),
        Shown("size_is", "Size is", decides=True),
        *(Shown(name, _SAID.get(name, column_of(name).header), said=True) for name in said),
        Shown("link", "Link", said=True),
    ]


_SAID = {"infer_batch_size": "Images at a time", "memory_batch": "Images in memory"}


def _values(frame: pd.DataFrame, columns: list[Shown]) -> dict[str, Any]:
    """Return the cells of *columns*: None for a figure that is not known, one text where all rows have the same."""
    made = {
        "size_is": [size_basis(status) for status in frame["status"]],
        "link": _links(frame),
    }
    values: dict[str, Any] = {}
    for column in columns:
        if column.decimals is not None:
            values[column.name] = _numbers(frame[column.name])
        else:
            texts = made.get(column.name) or [_text(value) for value in frame[column.name].tolist()]
            values[column.name] = texts[0] if column.said and len(set(texts)) == 1 else texts
    return values


def _text(value: object) -> str:
    """Return a cell of text; a number among them, of images at a time, is a whole one."""
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:g}"
    return str(value)


def _numbers(values: pd.Series[float]) -> list[float | None]:
    return [None if isnan(value) else round(value, _DECIMALS) for value in values.astype("float64").tolist()]


def _lines(frame: pd.DataFrame, decisive: list[Column]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the rows as text, for a browser without scripts: the name, its link, the cells of *decisive*."""
    cells = [
        frame[column.name].tolist()
        if column.kind is Kind.TEXT
        else [column.text(value) for value in frame[column.name]]
        for column in decisive
    ]
    yield from zip(frame["model"], _links(frame), zip(*cells, strict=True), strict=True)


def _links(frame: pd.DataFrame) -> list[str]:
    return [HUB + quote(repo_id) if repo_id else "" for repo_id in frame["repo_id"]]


def _limits(frame: pd.DataFrame, figures: Figures) -> list[Limit]:
    return [
        Limit("min_acc", "Lowest accuracy", figure, figure.header)
        if figure == figures.gain and figure.kind is Kind.ACCURACY
        else Limit(
            figure.option[2:].replace("-", "_"),
            "Device memory"
            if figure.kind is Kind.MEMORY
            else f"{'Largest' if figure.smaller_is_better else 'Lowest'} {figure.label.lower()}",
            figure,
            f"({figure.unit}{_device(frame, figure)})",
        )
        for figure in figures.limits
    ]


def _device(frame: pd.DataFrame, figure: Column) -> str:
    """Return on what device *figure* was measured, as it follows the unit; "" for others, and for several devices."""
    sources = frame[figure.basis] if figure.kind in (Kind.SPEED, Kind.TIME) and figure.basis in frame else ()
    devices = {device_of(source).partition(",")[0] for source in sources} - {""}
    return f" on {devices.pop()}" if len(devices) == 1 else ""


def _first_budget(frame: pd.DataFrame, figures: Figures) -> str:
    """Return the size (MB) that the page opens with: "" where only a speed is known or no row is that small."""
    fits = (frame[SIZE.name] <= _OPENS_WITH_MB) & frame[figures.gain.name].notna() & ~is_test(frame)
    return str(_OPENS_WITH_MB) if figures.gain != SPEED and fits.any() else ""


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


def _library() -> str:
    """Return BokehJS, without its widgets, tables, WebGL and MathJax: the chart needs none of them."""
    resources = Resources(mode="inline", components=["bokeh", "bokeh-api"], minified=True, log_level="warn")
    return "\n".join(resources.js_raw)


def _packed(text: str) -> str:
    """Return *text* as the page's script unpacks it."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
