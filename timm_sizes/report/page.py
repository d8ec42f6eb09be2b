"""The report as one HTML file: the table's rows and what is said about them, the chart, and all styles and scripts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from timm_sizes.items import ModelSize
from timm_sizes.pick.licenses import is_permissive
from timm_sizes.report.chart import chart_json, script
from timm_sizes.report.families import group_families
from timm_sizes.report.figures import Figures, best_under, find_figures
from timm_sizes.report.provenance import count, find_missing, newest_answer, size_basis
from timm_sizes.tables.columns import SIZE, SPEED, Column
from timm_sizes.tables.frame import is_whole

if TYPE_CHECKING:
    import pandas as pd

HUB = "https://huggingface.co/"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """Where a report's figures come from, as the page names it."""

    table: str
    sizes_file: str
    sizes: dict[str, ModelSize]
    made_on: date


@dataclass(frozen=True)
class Limit:
    """A slider with a number field: the name of its filter, its label, and the figure that it limits."""

    name: str
    label: str
    figure: Column


@dataclass(frozen=True)
class Line:
    """A row of the page's table: its name, the address of its repo on the Hub ("" without), and its cells' text."""

    model: str
    link: str
    figures: list[str]
    family: str
    license: str
    basis: str


def render(frame: pd.DataFrame, source: Source) -> str:
    """Return the page for *frame*, the rows of choices.load_choices; InputError if there is nothing to draw."""
    figures = find_figures(frame, source.table)
    groups, labels = group_families(frame["family"])
    lines = _lines(frame, figures)
    scripts = [script(), _read("report.js")]
    page: str = _template().render(
        source=source,
        figures=figures,
        counts=count(frame),
        fetched=newest_answer(source.sizes),
        groups=groups,
        lines=lines,
        limits=_limits(figures),
        image_sizes=_image_sizes(frame, figures),
        licenses=_licenses(frame),
        ladder=[(budget, None if at is None else lines[at]) for budget, at in best_under(frame, figures.gain)],
        missing=find_missing(frame, source.sizes),
        data={"chart": chart_json(frame, groups, labels, figures), "axes": _axes(figures)},
        style=Markup(_read("report.css")),  # noqa: S704 - our own file
        scripts=[Markup(text) for text in scripts],  # noqa: S704 - our own file and Bokeh's
        script_hashes=[_hash(text) for text in scripts],
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


def _lines(frame: pd.DataFrame, figures: Figures) -> list[Line]:
    texts = [[shown.text(value) for value in frame[shown.name]] for shown in figures.shown]
    facts = frame[["model", "repo_id", "family", "license", "status"]].itertuples(index=False, name=None)
    return [
        Line(
            model=model,
            link=HUB + quote(repo_id) if repo_id else "",
            figures=list(cells),
            family=family,
            license=licence,
            basis=size_basis(status),
        )
        for (model, repo_id, family, licence, status), cells in zip(facts, zip(*texts, strict=True), strict=True)
    ]


def _limits(figures: Figures) -> list[Limit]:
    limits = [Limit("max_mb", "Largest size", SIZE)]
    if figures.gain != SPEED:
        limits.append(Limit("min_acc", "Lowest", figures.gain))
    if figures.speed:
        limits.append(Limit("min_speed", "Lowest speed", figures.speed))
    return limits


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


def _axes(figures: Figures) -> dict[str, dict[str, Any]]:
    """Return what the page's script has to know of each figure: its header, and which way is better."""
    return {
        shown.name: {
            "header": shown.header,
            "unit": shown.unit,
            "smaller": shown.smaller_is_better,
            "log": shown in figures.costs or shown == SPEED,
        }
        for shown in figures.shown
    }


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
