"""What the READMEs say: examples print what is shown, links lead somewhere, statuses and messages are the code's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workplace import PATIENCE, PROJECT
from timm_sizes.items import Status

README, DEVELOPERS = ((PROJECT / name).read_text(encoding="utf-8") for name in ("README.md", "timm_sizes/README.md"))
# Makes the figures that the README shows: a crawl since then has made those in output/ exact.
OFFLINE = (
    "scrapy crawl hf_sizes -a"
    " table=timm_sizes/names/data/checkpoints.csv,timm_sizes/tables/data/results-imagenet-real.csv && scrapy publish"
)
BEST = (
    "scrapy pick --max-mb 25 --unique -n 5 --format md"
    " --columns model,size_mb,top1,img_size,latency_ms,memory_mb,license 2>/dev/null"
)
EXAMPLES: list[tuple[str, str]] = [
    example
    for block in re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for example in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]
PAGES = [PROJECT / "README.md", *PROJECT.glob("*/README.md"), *PROJECT.glob(".github/*.md")]


def run(command: str, folder: Path) -> str:
    """Run *command* in *folder* as a user would, offline, and return all that it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(folder), "HF_HUB_OFFLINE": "1", "LANG": "C.UTF-8", "COLUMNS": "120"}
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
        text=True,
    )
    return ended.stdout


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(markdown: str) -> list[list[str]]:
    """Return the cells of the table rows in *markdown*, without heads and rules."""
    lines = [line for line in markdown.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def links() -> list[tuple[Path, str]]:
    """Return each page's links that stay in the repo."""
    found = [(page, re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))) for page in PAGES]
    return [(page, link) for page, targets in found for link in targets if "://" not in link]


def anchors(page: Path) -> set[str]:
    """Return the addresses of the headings of *page*, by GitHub's rule."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.slow
def test_examples_print_what_the_readme_says(tmp_path: Path) -> None:
    """They are run in their order in one copy of the project, since later ones use what earlier ones wrote."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".*", "tests", "output", "__pycache__"))
    (copy / "output").mkdir()
    run(OFFLINE, copy)
    assert len(EXAMPLES) >= 3
    assert run(BEST, copy) in README
    for command, expected in EXAMPLES:
        assert run(command, copy).splitlines() == expected.splitlines(), command


@pytest.mark.parametrize(
    ("page", "link"), links(), ids=lambda part: part.parent.name if isinstance(part, Path) else part
)
def test_links_into_the_repo_lead_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists()
    assert not anchor or anchor in anchors(target)


def test_statuses_mean_what_the_code_says() -> None:
    statuses, _, _ = section(DEVELOPERS, "Statuses and messages").partition("| message |")
    table = {name.strip("`"): meaning for name, meaning in rows(statuses)}
    assert table == {status.value: status.meaning for status in Status}


def test_messages_are_those_that_the_code_has() -> None:
    """A message is quoted with … where it varies; what is between has to stand in the code as it is."""
    modules = (PROJECT / "timm_sizes").rglob("*.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    _, _, messages = section(DEVELOPERS, "Statuses and messages").partition("| message |")
    quoted = [message.strip("`") for message, _ in rows(messages)]
    assert quoted
    for message in quoted:
        for part in filter(None, message.split("…")):
            assert part in code, message


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 170
