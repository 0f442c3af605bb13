"""Where captures come from: files, folders, globs, standard input, ids of the history.

Opens and reads; what the bytes mean is `wire.captures`' to say. A file that cannot be read is told
and passed over, so that the others are still read.
"""

import contextlib
import glob
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from gooclaim_cli.errors import UsageError
from gooclaim_cli.wire.captures import Capture, CaptureError, Unreadable, read

_PIECE: Final = 256 * 1024
_STANDARD_INPUT: Final = "-"

Find = Callable[[str], Capture | None]
Read = Callable[[str, Iterator[bytes]], Iterator[Capture | Unreadable]]


class Refused(msgspec.Struct, frozen=True):
    """A file that is no capture, or could not be read to its end: why, and what to do."""

    source: str
    message: str
    hint: str

    @property
    def error(self) -> UsageError:
        """The same as an error that ends a command."""
        return UsageError(f"{self.source}: {self.message}", self.hint)


@dataclass(slots=True)
class CaptureFiles:
    """The captures that the arguments name, in their order.

    `find` looks up an id in the history, None where there is none; `read` reads one file. Raises
    UsageError where an argument names nothing at all.
    """

    arguments: Sequence[str]
    find: Find
    read: Read = read
    _found: list[Path | Capture | None] = field(default_factory=list)
    _total: int = 0
    _done: int = 0

    def __post_init__(self) -> None:
        for argument in self.arguments:
            self._found.extend(self._resolve(argument))
        for each in self._found:
            if isinstance(each, Path):
                with contextlib.suppress(OSError):  # gone again: it is told when it is its turn
                    self._total += each.stat().st_size

    @property
    def share(self) -> float:
        """How much has been read, from 0 to 1."""
        return min(1.0, self._done / self._total) if self._total else 0.0

    def __iter__(self) -> Iterator[Capture | Unreadable | Refused]:
        for each in self._found:
            if isinstance(each, Capture):
                yield each
            else:
                yield from self._read(each)

    def _read(self, path: Path | None) -> Iterator[Capture | Unreadable | Refused]:
        name = "standard input" if path is None else str(path)
        try:
            if path is None:
                yield from self.read(name, self._pieces(sys.stdin.buffer))
            else:
                with path.open("rb", buffering=0) as stream:
                    yield from self.read(name, self._pieces(stream))
        except CaptureError as error:
            yield Refused(name, error.message, error.hint)
        except MemoryError:  # JSON of many small values takes many times its size
            hint = "split it, or write one object a line: those may be any number"
            yield Refused(name, "what it holds does not fit into memory", hint)
        except OSError as error:
            yield Refused(name, f"cannot be read: {error.strerror or error}", "make it readable")

    def _pieces(self, stream: BinaryIO) -> Iterator[bytes]:
        read = getattr(stream, "read1", stream.read)  # what is there, without waiting for more
        while piece := read(_PIECE):
            self._done += len(piece)
            yield piece

    def _resolve(self, argument: str) -> list[Path | Capture | None]:
        if argument == _STANDARD_INPUT:
            return [None]
        path = Path(argument)
        try:
            if path.is_dir():
                return list(files_in(path)) or _nothing(f"there are no files in {argument}")
            if path.exists():
                return [path]
            if glob.has_magic(argument):
                paths = sorted(map(Path, glob.iglob(argument, recursive=True)))  # noqa: PTH207 - any root
                return [each for each in paths if each.is_file()] or _nothing(
                    f"no file fits {argument}"
                )
        except (OSError, ValueError):  # a name that no file can have
            pass
        return [self._find(argument)]

    def _find(self, argument: str) -> Capture:
        found = self.find(argument)
        if found is None:
            raise UsageError(
                f"there is no file {argument!r}, and nothing in the history is called so",
                "gooclaim history lists what there is; - reads standard input",
            )
        return found


def files_in(folder: Path) -> Iterator[Path]:
    """The files in a folder and below, in order; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _nothing(message: str) -> list[Path | Capture | None]:
    raise UsageError(message, "name a file, a folder, a glob in quotes, or - for standard input")
