"""Options of `gooclaim listen` alone: the handler, the receiver."""

from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli.story_options import scenarios
from gooclaim_cli.cli.together import only_with
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.stories.staging import StoryPlan

ForwardTo = Annotated[
    list[str] | None,
    typer.Option(
        "--forward-to",
        "-f",
        metavar="[PATTERN=]ADDRESS",
        help="Your handler: 3000, :3000/hooks, localhost:3000/hooks or a URL. Repeatable, with"
        " a pattern of event types in front: 'pending_docs.*=:3000/docs'; the first that fits"
        " is taken.",
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        "-H",
        metavar="'NAME: VALUE'",
        help="Send this header to the handler, in place of one of that name. Repeatable.",
        rich_help_panel="Handler",
    ),
]
Deadline = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How long the handler has before Gooclaim is told 504.",
        rich_help_panel="Handler",
    ),
]
ForwardDuplicates = Annotated[
    bool,
    typer.Option(
        "--forward-duplicates",
        help="Forward deliveries of keys that were already processed, too.",
        rich_help_panel="Handler",
    ),
]
ReceiverPath = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="The receiver's path.",
        show_default="unguessable, the same each time",
        rich_help_panel="Receiving",
    ),
]
Bind = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Serve plain HTTP on this address.",
        rich_help_panel="Receiving",
    ),
]
Port = Annotated[
    int,
    typer.Option(
        min=0,
        max=65535,
        help="Serve plain HTTP on this port.",
        show_default="a free one",
        rich_help_panel="Receiving",
    ),
]
Tolerance = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How far a timestamp may be from now, either way.",
        rich_help_panel="Receiving",
    ),
]
MaxBody = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="BYTES",
        help="Refuse larger bodies with 413.",
        show_default="1 MiB; in production 16 MiB, told 503",
        rich_help_panel="Receiving",
    ),
]
Retain = Annotated[
    str | None,
    typer.Option(
        metavar="SPAN",
        help="Prune deliveries that are older, now and every hour.",
        show_default="7d",
        rich_help_panel="Receiving",
    ),
]
Lasts = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="SPAN",
        help="End after so long, as Ctrl-C would.",
        show_default="never; in production 30m",
        rich_help_panel="Receiving",
    ),
]
Events = Annotated[
    str,
    typer.Option(
        metavar="PATTERN",
        help="Show and forward only these event types, like 'workflow.*'. The rest is stored"
        " and answered 200.",
    ),
]
Sandbox = Annotated[
    bool,
    typer.Option("--sandbox", help="Use a local Gooclaim: no account, no internet."),
]
PrintBody = Annotated[
    bool,
    typer.Option("--print-body", help="Show headers and bodies too.", rich_help_panel="Output"),
]
Story = Annotated[
    str | None,
    typer.Option(
        "--scenario",
        metavar="NAME|FILE",
        help="Let the sandbox play a story in place of its samples; gooclaim scenario list shows"
        " them.",
        autocompletion=scenarios,
        rich_help_panel="Sandbox",
    ),
]
StorySpeed = Annotated[
    str,
    typer.Option(
        "--speed",
        metavar="FACTOR",
        help="Go through a story's waits so many times as fast: 10x.",
        rich_help_panel="Sandbox",
    ),
]
StoryWait = Annotated[
    str,
    typer.Option(
        "--longest-wait",
        metavar="SPAN",
        help="Of a story's time between two steps, wait for no more than this.",
        rich_help_panel="Sandbox",
    ),
]


def story_plan(
    named: str | None, speed: str, longest_wait: str, *, plays: bool
) -> "StoryPlan | None":
    """Read the story that a sandbox is to play, which it `plays` to a URL that is registered with
    it. Raises UsageError.
    """
    if named is None:
        only_with("--scenario", speed=speed != "1x", longest_wait=longest_wait != "3s")
        return None
    from gooclaim_cli.cli.firing_options import read_speed
    from gooclaim_cli.cli.options import seconds
    from gooclaim_cli.stories.library import find
    from gooclaim_cli.stories.playing import Timed
    from gooclaim_cli.stories.staging import StoryPlan

    if not plays:
        raise UsageError(
            "--scenario is for a sandbox that sends here",
            "add --sandbox, and leave --no-register and --tunnel none out; or play it to your"
            " handler: gooclaim scenario run",
        )
    longest = seconds("--longest-wait", longest_wait, zero=True)
    return StoryPlan(scenario=find(named).read(), pace=Timed(read_speed(speed), longest))
