"""The commands by name. A command's module is imported when the command runs.

Start-up is felt at every call: the list of commands knows their names and help lines without
importing them (tests/bench/bench_startup.py).
"""

import importlib
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gooclaim_cli import __version__

# name → help line; the module of the same name below this package holds the command.
COMMANDS: Final = MappingProxyType(
    {
        "listen": "Receive events here: verify, show and forward them to your handler.",
        "verify": "Check saved deliveries, and say why one does not verify.",
        "history": "List the deliveries that were received, the newest first.",
        "send-test": "Fire a sample event at your handler, signed as Gooclaim does, or broken.",
        "scenario": "Play stories of several events to your handler: list, show, run.",
        "replay": "Send recorded deliveries to your handler again, signed anew.",
        "events": "List the event types, and show a sample of each.",
        "login": "Log in: prove the credentials of a client, and keep its secret.",
        "logout": "Log out: forget the secret that login keeps.",
        "whoami": "Show which account is used, what it may do, and until when.",
        "config": "Look at and change the settings of config.toml.",
        "webhook": "Look at and change the webhook of the tenant, without listening.",
        "doctor": "Check everything that listening needs, and say how to mend what fails.",
        "restore": "Put the old URL back, where a session was killed before it could.",
        "sandbox": "Run a local Gooclaim for other programs: its API and its events.",
    }
)


# Typer's own two options; its words do not say that the first one edits a file.
_COMPLETION: Final = MappingProxyType(
    {
        "install_completion": "Have the shell complete commands: a line is put into its start-up"
        " file.",
        "show_completion": "Print the script that completes, and change nothing.",
    }
)


def module_of(name: str) -> str:
    """The module that holds a command."""
    return f"gooclaim_cli.cli.{name.replace('-', '_')}"


class _Unloaded(TyperCommand):
    """A command's name and help line, which are all that a list needs."""


class LazyGroup(TyperGroup):
    """Imports a command's module only when that command is resolved."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options, flags without a value."""
        return _bare(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what a list of commands needs."""
        if cmd_name not in COMMANDS:
            return None
        return _Unloaded(cmd_name, help=COMMANDS[cmd_name], short_help=COMMANDS[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Load the command that is about to run."""
        self.commands = {each: _Unloaded(each) for each in COMMANDS}  # for "did you mean"
        name, found, rest = super().resolve_command(ctx, args)
        if isinstance(found, _Unloaded) and name is not None:
            module = importlib.import_module(module_of(name))
            found = get_command(module.app)
            found.name = name
            _show_flags_bare(found, ctx)
        return name, found, rest


def _show_flags_bare(command: Any, ctx: Any) -> None:
    """Do so for a command, and for those below it."""
    _bare(command.get_params(ctx))
    for below in getattr(command, "commands", {}).values():
        _show_flags_bare(below, ctx)


def _bare(parameters: list[Any]) -> list[Any]:
    """Have help name flags alone: Typer writes `--json <bool>`, as if a value went with it."""
    for each in parameters:
        if getattr(each, "is_flag", False) and each.metavar is None:
            each.metavar = ""
    return parameters


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"gooclaim {__version__}")  # noqa: T201 - this is the output
        raise typer.Exit


@app.callback()
def gooclaim(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the details of a fault of gooclaim itself."),
    ] = False,
) -> None:
    """Receive, verify, forward and inspect Gooclaim webhooks on your own machine.

    Start here, without an account: gooclaim listen --sandbox
    """


def command() -> Any:
    """The whole command line, ready to be run."""
    whole = get_command(app)
    for parameter in whole.params:
        if parameter.name in _COMPLETION:
            parameter.help = _COMPLETION[parameter.name]  # type: ignore[attr-defined]
    return whole
