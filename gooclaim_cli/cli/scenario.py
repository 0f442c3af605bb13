"""`gooclaim scenario`: list, show and play stories of several events."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli import options, story_options

if TYPE_CHECKING:
    from gooclaim_cli.stories.scenario import Scenario

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)


@app.callback()
def scenario() -> None:
    """Play stories of several events to your handler: list, show, run.

    Start here: gooclaim scenario run pending-documents --to 3000
    """


@app.command("list")
def list_scenarios(as_json: options.AsJson = False) -> None:
    """List the built-in scenarios."""
    from gooclaim_cli.stories.library import built_in

    if as_json:
        for each in built_in():
            _write(each)
        return
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.render import stories as shown

    shown.list_scenarios(built_in(), output_console())


@app.command()
def show(
    named: story_options.ScenarioName,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the YAML itself, to start a file of your own from.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show the steps of a scenario; of a file, what is wrong in which line."""
    from gooclaim_cli.stories.library import find

    firing.refuse_together(raw=raw, json=as_json)
    found = find(named)
    if raw:
        sys.stdout.buffer.write(found.content)
        sys.stdout.buffer.flush()
        return
    told = found.read()
    if as_json:
        _write(told)
        return
    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.render import stories as shown

    shown.show_scenario(told, output_console())


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario's file, for your editor."""
    import json

    from gooclaim_cli.stories.schema import scenario_schema

    sys.stdout.write(f"{json.dumps(scenario_schema(), indent=2)}\n")
    sys.stdout.flush()


@app.command()
def run(
    context: typer.Context,
    named: story_options.ScenarioName,
    to: firing.To = None,
    step: story_options.Step = False,
    speed: firing.Speed = "1x",
    longest_wait: story_options.LongestWait = "3s",
    as_json: options.AsJson = False,
    junit: story_options.Junit = None,
    profile: options.Profile = None,
    secret_file: firing.SecretFile = None,
    slow: firing.Slow = "2s",
    header: firing.Header = None,
    deadline: firing.Deadline = "5s",
    cacert: options.CaCert = None,
    skip_tls_verify: options.SkipTlsVerify = False,
    yes_remote: firing.YesRemote = False,
) -> None:
    """Play a scenario to your handler, and say what held."""
    raise typer.Exit(story_options.play(named, context.params))


def _write(told: "Scenario") -> None:
    from gooclaim_cli.render.json_lines import write_object
    from gooclaim_cli.render.story_objects import scenario_object

    write_object(scenario_object(told, at=time.time()), sys.stdout)
