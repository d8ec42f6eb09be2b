"""Writing files so that a crash leaves the old one or the new one, never half of one; locks, and text to print."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import SpooledTemporaryFile

from filelock import FileLock, Timeout

from timm_sizes.errors import InputError, reason

_SPOOLED = 2**24  # bytes that are held in memory, before a temporary file is made for them


def write_atomically(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write *chunks* (text as UTF-8, its line ends as they are) to a temporary file beside *path* and rename it there.

    Raises OSError as open() and write() do; what was at *path* is untouched then. A symbolic link at *path* is
    followed. What is no regular file (is_special) is written to once there are all *chunks*, and stays what it is.
    """
    if is_special(path):
        with path.open("ab") as special:
            special.writelines(spooled(chunks))
        return
    target = path.resolve()
    temporary = target.with_name(f".timm_sizes-{secrets.token_hex(8)}.tmp")
    with temporary.open("xb") as file:
        try:
            file.writelines(_encoded(chunks))
            file.flush()
            os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def spooled(chunks: Iterable[str | bytes]) -> Iterator[bytes]:
    """Yield *chunks*, a line at a time, once all of them are there: what fails half-way yields nothing.

    Raises InputError where there is no room for them in the system's folder for temporary files.
    """
    with SpooledTemporaryFile(_SPOOLED) as spool:
        try:
            spool.writelines(_encoded(chunks))
            spool.seek(0)
        except OSError as error:
            raise InputError(f"a temporary file: {reason(error)}") from None
        yield from spool


def write_output(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write a command's output as write_atomically does; InputError, naming *path*, when that fails."""
    try:
        write_atomically(path, chunks)
    except OSError as error:
        kept = "" if is_special(path) else "; nothing was written"
        raise InputError(f"{path}: {reason(error)}{kept}") from None


def is_special(path: Path) -> bool:
    """Return whether *path* is a device, a pipe or the like, which must not be replaced: /dev/null, /dev/stdout."""
    # /dev/stdout is a link to a regular file where a shell has redirected it to one.
    if Path("/dev") in path.absolute().parents:
        return path.exists()
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file *path* for as long as the ``with`` block lasts; the system frees it when a process dies.

    Raises InputError, naming *what* it protects, when another process holds it.
    """
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"{what} is in use by another crawl; wait for its end or name another one") from None
    except (OSError, NotImplementedError) as error:
        raise InputError(f"{what}: its lock {path} cannot be made ({reason(error)})") from None
    with lock:
        yield


def check_writable(path: Path, what: str) -> None:
    """Raise InputError unless a file can be made at *path*; *what* names it in the message."""
    folder = path.parent
    if path.is_dir():
        raise InputError(f"{what}: {path} is a folder; expected a file name")
    if is_special(path):
        if not os.access(path, os.W_OK):
            raise InputError(f"{what}: {path} is not writable")
        return
    if not folder.is_dir():
        raise InputError(f"{what}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{what}: the folder {folder} is not writable")


def check_package(package: str, what: str) -> None:
    """Raise InputError, naming *what* needs it, unless *package*, which requirements.txt leaves out, is installed."""
    if find_spec(package) is None:
        raise InputError(f"{what} needs {package}: pip install {package}")


def make_folder(path: Path, what: str) -> None:
    """Make the folder *path* with those above it, unless it is there; InputError, naming *what* it is for, if not."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{what}: {path}: {reason(error)}; expected a folder") from None


def shown_path(path: Path) -> str:
    """Return *path* as a person would type it here: relative to the working directory where it is below it."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


_FEW = 3


def printable(text: str) -> str:
    """Return *text*, which may come from a stranger's table, as one line that cannot control a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)


def few(names: Iterable[str]) -> str:
    """Return the first three of *names*, and how many more there are; each once."""
    known = list(dict.fromkeys(names))
    rest = f" and {len(known) - _FEW:,} more" if len(known) > _FEW else ""
    return ", ".join(known[:_FEW]) + rest


def _encoded(chunks: Iterable[str | bytes]) -> Iterator[bytes]:
    return (chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)
