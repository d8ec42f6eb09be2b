"""``scrapy report``: what the page says, what they must not become, and the command line."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from tests.report.browser import BROWSER, REQUIRED, find_program
from tests.samples import RESULTS, sizes, write, write_sizes
from tests.workplace import Ended, Workplace
from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.pick.rows import load_choices
from timm_sizes.report.figures import find_figures
from timm_sizes.report.page import Source, render
from timm_sizes.report.picture import main, take_pictures
from timm_sizes.report.provenance import count, find_missing, size_basis
from timm_sizes.tables.memory import Memory

HOSTILE = ["<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", "'\"><svg onload=alert(3)>"]
LARGEST_PAGE = 1_500_000
ROWS_OF_UPSTREAM = 1_556


class Page(HTMLParser):
    """A page's tags and texts, as a browser would take them apart."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS)
    return offline


def report(place: Workplace, *options: str, table: str = "results.csv") -> Ended:
    ended = place.call("report", str(place.folder / table), "-o", str(place.folder / "report.html"), *options)
    assert "Traceback" not in ended.err
    return ended


def frame_of(tmp_path: Path, text: str = RESULTS) -> pd.DataFrame:
    return load_choices(write(tmp_path / "results.csv", text), "model", sizes())


def page_of(frame: pd.DataFrame, table: str = "results.csv") -> str:
    return render(frame, Source(table, "sizes.csv", sizes()))


# --- Figures, provenance ---


def test_accuracies_are_found_and_their_errors_and_differences_are_not(tmp_path: Path) -> None:
    header = "model,top1,top1_err,top5,top1_diff,top1_real,top1_v2,rank_diff,top1_<b>,top1_$$x$$"
    table = f"{header}\nresnet18.a1_in1k,71,29,90,1,79,60,+3,72,73\n"
    figures = find_figures(frame_of(tmp_path, table), "results.csv")
    assert [gain.header for gain in figures.gains] == [
        "Top-1 (%)",
        "Top-5 (%)",
        "ImageNet-ReaL top-1 (%)",
        "ImageNetV2 top-1 (%)",
    ]
    assert [cost.name for cost in figures.costs] == ["size_mb"]
    assert figures.image is None


def test_without_an_accuracy_speed_is_what_is_gained(tmp_path: Path) -> None:
    figures = find_figures(frame_of(tmp_path, "model,infer_samples_per_sec\nresnet18.a1_in1k,12000\n"), "speed.csv")
    assert figures.gain.header == "Speed (images/s)"
    assert [cost.header for cost in figures.costs] == ["Size (MB)"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("model,crop_pct\nresnet18.a1_in1k,0.9\n", "a.csv: nothing to weigh sizes against; expected a column with an"),
        ("model,top1\nnobody.in1k,80\n", "a.csv: no row has a size"),
        ("model,top1\nnobody.in1k,80\nresnet18.a1_in1k,\n", "a.csv: no row to draw; expected one with a size above 0"),
        ("model,model_size_in_mb,top1\nnobody.in1k,0,80\n", "a.csv: no row to draw"),
        ("model,infer_samples_per_sec\nresnet18.a1_in1k,0\n", "a.csv: no row to draw"),
    ],
)
def test_what_cannot_be_drawn_is_told(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        find_figures(frame_of(tmp_path, table), "a.csv")


@pytest.mark.parametrize(
    "table",
    [
        "model,infer_samples_per_sec\nresnet18.a1_in1k,12000\nresnet50.a1_in1k,0\nconvnext_atto.d2_in1k,-1\n",
        "model,top1,img_size\nresnet18.a1_in1k,80,224.5\nresnet50.a1_in1k,81,1e30\nconvnext_atto.d2_in1k,70,-1\n",
    ],
)
def test_figures_that_cannot_be_are_left_out_of_charts(tmp_path: Path, table: str) -> None:
    frame = frame_of(tmp_path, table)
    assert "resnet18.a1_in1k" in page_of(frame)


def test_counts_and_reasons(tmp_path: Path) -> None:
    frame = frame_of(tmp_path, RESULTS + "unheard_of.in1k,224,50,1\n")
    counts = count(frame)
    assert (counts.rows, counts.models, counts.sized, counts.exact, counts.estimated) == (7, 6, 5, 4, 1)
    known = {"mobileone_s0.apple_in1k": ModelSize("", status=Status.GATED, reason="ask for access first")}
    assert [(group.status, group.reason, group.names) for group in find_missing(frame, known)] == [
        ("gated", "ask for access first", ["mobileone_s0.apple_in1k"]),
        ("not_asked", Status.NOT_ASKED.meaning, ["unheard_of.in1k"]),
    ]
    later = pd.DataFrame({"model": ["a"], "size_mb": [float("nan")], "status": ["of a later version"]})
    assert ("of a later version", "") in {(group.status, group.reason) for group in find_missing(later, known)}
    assert [size_basis(status) for status in ("ok", "estimated", "gated", "")] == ["exact", "estimate", "gated", ""]


# --- The page ---


def test_names_from_a_table_are_text_everywhere(tmp_path: Path) -> None:
    rows = "".join(f'"{name.replace(chr(34), chr(34) * 2)}",224,{80 + at},1\n' for at, name in enumerate(HOSTILE))
    frame = frame_of(tmp_path, f"model,img_size,top1,param_count\n{rows}")
    frame["size_mb"] = [4.0, 8.0, float("nan")]
    frame["license"] = HOSTILE
    frame["repo_id"] = HOSTILE
    page = Page(page_of(frame, table=HOSTILE[0]))
    assert not page.attributes("img")
    assert not [attributes for _, attributes in page.tags if {"onerror", "onload"} & set(attributes)]
    assert len(page.attributes("script")) == 3  # the data, Bokeh, ours
    for name in HOSTILE:
        assert name in page.texts
    links = [attributes["href"] for attributes in page.attributes("a")]
    assert {link for link in links if not str(link).startswith("#")} == {
        "https://huggingface.co/%3Cscript%3Ealert%281%29%3C/script%3E",
        "https://huggingface.co/%3C/script%3E%3Cimg%20src%3Dx%20onerror%3Dalert%282%29%3E",
        "https://huggingface.co/%27%22%3E%3Csvg%20onload%3Dalert%283%29%3E",
    }


def test_the_page_forbids_itself_everything_but_its_own_scripts(tmp_path: Path) -> None:
    page = Page(page_of(frame_of(tmp_path)))
    policy = next(str(meta["content"]) for meta in page.attributes("meta") if "http-equiv" in meta)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"('sha256-[A-Za-z0-9+/]{43}=' ?){2}", directives["script-src"])
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert [str(link["href"])[:5] for link in page.attributes("link")] == ["data:"]


def test_a_page_of_all_upstream_rows_is_no_more_than_1_5_mb(tmp_path: Path) -> None:
    header = "model,img_size,top1,top5,top1_real,param_count,infer_samples_per_sec,infer_gmacs,model_size_in_mb\n"
    rows = "".join(
        f"family{at % 90}_patch14_reg4_gap_448.sbb_e200_in12k_ft_in{at}k,{224 + at % 9},{80 + at % 997 / 100}"
        f",{90 + at % 983 / 100},{85 + at % 499 / 100},{at / 7:.2f},{9e5 / (at + 1):.2f},{at / 3:.2f}"
        f",{at / 1.7 + 3:.2f}\n"
        for at in range(ROWS_OF_UPSTREAM)
    )
    page = page_of(frame_of(tmp_path, header + rows))
    assert page.count('<tr><th scope="row" class="name">') == ROWS_OF_UPSTREAM
    assert len(page.encode()) <= LARGEST_PAGE


def test_the_page_has_no_word_for_what_is_not_known(tmp_path: Path) -> None:
    page = page_of(frame_of(tmp_path, "model,top1,top5,param_count\nresnet18.a1_in1k,71,,\nnobody.in1k,,88,5\n"))
    rows = page[page.index("<noscript>") : page.index("</noscript>")]
    assert re.findall(r"<td>([^<]*)</td>", rows) == ["46.83", "71.00", "mit", "", "", ""]
    values = data_of(page)["values"]
    assert [values[name] for name in ("size_mb", "top1", "top5")] == [[46.83, None], [71.0, None], [None, 88.0]]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["ok"], "Sizes are exact: those of the checkpoint files."),
        (["estimated"], "All sizes are estimates from the catalogue"),
        (["ok", "estimated"], "“estimate” (1 row) is from the catalogue"),
    ],
)
def test_the_page_says_how_exact_its_sizes_are(tmp_path: Path, statuses: list[str], said: str) -> None:
    of = {"ok": "resnet18.a1_in1k,71\n", "estimated": "convnextv2_atto.fcmae_ft_in1k,76\n"}
    assert said in page_of(frame_of(tmp_path, "model,top1\n" + "".join(of[status] for status in statuses)))


def test_a_limit_of_speed_names_its_device_and_a_speed_its_model(tmp_path: Path) -> None:
    name = "benchmark-infer-amp-nchw-pt291-cu130-5090.csv"
    table = "model,infer_img_size,infer_samples_per_sec,top1\nresnet18,224,12000,71\nmobileone_s0,224,9000,78\n"
    page = page_of(load_choices(write(tmp_path / name, table), "model", sizes()))
    assert 'Lowest speed <span class="of">(images/s on RTX 5090)</span>' in page
    device = "RTX 5090, AMP, channels first, PyTorch 2.9.1, CUDA 13.0"
    assert data_of(page)["values"]["speed_source"] == [device, f"{device}; of the reparameterised model"]


def data_of(page: str) -> dict[str, Any]:
    packed = re.search(r'id="data">([^<]+)<', page)
    assert packed
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return data


def test_a_table_s_own_memory_is_shown_as_it_is_and_not_computed_anew(tmp_path: Path) -> None:
    own = data_of(page_of(frame_of(tmp_path, "model,img_size,top1,memory_mb\nresnet18.a1_in1k,224,71,999\n")))
    assert (own["values"]["memory_mb"], own["memory"]) == ([999.0], None)
    frame = load_choices(
        write(tmp_path / "t.csv", "model,img_size,top1\nresnet18.a1_in1k,224,71\n"),
        "model",
        sizes(),
        dtype="float16",
        memory=Memory("float16", 8),
    )
    data = data_of(page_of(frame))
    assert (data["memory"]["dtype"], data["memory"]["batch"]) == ("float16", 8)
    assert (data["values"]["memory_dtype"], data["values"]["memory_batch"]) == ("float16", "8")


# --- The command ---


def test_the_same_table_gives_the_same_page(place: Workplace) -> None:
    def made() -> bytes:
        ended = report(place)
        assert (ended.status, ended.out) == (0, ""), ended.err
        assert ended.err.endswith("report.html: 6 rows, 5 sized\n")
        return (place.folder / "report.html").read_bytes()

    assert made() == made()


@pytest.mark.slow
def test_the_pictures_of_the_chart_are_light_and_dark(place: Workplace, tmp_path: Path) -> None:
    assert report(place).status == 0
    if find_program(*BROWSER) is None and not os.environ.get(REQUIRED):
        pytest.skip("no Chromium or Chrome")
    light, dark = map(Image.open, take_pictures(place.folder / "report.html", tmp_path))
    assert (light.size, dark.size) == ((1200, 1200), (1200, 1200))
    assert (light.convert("RGB").getpixel((2, 2)), dark.convert("RGB").getpixel((2, 2))) == ((255,) * 3, (20, 23, 26))


def test_no_page_to_take_a_picture_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.html"), str(tmp_path)]) == 2
    assert capsys.readouterr().err == "picture: expected a page that scrapy report has written, and a folder\n"
    assert main([]) == 2


def test_a_table_from_standard_input(place: Workplace) -> None:
    page = place.folder / "report.html"
    ended = place.run("report", "-", "-o", str(page), "-c", "name", stdin=RESULTS.replace("model", "name", 1).encode())
    assert ended.status == 0, ended.err
    assert "<b>standard input</b>" in page.read_text()


def test_merged_details_are_used_without_a_sizes_file(place: Workplace) -> None:
    assert (
        place.call("merge", str(place.folder / "results.csv"), "--details", "-o", str(place.folder / "m.csv")).status
        == 0
    )
    place.sizes_file.unlink()
    ended = report(place, table="m.csv")
    assert ended.err.endswith("6 rows, 5 sized\n"), ended.err
    assert "timm/resnet18.a1_in1k" in (place.folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{folder}/none.csv"], "none.csv: no such file or directory; expected a CSV or JSON table"),
        (["{folder}/results.csv", "{folder}/results.csv"], "expected at most 1 argument, found 2"),
        (["{folder}/results.csv", "--pgn", "a.png"], "no such option: --pgn"),
        (["{folder}/results.csv", "-c", "name"], "no column 'name'"),
        (["{folder}/results.csv", "-o", "{folder}/no/a.html"], "there is no folder"),
        (["{folder}/results.csv", "-o", "{folder}"], "is a folder; expected a file name"),
        (["{folder}/results.csv", "-o", "{folder}/sizes.csv"], "is already {folder}/sizes.csv"),
        (["{folder}/plain.csv"], "plain.csv: nothing to weigh sizes against"),
        ([], "no crawl into {folder}/sizes.csv yet"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(place: Workplace, arguments: list[str], message: str) -> None:
    write(place.folder / "plain.csv", "model,crop_pct\nresnet18.a1_in1k,0.9\n")
    before = {path.name for path in place.folder.iterdir()}
    given = [argument.format(folder=place.folder) for argument in ["-o", "{folder}/r.html", *arguments]]
    ended = place.call("report", *given)
    assert ended.status == 2
    assert message.format(folder=place.folder) in only_error(ended)
    assert {path.name for path in place.folder.iterdir()} == before


def only_error(ended: Ended) -> str:
    assert "Traceback" not in ended.err
    errors = [line for line in ended.err.splitlines() if "rror:" in line]
    assert len(errors) == 1, ended.err
    return errors[0]
