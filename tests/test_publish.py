"""The published result: what is in output/, what may take its place, and how .ci/refresh keeps it fresh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from huggingface_hub import metadata_load
from pandas.api.types import is_numeric_dtype

from tests.mockserver import MockHub, timm_repo
from tests.processes import PATIENCE
from tests.samples import RESNETS, put_resnets
from tests.workplace import PROJECT, Ended, Workplace
from timm_sizes.commands.publish import keep_links, recover, replace_folder
from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.report.published import compare_folders, compare_tables, unanswered
from timm_sizes.tables.columns import is_text

OUTPUT = PROJECT / "output"
SHIPPED = sorted((PROJECT / "timm_sizes" / "tables" / "data").glob("results-*.csv"))
REAL = "results-imagenet-real.csv"


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda path: path.stem)
def test_a_published_table_is_timms_with_the_size_as_second_column(shipped: Path) -> None:
    published = (OUTPUT / "results" / shipped.name).read_bytes().decode().splitlines()
    assert published[0].startswith("model,model_size_in_mb,")
    without_size = [",".join([line.split(",")[0], *line.split(",")[2:]]) for line in published]
    assert without_size == shipped.read_bytes().decode().splitlines()


CARD = metadata_load(OUTPUT / "README.md") or {}


@pytest.mark.parametrize("config", CARD["configs"], ids=lambda config: config["config_name"])
def test_every_config_of_the_dataset_loads_with_the_types_that_it_says(config: dict[str, Any]) -> None:
    """The datasets library reads a CSV file likewise, and takes a config's other entries as pandas' own options."""
    features = {info["config_name"]: info["features"] for info in CARD["dataset_info"]}.get(config["config_name"], [])
    types = {feature["name"]: feature["dtype"].replace("string", "str") for feature in features}
    path = OUTPUT / config["data_files"]
    loaded = pd.read_csv(path, dtype=types, thousands=config.get("thousands"))
    assert not types or types == {name: str(dtype) for name, dtype in loaded.dtypes.items()}
    numbers = [name for name in loaded if not is_text(str(name))]
    assert numbers
    assert all(is_numeric_dtype(loaded[name]) for name in numbers)
    if path.name == "models.csv":
        pd.testing.assert_frame_equal(loaded, pd.read_parquet(path.with_suffix(".parquet")))


def test_the_models_are_what_people_choose_by_in_plain_numbers() -> None:
    models = pd.read_csv(OUTPUT / "models.csv")
    assert (OUTPUT / "models.csv").stat().st_size + 40 * int(models["revision"].isna().sum()) < 500_000
    assert not models.duplicated(["model", "img_size"]).any()
    texts = [name for name in models if not is_numeric_dtype(models[name])]
    assert [name for name in texts if not is_text(str(name))] == []
    assert models["top1_set"].unique().tolist() == ["ImageNet-ReaL"]
    assert models["latency_ms"].notna().sum() == 1_451
    assert models["speed"].notna().all()


@pytest.mark.slow
def test_a_fresh_clone_makes_the_same_tables_offline(workplace: Workplace) -> None:
    """The page and the Parquet file hold the versions of the packages that wrote them."""
    folder = workplace.folder / "output"
    sizes = {"SIZES_FILE": str(OUTPUT / "model_sizes.csv")}
    made = workplace.run("publish", "-o", str(folder), env=sizes)
    assert made.status == 0, made.err
    names = ["README.md", "models.csv", "model_sizes.csv", *(f"results/{path.name}" for path in SHIPPED)]
    for name in names:
        assert (folder / name).read_bytes() == (OUTPUT / name).read_bytes(), name


def table(rows: Mapping[str, str], column: str = "top1") -> pd.DataFrame:
    """Return a table of these models, each with its cell of *column*."""
    return pd.DataFrame({"model": list(rows), "img_size": "224", column: list(rows.values())}, dtype="str")


HUNDRED = {f"model{number}": "80.1" for number in range(100)}


@pytest.mark.parametrize(
    ("new", "change", "losses"),
    [
        (table(HUNDRED | {"another": "81.2"}), "+1 row", []),
        (table(dict(list(HUNDRED.items())[2:])), "-2 rows", []),
        (table(dict(list(HUNDRED.items())[3:])), "-3 rows", ["3 of 100 rows"]),
        (table(HUNDRED | {"model7": "80.2"}), "top1 changed in 1 row", []),
        (table(dict.fromkeys(HUNDRED, "79.9")), "top1 changed in 100 rows", []),
        (table(HUNDRED | {"model1": "", "model2": ""}), "top1 changed in 2 rows", []),
        (table(HUNDRED | dict.fromkeys(list(HUNDRED)[:3], "")), "top1 changed in 3 rows", ["top1 of 3 rows"]),
        (table(HUNDRED, "top5"), "without top1, with top5", ["column top1"]),
        (table(HUNDRED | dict.fromkeys(HUNDRED, "NaN")), "top1 changed in 100 rows", ["top1 of 100 rows"]),
        (table(HUNDRED | {"model7": "9.100 n/a"}), "top1 changed in 1 row", ["top1 of 100 rows"]),
        (
            pd.concat([table(HUNDRED), table({"model1": "12.3", "model2": "80.1"})], ignore_index=True),
            "+2 rows",
            ["one row per model and img_size (2 more have one above)"],
        ),
        (table(HUNDRED).iloc[::-1], "other text, the same cells", []),
    ],
)
def test_what_changed_and_what_would_be_lost(new: pd.DataFrame, change: str, losses: list[str]) -> None:
    assert compare_tables(table(HUNDRED), new) == (change, losses)


@pytest.mark.parametrize("column", ["size_bytes", "model_size_in_mb", "size_mb", "latency_ms"])
def test_a_size_that_vanishes_is_a_loss_and_a_reason_that_does_is_none(column: str) -> None:
    empty = dict.fromkeys(HUNDRED, "")
    assert compare_tables(table(HUNDRED, column), table(empty, column))[1] == [f"{column} of 100 rows"]
    assert compare_tables(table(HUNDRED, "reason"), table(empty, "reason"))[1] == []


def test_few_models_without_an_answer_keep_their_rows_and_many_veto() -> None:
    sizes = {name: ModelSize(name, size_bytes=1) for name in HUNDRED}
    failed = {"model1": ModelSize("model1", status=Status.ERROR)}
    lacking_two = {name: item for name, item in (sizes | failed).items() if name != "model2"}
    assert unanswered(sizes, sizes) == ([], [])
    said = "model_sizes.csv: no answer for 2 of 100 models, whose rows stay: model1, model2"
    assert unanswered(lacking_two, sizes) == ([said], [])
    assert unanswered({}, sizes)[1] == ["no answer for 100 of 100 models"]


@pytest.mark.slow
def test_a_poorer_result_replaces_nothing_unless_that_is_meant(workplace: Workplace) -> None:
    folder, tables = workplace.folder / "output", workplace.folder / "results"
    folder.mkdir()
    tables.mkdir()
    (folder / "own.txt").write_text("mine")

    def publish(lines: int, *options: str, accuracy: str = "") -> Ended:
        for shipped in SHIPPED:
            text = "".join(shipped.read_text().splitlines(keepends=True)[:lines])
            (tables / shipped.name).write_text(text.replace(",89.", f",{accuracy or '89'}."))
        paths = [str(path) for path in sorted(tables.iterdir())]
        return workplace.run("publish", *paths, "-o", str(folder), *options, env=sizes)

    sizes = {"SIZES_FILE": str(OUTPUT / "model_sizes.csv")}
    assert publish(31).out.count(": new\n") == 5 + len(SHIPPED)
    published = contents(folder)
    same = publish(31)
    assert (same.status, same.out, contents(folder)) == (0, "", published)

    poorer = publish(4)
    assert (poorer.status, poorer.out, contents(folder)) == (1, "", published)
    assert "output stays as it is (--accept-losses overrules): models.csv would lose " in poorer.err
    assert "; results/results-imagenet-real.csv would lose 27 of 30 rows; " in poorer.err

    altered = publish(31, accuracy="12")
    assert altered.status == 0
    assert "results/results-imagenet.csv: top1 changed in " in altered.out
    assert publish(4, "--accept-losses").status == 0
    assert (folder / "results" / REAL).read_bytes().count(b"\n") == 4
    assert (folder / "own.txt").read_text() == "mine"
    assert {path.name for path in workplace.folder.iterdir()} >= {"output", "results"}
    assert not list(workplace.folder.glob(".output.*"))


@pytest.mark.parametrize(
    ("text", "message"),
    [("name,top1\na,80\n", "line 1: no column model"), ("model\na\nb,80,1\n", "not CSV"), ("", "not CSV")],
)
def test_what_was_no_table_is_said_in_a_line(text: str, message: str, tmp_path: Path) -> None:
    for name, content in (("old", text), ("new", "model\na\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "models.csv").write_text(content)
    with pytest.raises(InputError, match=rf"old/models.csv.*{message}.*; mend or remove it"):
        compare_folders(tmp_path / "old", tmp_path / "new")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "sizes.csv: no sizes yet; run scrapy crawl hf_sizes first"),
        (["own.csv"], "own.csv: none of timm's results tables; expected one of results-imagenet-a-clean.csv, "),
        (["-o", "/"], "-o /: a mount point, which cannot be replaced as a whole; name a folder in it"),
        (["-o", "/proc/output"], "-o: /proc/output: no such file or directory; expected a folder"),
    ],
)
def test_what_cannot_be_published_is_said_in_a_line(workplace: Workplace, arguments: list[str], message: str) -> None:
    sizes = {"SIZES_FILE": str(OUTPUT / "model_sizes.csv")} if arguments else {}
    ended = workplace.run(
        "publish", *arguments, *([] if "-o" in arguments else ["-o", str(workplace.folder / "new")]), env=sizes
    )
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_a_folder_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "models.csv").write_text("old")
    with pytest.raises(OSError, match="new"):
        replace_folder(tmp_path / "output", tmp_path / "new", tmp_path / "old")
    assert contents(tmp_path) == {"output/models.csv": b"old"}


def test_what_a_killed_command_has_put_aside_is_put_back(tmp_path: Path) -> None:
    (tmp_path / ".output.k1ll3d" / "old").mkdir(parents=True)
    (tmp_path / ".output.k1ll3d" / "old" / "models.csv").write_text("old")
    recover(tmp_path / "output")
    assert contents(tmp_path / "output") == {"models.csv": b"old"}
    (tmp_path / ".output.k1ll3d" / "old").mkdir()
    recover(tmp_path / "output")
    assert contents(tmp_path / "output") == {"models.csv": b"old"}


def test_a_link_stays_one_and_what_it_leads_to_is_published(tmp_path: Path) -> None:
    folder, new, data = (tmp_path / name for name in ("output", "new", "data"))
    for made in (folder, new / "results", data / "results"):
        made.mkdir(parents=True)
    links = {"models.csv": "../data/models.csv", "results": "../data/results", "gone.txt": "../nothing"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (data / "models.csv").write_text("old")
    (new / "models.csv").write_text("new")
    (new / "results" / REAL).write_text("new")
    keep_links(folder, new)
    replace_folder(folder, new, tmp_path / "old")
    assert {name: str((folder / name).readlink()) for name in links} == links
    assert contents(data) == {"models.csv": b"new", f"results/{REAL}": b"new"}


@pytest.mark.slow
def test_refreshing_changes_what_has_changed_and_nothing_else(hub: MockHub, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns(".git", ".scrapy", ".*_cache", "output", "tests"))
    (project / "output").mkdir()
    put_resnets(hub)
    hub.put(*(timm_repo(f"timm/net{number}.in1k", 1_000_000) for number in range(50)))

    def refresh(names: list[str], accuracy: str, broken: str = "not there") -> Ended:
        rows = "".join(f"{name},224,{accuracy}.{number}\n" for number, name in enumerate(names))
        (project / "names.csv").write_text("model\n" + "".join(f"{name}\n" for name in names))
        table = {"status": 200, "headers": {}, "body": f"model,img_size,top1\n{rows}"}
        error = {"status": 500, "headers": {}, "body": ""}
        hub.behave(raw_answers={f"/tables/{path.name}": table for path in SHIPPED} | {f"/api/models/{broken}": error})
        return run_refresh(project, hub.url)

    first = refresh(RESNETS[:4], "80")
    assert first.status == 0, first.err
    assert "model_sizes.csv: new\n" in first.out

    hub.commit(f"timm/{RESNETS[0]}", files={"model.safetensors": 123_456_789})
    hub.commit("timm/net7.in1k", files={"model.safetensors": 5})
    hub.put(timm_repo("timm/brand_new.in1k", 1_000_000))
    second = refresh(RESNETS[:5], "70", broken="timm/net7.in1k")
    assert second.status == 0, second.err
    assert "model_sizes.csv: +1 row, size_bytes changed in 1 row, " in second.out
    assert re.search(r"\nmodel_sizes.csv: no answer for 1 of \d+ models, whose rows stay: net7.in1k\n", second.out)
    assert f"results/{REAL}: +1 row, model_size_in_mb changed in 1 row, top1 changed in 4 rows\n" in second.out
    published = contents(project / "output")
    assert b"123.46" in published[f"results/{REAL}"]

    upstream_is_cut_off = refresh(RESNETS[:2], "70")
    assert (upstream_is_cut_off.status, upstream_is_cut_off.out) == (1, "")
    assert contents(project / "output") == published


@pytest.mark.parametrize("workflow", sorted((PROJECT / ".github" / "workflows").iterdir()), ids=lambda path: path.stem)
def test_actions_are_pinned_by_hash_and_no_token_is_left_where_packages_run(workflow: Path) -> None:
    text = workflow.read_text()
    assert re.findall(r"uses: (?!actions/[\w-]+@[0-9a-f]{40} # v\d)", text) == []
    assert "\npermissions: {}\n" in text
    for job in re.split(r"\n  (?=\w+:\n)", text.partition("\njobs:\n")[2]):
        installs = "pip install" in job or ".ci/run" in job
        assert not installs or ("persist-credentials: false" in job and "write" not in job.partition("steps:")[0])


def run_refresh(project: Path, endpoint: str) -> Ended:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "SIZES_"))}
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
    tables = {"NAMES": "names.csv", "RESULTS": f"{endpoint}/tables"}
    ended = subprocess.run(
        ["bash", ".ci/refresh"],
        cwd=project,
        env={**own, **tables, "HF_ENDPOINT": endpoint, "HF_HOME": str(project), "CHROME_BIN": "none", "PYTHONPATH": ""},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in *folder* and below it by their paths, without hidden ones and the tables of a crawl."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
