"""Files are written whole or not at all; links and devices are written through."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from timm_sizes.console import write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import check_writable, locked, printable, spooled, write_atomically


def test_nothing_is_left_of_what_could_not_be_written(tmp_path: Path) -> None:
    def chunks() -> object:
        yield "half"
        raise OSError("the disk is full")

    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(OSError, match="the disk is full"):
        write_atomically(tmp_path / "out.csv", chunks())  # type: ignore[arg-type]
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_links_are_written_through_and_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("before")
    (tmp_path / "file.csv").chmod(0o640)
    for name, target in {"link.csv": tmp_path / "file.csv", "null.csv": Path("/dev/null")}.items():
        link = tmp_path / name
        link.symlink_to(target)
        check_writable(link, "-o")
        write_atomically(link, ["text"])
        assert link.readlink() == target
    assert (tmp_path / "file.csv").read_text() == "text"
    assert (tmp_path / "file.csv").stat().st_mode & 0o777 == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"file.csv", "link.csv", "null.csv"}


def test_no_room_for_a_temporary_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"^a temporary file: no such file or directory$"):
        list(spooled(["x" * 2**24, "y"]))
    with pytest.raises(InputError, match=r"^the table is wrong$"):
        list(spooled(_then_wrong()))


def _then_wrong() -> Iterator[str]:
    yield "model\n"
    raise InputError("the table is wrong")


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
