"""Writing a file so that a crash leaves either the old one or the new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from timm_sizes.errors import InputError


def write_atomically(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write *chunks* (text as UTF-8, its line ends as they are) to a temporary file beside *path* and rename it there.

    Raises OSError as open() and write() do; what was at *path* is untouched then. A symbolic link at *path* is
    replaced, not followed.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_output(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write a command's output as write_atomically does; InputError, naming *path*, when that fails."""
    try:
        write_atomically(path, chunks)
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}; nothing was written") from None


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
    with lock:
        yield


def check_writable(path: Path, what: str) -> None:
    """Raise InputError unless a file can be made at *path*; *what* names it in the message."""
    folder = path.parent
    if path.is_dir():
        raise InputError(f"{what}: {path} is a folder; expected a file name")
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
        raise InputError(f"{what}: {path}: {(error.strerror or str(error)).lower()}; expected a folder") from None


def shown_path(path: Path) -> str:
    """Return *path* as a person would type it here: relative to the working directory where it is below it."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


def printable(text: str) -> str:
    """Return *text*, from a stranger's table, so that it cannot steer the terminal that it is printed on."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _mode(path: Path) -> int:
    """Return the permissions that *path* has, or would get from open(): mkstemp's own are for its owner alone."""
    if path.is_file() and not path.is_symlink():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
