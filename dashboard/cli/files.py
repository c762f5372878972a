"""Files that appear whole or not at all. Every path is checked before the work and written after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def writable_file(path: str, suffix: str) -> Path:
    """The path of a file that can be written there. ValueError with a sentence where it cannot."""
    target = Path(path)
    if target.suffix.lower() != suffix:
        raise ValueError(f"The output file must end in {suffix}: {path}")
    if _exists(target) and not target.is_file():  # a folder; or a device, which must never be replaced
        raise ValueError(f"This is not an ordinary file that can be replaced: {path}")
    _check_folder(target.parent)
    return target


def writable_folder(path: str) -> Path:
    """The path of a folder that exists or can be made. ValueError with a sentence where it cannot."""
    target = Path(path)
    if _exists(target):
        _check_folder(target)
    else:
        _check_folder(target.parent)
    return target


def write_file(path: Path, data: bytes) -> None:
    """Write a file at once: a reader sees the old one or the new one, and an error leaves neither half-written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:  # Ctrl-C as well: nothing stays behind
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def folder_at_once(path: Path, *, replaces: str) -> Iterator[Path]:
    """A temporary folder to fill. On success its files move to `path`, in place of those that match `replaces`."""
    temporary = Path(tempfile.mkdtemp(dir=path if path.is_dir() else path.parent, prefix=".writing-"))
    try:
        yield temporary
        path.mkdir(exist_ok=True)
        for old in path.glob(replaces):
            old.unlink()
        for file in sorted(temporary.iterdir()):
            file.replace(path / file.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writing-"):
            pass
    except OSError as error:
        raise ValueError(f"Nothing can be written in {folder}: {error.strerror}.") from error


def _exists(path: Path) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:  # too long, below a file, a NUL in it
        raise ValueError(f"This path cannot be used: {str(path)[:100]!r}.") from error
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
