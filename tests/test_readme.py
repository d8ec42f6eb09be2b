"""The README's examples, run: what it prints is what the commands print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workplace import PATIENCE, PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
EXAMPLES: list[str] = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINKS = re.findall(r"\]\(([^)#:]+)\)", README)


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


@pytest.mark.slow
def test_examples_print_what_the_readme_says(tmp_path: Path) -> None:
    """They are run in their order in one copy of the project, since later ones use what earlier ones wrote."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(".*", "tests", "__pycache__"))
    assert len(EXAMPLES) >= 3
    for block in EXAMPLES:
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            assert run(command, copy).splitlines() == expected.splitlines(), command


@pytest.mark.parametrize("link", LINKS)
def test_links_into_the_repo_lead_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()
