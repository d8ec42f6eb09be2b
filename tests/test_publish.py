"""The published result: what is beside its tables, and how .ci/refresh keeps it fresh."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.mockserver import MockHub
from tests.processes import PATIENCE
from tests.samples import RESNETS, put_resnets
from tests.workplace import PROJECT, Ended
from timm_sizes.items import ModelSize, Status
from timm_sizes.publish import what_changed

PUBLISHED = ("README.md", "datapackage.json", "index.html", "model_sizes.csv", "models.csv")
PLAIN = "results-imagenet-real.csv"


@pytest.fixture
def data_package() -> Iterator[Any]:
    """The published data package; frictionless changes the csv module's limit for all, which is put back."""
    limit = csv.field_size_limit()
    from frictionless import Package

    yield Package(str(PROJECT / "output" / "datapackage.json"))
    csv.field_size_limit(limit)


def test_the_data_package_describes_every_column_of_the_published_tables(data_package: Any) -> None:
    assert data_package.validate().valid
    for resource in data_package.resources:
        assert all(field.title and field.description for field in resource.schema.fields), resource.name


def test_the_published_table_is_the_whole_one_with_the_size_as_second_column() -> None:
    shipped = (PROJECT / "timm_sizes" / "tables" / "data" / PLAIN).read_bytes().decode().splitlines()
    published = (PROJECT / "output" / PLAIN).read_bytes().decode().splitlines()
    assert published[0].startswith("model,model_size_in_mb,")
    without_size = [",".join([line.split(",")[0], *line.split(",")[2:]]) for line in published]
    assert without_size == shipped


def test_what_changed_says_it_in_a_few_words() -> None:
    old = {name: ModelSize(name, size_bytes=size) for name, size in (("a", 1), ("b", 2), ("c", 3))}
    assert what_changed(old, old) == ""
    assert what_changed(old, old | {"d": ModelSize("d")}) == "+1 model"
    new = {"a": replace(old["a"], size_bytes=9), "b": replace(old["b"], license="mit"), "d": ModelSize("d")}
    assert what_changed(old, new) == "+1 model, -1 model, 1 size changed, 1 other change"
    assert what_changed({}, old) == "+3 models"
    error = {"a": replace(old["a"], status=Status.ERROR, size_bytes=None)}
    assert what_changed({"a": old["a"]}, error) == "1 size changed"


@pytest.mark.slow
def test_refreshing_changes_what_has_changed_and_nothing_else(hub: MockHub, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns(".git", ".scrapy", ".*_cache", "output", "tests"))
    (project / "output").mkdir()
    put_resnets(hub)
    names = RESNETS[:4]

    def refresh() -> Ended:
        rows = "".join(f"{name},224,80.{number}\n" for number, name in enumerate(names))
        (project / "names.csv").write_text("model\n" + "".join(f"{name}\n" for name in names))
        body = f"model,img_size,top1\n{rows}"
        hub.behave(raw_answers={f"/tables/{PLAIN}": {"status": 200, "headers": {}, "body": body}})
        return run_refresh(project, hub.url)

    first = refresh()
    assert (first.status, first.out) == (0, "+4 models\n"), first.err
    published = contents(project)
    assert set(published) == {*PUBLISHED, PLAIN}

    assert refresh().out == ""
    assert contents(project) == published

    names.append(RESNETS[4])
    assert refresh().out == "+1 model\n"
    assert contents(project)[PLAIN].count(b"\n") == 6

    hub.commit(f"timm/{RESNETS[0]}", files={"model.safetensors": 123_456_789})
    assert refresh().out == "1 size changed\n"
    published = contents(project)
    assert b"123.46" in published[PLAIN]

    hub.behave(faults={"5xx": 1.0})
    hub.forget()
    down = refresh()
    assert (down.status, down.out) == (1, "")
    assert contents(project) == published


def run_refresh(project: Path, endpoint: str) -> Ended:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "SIZES_"))}
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
    table = {"NAMES": "names.csv", "TABLE": f"{endpoint}/tables/{PLAIN}"}
    ended = subprocess.run(
        ["bash", ".ci/refresh"],
        cwd=project,
        env={**own, **table, "HF_ENDPOINT": endpoint, "HF_HOME": str(project), "PYTHONPATH": ""},
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def contents(project: Path) -> dict[str, bytes]:
    files = [path for path in (project / "output").iterdir() if path.is_file() and not path.name.startswith(".")]
    return {path.name: path.read_bytes() for path in files}
