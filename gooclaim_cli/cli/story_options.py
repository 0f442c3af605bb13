"""Options of the commands that play a scenario."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gooclaim_cli.cli.firing_options import read_once, read_speed

if TYPE_CHECKING:
    from gooclaim_cli.errors import ExitCode

_AIM: Final = (
    *("to", "profile", "secret_file", "slow", "header", "deadline", "cacert"),
    *("skip_tls_verify", "yes_remote"),
)
_TELLING: Final = ("step", "longest_wait", "junit", "as_json")
BESIDE: Final = ("scenario", "speed", *_AIM, *_TELLING)


def scenarios(incomplete: str) -> list[str]:
    """What a shell completes a scenario with."""
    from gooclaim_cli.stories.library import NAMES

    return [name for name in NAMES if name.startswith(incomplete)]


ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        help="One that gooclaim scenario list shows, or a YAML file; -: standard input.",
        autocompletion=scenarios,
    ),
]
Step = Annotated[
    bool,
    typer.Option(
        "--step", help="Wait for a key before each step of a scenario.", rich_help_panel="Pace"
    ),
]
LongestWait = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="Of a scenario's time between two steps, wait for no more than this.",
        rich_help_panel="Pace",
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE",
        help="Write what a scenario came to as JUnit XML, too.",
        rich_help_panel="Output",
    ),
]


def play(named: str, given: Mapping[str, Any]) -> "ExitCode":
    """Play a scenario, as a command's parameters say, which are called as here. As `play_scenario`
    raises.
    """
    from gooclaim_cli.cli.aiming import Target
    from gooclaim_cli.cli.playing import StoryOptions, play_scenario

    read_once(Path(named), given["secret_file"])
    command = f"scenario run {shlex.quote(named)}"
    target = Target(command=command, **{name: given[name] for name in _AIM})
    options = {name: given[name] for name in _TELLING}
    return play_scenario(named, target, StoryOptions(speed=read_speed(given["speed"]), **options))
