"""Files are written whole or not at all, devices written through, and what a killed run left behind is cleared away."""

from __future__ import annotations

import fcntl
import io
import os
import sys
from pathlib import Path

import pytest

from timm_sizes.console import write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import check_writable, locked, printable, write_atomically


def test_leftovers_of_a_killed_run_are_removed_and_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "out[1].csv"
    leftover, alive = tmp_path / ".out[1].csv.ab_cd_12.tmp", tmp_path / ".out[1].csv.zz_zz_99.tmp"
    others = [tmp_path / name for name in (".out[1].csv.mine.tmp", ".other.csv.ab_cd_12.tmp", ".out1.csv.ab_cd_12.tmp")]
    for path in (leftover, alive, *others):
        path.write_text("half")
    os.mkfifo(tmp_path / ".out[1].csv.fifofifo.tmp")
    with alive.open() as writing:  # as a run holds its own
        fcntl.flock(writing, fcntl.LOCK_EX)
        write_atomically(target, ["whole"])
    assert target.read_text() == "whole"
    assert not leftover.exists()
    assert all(path.exists() for path in (alive, *others))


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    def chunks() -> object:
        yield "half"
        raise OSError("the disk is full")

    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(OSError, match="the disk is full"):
        write_atomically(tmp_path / "out.csv", chunks())  # type: ignore[arg-type]
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_link_to_a_device_is_written_through(tmp_path: Path) -> None:
    link = tmp_path / "null.csv"
    link.symlink_to("/dev/null")
    check_writable(link, "-o")
    write_atomically(link, ["text"])
    assert link.is_symlink()


def test_lock_that_cannot_be_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with (
        pytest.raises(InputError, match=r"^SIZES_FILE x: its lock \S+ cannot be made"),
        locked(tmp_path / "lock", "SIZES_FILE x"),
    ):
        pass


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_gets_less_than_the_text_itself(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", (_Terminal if is_terminal else io.TextIOWrapper)(written, "utf-8"))
    text = "model,\x1b]0;owned\x07\tx\u202e\r\né 日本\n"
    write_stdout([text])
    shown = "model,\ufffd]0;owned\ufffd\tx\ufffd\r\né 日本\n"
    assert written.getvalue().decode() == (shown if is_terminal else text)


@pytest.mark.parametrize("text", ["resnet50.a1_in1k", "é 日本", ""])
def test_what_can_be_printed_stays(text: str) -> None:
    assert printable(text) == text
