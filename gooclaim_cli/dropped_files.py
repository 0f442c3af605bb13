"""What is dropped into folders: the files there are, then every new or changed one.

The operating system's notices only wake; what is new is found by looking, so nothing is missed
between two looks, and nothing is told twice.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from gooclaim_cli.capture_files import files_in

_SETTLED: Final = 0.1  # seconds after its last change in which a file is taken for half-written
_LOOK_EVERY_MS: Final = 500
_DEBOUNCE_MS: Final = 150
_Stamp = tuple[int, int]


def dropped_files(folders: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield those that are there, then those that are new, without an end but Ctrl-C.

    The first list may be empty, no other is.
    """
    from watchfiles import watch  # costs start-up

    seen: dict[Path, _Stamp] = {}
    yield _new(folders, seen)
    for _ in watch(
        *folders,
        watch_filter=None,
        debounce=_DEBOUNCE_MS,
        step=_DEBOUNCE_MS,
        rust_timeout=_LOOK_EVERY_MS,
        yield_on_timeout=True,
    ):
        found = _new(folders, seen)
        if found:
            yield found


def _new(folders: Sequence[Path], seen: dict[Path, _Stamp]) -> list[Path]:
    found: list[Path] = []
    now = time.time()
    for path in (path for folder in folders for path in files_in(folder)):
        with contextlib.suppress(OSError):  # gone again
            status = path.stat()
            stamp = status.st_mtime_ns, status.st_size
            if seen.get(path) != stamp and not 0 <= now - status.st_mtime < _SETTLED:
                seen[path] = stamp
                found.append(path)
    return found
