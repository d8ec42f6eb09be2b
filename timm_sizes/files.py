"""Writing files so that a crash leaves the old one or the new one, never half of one; locks, and text to print."""

from __future__ import annotations

import glob
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from timm_sizes.errors import InputError

if sys.platform != "win32":
    import fcntl

_TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write *chunks* (text as UTF-8, its line ends as they are) to a temporary file beside *path* and rename it there.

    Raises OSError as open() and write() do; what was at *path* is untouched then. A symbolic link at *path* is
    replaced, not followed. What is no regular file (is_special) is written to, and stays what it is. A temporary file
    that a killed run has left there is removed.
    """
    encoded = (chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)
    if is_special(path):
        with path.open("ab") as file:
            file.writelines(encoded)
        return
    _remove_leftovers(path)
    handle, temporary = _make_temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(encoded)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(_mode(path))
            if sys.platform != "win32":
                temporary.replace(path)  # before its lock goes, or another run might remove it
        if sys.platform == "win32":
            temporary.replace(path)  # no file is renamed there while it is open
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_output(path: Path, chunks: Iterable[str | bytes]) -> None:
    """Write a command's output as write_atomically does; InputError, naming *path*, when that fails."""
    try:
        write_atomically(path, chunks)
    except OSError as error:
        kept = "" if is_special(path) else "; nothing was written"
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}{kept}") from None


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
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{what}: its lock {path} cannot be made ({reason})") from None
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
        raise InputError(f"{what}: {path}: {(error.strerror or str(error)).lower()}; expected a folder") from None


def shown_path(path: Path) -> str:
    """Return *path* as a person would type it here: relative to the working directory where it is below it."""
    resolved, here = path.resolve(), Path.cwd()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(path)


def printable(text: str) -> str:
    """Return *text*, which may come from a stranger's table, as one line that cannot control a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)


def _make_temporary(path: Path) -> tuple[int, Path]:
    """Return a new file beside *path*, open and locked: its lock says that the run that writes it is alive."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_TEMPORARY_SUFFIX)
        if sys.platform == "win32":
            return handle, Path(name)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Another run may have taken it for a leftover before it was locked.
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files of runs that were killed while they wrote *path*."""
    random_part = "[a-z0-9_]" * 8  # of mkstemp
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{random_part}{_TEMPORARY_SUFFIX}"):
        with suppress(OSError):
            if sys.platform == "win32":
                leftover.unlink()  # fails for a file that is open
                continue
            handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb"):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                leftover.unlink()


def _mode(path: Path) -> int:
    """Return the permissions that *path* has, or would get from open(): mkstemp's own are for its owner alone."""
    if path.is_file() and not path.is_symlink():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
