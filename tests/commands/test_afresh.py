"""Each command in a process of its own as a shell starts it; the other tests fork theirs (tests/processes.py)."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.mockserver import MockHub
from tests.samples import RESNETS, put_resnets
from tests.workplace import Workplace


@pytest.mark.slow
def test_each_command_runs_as_a_shell_starts_it(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table, page = workplace.table(RESNETS), workplace.folder / "report.html"
    crawled = workplace.run_afresh(workplace.crawl_command("-a", f"table={table}"))
    assert crawled.status == 0, crawled.err
    assert set(workplace.statuses().values()) == {"ok"}
    first_lines = {}
    for command, options in {"merge": ["-o", "-"], "pick": ["-n", "1"], "report": ["-o", str(page)]}.items():
        ended = workplace.run_afresh(workplace.command(command, table, *options))
        assert ended.status == 0, ended.err
        first_lines[command] = ended.out.partition("\n")[0]
    assert first_lines == {
        "merge": "model,model_size_in_mb,top1",
        "pick": "model             size_mb    top1  license",
        "report": "",
    }
    assert page.exists()


@pytest.mark.slow
def test_package_runs_the_commands_from_any_folder(offline: Workplace) -> None:
    table = offline.table(RESNETS)
    crawl = ["crawl", "hf_sizes", "-a", f"table={table}", "-s", "HF_HUB_OFFLINE=1"]
    for command in (crawl, ["pick", table]):
        module = [sys.executable, "-m", "timm_sizes", *command]
        ended = offline.run_afresh(["bash", "-c", f"cd {offline.folder} && {shlex.join(module)}"])
        assert ended.status == 0, ended.err
    assert (offline.folder / ".scrapy" / "httpcache").is_dir()
    assert set(offline.statuses().values()) == {"estimated"}


def test_standard_output_that_is_full_is_told_in_a_line(offline: Workplace) -> None:
    ended = offline.run_afresh(["bash", "-c", f"{' '.join(offline.command('crawl', '--help'))} > /dev/full"])
    assert ended.status == 1
    assert ended.err.splitlines()[-1] == "standard output: no space left on device"
