"""Changing the config file: comments stay, and a file that is broken is never written over.

What is written is whole or not at all, readable by its owner alone, and was read back before.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gooclaim_cli import config_file, private_files
from gooclaim_cli.config_file import PROFILES
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_keys import Given, Key

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_TEMPLATE: Final = b"# Settings of gooclaim. What there is to set: gooclaim config list\n"
_PATIENCE: Final = 10.0


def change(
    path: Path,
    changes: Mapping[str, Given | None],
    *,
    profile: str | None,
    known: Mapping[str, Key],
) -> None:
    """Set entries by the names of settings, or remove them (None), in a profile or outside.

    Raises ConfigurationError, and leaves the file as it is: where it is broken or cannot be
    written.
    """
    import tomlkit  # costs start-up, and is needed here alone

    if profile is not None:
        config_file.check_profile_name(profile)
    with _alone(path):
        content = config_file.content_of(path) or b""
        config_file.parse(path, content, known)
        document = tomlkit.parse(content.decode())
        for name, given in changes.items():
            if given is None:
                _remove(document, [*_within(profile), *name.split(".")])
            else:
                _set(document, [*_within(profile), *name.split(".")], given)
        written = tomlkit.dumps(document).encode()
        config_file.parse(path, written, known)
        private_files.write(path.resolve(), written)  # a link stays one


def _within(profile: str | None) -> list[str]:
    return [] if profile is None else [PROFILES, profile]


def _set(document: "TOMLDocument", names: list[str], given: Given) -> None:
    import tomlkit

    table: Any = document
    for position, name in enumerate(names[:-1]):
        if name not in table:
            # A table that only holds tables has no line of its own.
            table[name] = tomlkit.table(is_super_table=name == PROFILES and position == 0)
        table = table[name]
    table[names[-1]] = given


def _remove(document: "TOMLDocument", names: list[str]) -> None:
    table: Any = document
    for name in names[:-1]:
        table = table.get(name, {})
    table.pop(names[-1], None)


def edit(
    path: Path,
    run_editor: Callable[[Path], None],
    try_again: Callable[[ConfigurationError], bool],
    known: Mapping[str, Key],
) -> bool:
    """Let a person edit a copy, which replaces the file once it can be read. False: unchanged.

    `try_again` is asked where the copy is broken. Raises ConfigurationError; the file is then as
    it was, also where somebody else changed it meanwhile.
    """
    before = config_file.content_of(path)
    with _copy(path, _TEMPLATE if before is None else before) as copy:
        while True:
            run_editor(copy)
            edited = copy.read_bytes()
            if edited == (_TEMPLATE if before is None else before):
                return False
            try:
                config_file.parse(path, edited, known)
                break
            except ConfigurationError as error:
                if not try_again(error):
                    raise
        with _alone(path):
            if config_file.content_of(path) != before:
                raise ConfigurationError(
                    f"{path} was changed meanwhile, and stays as it is",
                    "edit it again: gooclaim config edit",
                )
            private_files.write(path.resolve(), edited)
    return True


@contextlib.contextmanager
def _copy(path: Path, content: bytes) -> Iterator[Path]:
    """A copy beside the file, under a name by which editors know what it is."""
    folder = path.resolve().parent
    private_files.make_folder(folder)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".edit-", suffix=".toml")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Be the only one of us that changes the file. Raises ConfigurationError."""
    from filelock import FileLock, Timeout

    private_files.make_folder(path.parent)
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_PATIENCE, mode=0o600):
            yield
    except Timeout:
        raise ConfigurationError(
            f"{path} is being changed by another gooclaim", "run this again when that has ended"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {error.strerror}",
            "make its folder writable, or set GOOCLAIM_HOME to another one",
        ) from None
