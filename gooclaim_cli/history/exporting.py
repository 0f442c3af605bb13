"""A file that is written whole or not at all, readable by its owner alone: an export has bodies.

It appears under its name when it is complete and on the disk; until then it is a hidden one beside.
"""

import contextlib
import gzip
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from gooclaim_cli.errors import ConfigurationError, UsageError


@contextlib.contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Yield a stream whose content becomes the file, compressed where the name ends in `.gz`.

    Raises UsageError where there is such a file and it is not to be replaced, ConfigurationError
    where it cannot be written; then nothing is left.
    """
    target = path.resolve()  # a link stays one
    _refuse(target, path, replace=replace)
    with _translated(path):
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # 0600
        hidden = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as plain:
                if target.suffix == ".gz":
                    with gzip.GzipFile("", "wb", 6, plain, mtime=0) as packed:
                        yield cast(BinaryIO, packed)
                else:
                    yield plain
                plain.flush()
                os.fsync(plain.fileno())
            _appear(hidden, target, path, replace=replace)
        finally:
            hidden.unlink(missing_ok=True)


def _refuse(target: Path, path: Path, *, replace: bool) -> None:
    if not target.exists():
        return
    if not target.is_file():
        raise ConfigurationError(
            f"{path} is no file that could be written anew", "name another, or - for the output"
        )
    if not replace:
        raise _taken(path)


def _appear(hidden: Path, target: Path, path: Path, *, replace: bool) -> None:
    """Give the file its name; not over one that came meanwhile."""
    if not replace:
        try:
            os.link(hidden, target)
        except FileExistsError:
            raise _taken(path) from None
        except OSError:  # a file system without links
            _refuse(target, path, replace=False)
        else:
            return
    hidden.replace(target)


def _taken(path: Path) -> UsageError:
    return UsageError(f"{path} exists", "name another file, or add --force to replace it")


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {error.strerror or error}",
            "make room and the folder writable, or name another file",
        ) from None
