"""Files that only their owner may read: secrets, and the journal that undoes what we did.

Written whole or not at all, and on the disk when `write` returns: a power cut leaves the old file
or the new one.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from gooclaim_cli.errors import ConfigurationError


def write(path: Path, content: bytes) -> None:
    """Replace a file by `content` (mode 0600), durably. Raises ConfigurationError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:  # mkstemp makes it 0600
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None


def make_folder(path: Path) -> None:
    """Make a folder for private files, if it is not there. Raises ConfigurationError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot write {path}: {error.strerror}",
        "make room for it and the folder writable, or set GOOCLAIM_HOME to another one",
    )


def is_exposed(path: Path) -> bool:
    """Whether others than its owner may read a file; where that is not by modes, False."""
    try:
        return os.name == "posix" and bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


def read(path: Path) -> bytes | None:
    """Return a file's content, None where there is no such file. Raises ConfigurationError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None


def made_once(path: Path, form: re.Pattern[str], make: Callable[[], str]) -> str:
    """Return the word that a file holds; one that is not of the form is made anew and written.

    Raises ConfigurationError.
    """
    known = (read(path) or b"").decode("ascii", "replace").strip()
    if form.fullmatch(known):
        return known
    made = make()
    write(path, made.encode())
    return made


def remove(path: Path) -> None:
    """Remove a file, durably; one that is not there is fine. Raises ConfigurationError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot remove {path}: {error.strerror}", "make the folder writable, then remove it"
        ) from None
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename or removal durable, where the platform lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
