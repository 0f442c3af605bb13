"""Every command and every option is explained, and the explanation fits into 80 columns."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gooclaim_cli import __version__
from gooclaim_cli.cli.app import COMMANDS, command, module_of

from .support import RunHere, run


def loaded(name: str) -> Any:
    return get_command(importlib.import_module(module_of(name)).app)


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command with its subcommands, by what is typed."""
    yield "", command()
    for name in COMMANDS:
        found = loaded(name)
        yield name, found
        for below, each in getattr(found, "commands", {}).items():
            yield f"{name} {below}", each


def options_of(found: Any) -> list[str]:
    return [
        option
        for parameter in found.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    ]


def help_of(run_here: RunHere, name: str) -> str:
    done = run_here([*name.split(), "--help"], COLUMNS="80", TERMINAL_WIDTH="80")
    assert (done.code, done.stderr) == (0, "")
    return done.stdout


EVERY = dict(all_commands())


@pytest.mark.parametrize("name", EVERY)
def test_every_option_has_a_help_text(name: str) -> None:
    found = EVERY[name]
    assert found.help
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"
        assert parameter.help.endswith("."), f"{name} {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_itself_says(name: str) -> None:
    """It does not load the commands, and holds their first lines a second time."""
    assert loaded(name).help.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", EVERY)
def test_help_names_every_option_in_80_columns(run_here: RunHere, name: str) -> None:
    shown = help_of(run_here, name)
    for option in options_of(EVERY[name]):
        assert option in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "…" not in shown
    assert "<bool>" not in shown  # a flag takes no value


def test_the_list_of_commands_is_whole(home: Path) -> None:
    done = run(["--help"], home)
    assert (done.code, done.stderr) == (0, "")
    for name, line in COMMANDS.items():
        assert f"{name} " in done.stdout
        assert line in done.stdout


def test_without_a_command_the_help_is_shown(run_here: RunHere) -> None:
    done = run_here([])
    assert done.code == 2
    assert "listen" in done.stdout + done.stderr


def test_the_version_is_shown(home: Path) -> None:
    done = run(["--version"], home)
    assert (done.code, done.stdout, done.stderr) == (0, f"gooclaim {__version__}\n", "")
