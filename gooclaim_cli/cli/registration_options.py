"""Options of the commands that change the tenant's configuration, and the reading of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli.options import seconds
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.register_terms import RegisterOptions

_PANEL = "Registration"

Register = Annotated[
    bool,
    typer.Option(
        "--register/--no-register",
        help="Put the URL into the tenant's configuration, and the old one back at the end.",
        rich_help_panel=_PANEL,
    ),
]
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over",
        help="Take the place of another gooclaim session that is registered.",
        rich_help_panel=_PANEL,
    ),
]
TakeBack = Annotated[
    bool,
    typer.Option(
        "--take-back",
        help="Take it back where another session takes ours, three times at most.",
        rich_help_panel=_PANEL,
    ),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch/--no-watch",
        help="Look every now and then whether our URL is still registered.",
        rich_help_panel=_PANEL,
    ),
]
WatchEvery = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How often to look, a quarter more or less.",
        rich_help_panel=_PANEL,
    ),
]
AcceptRotation = Annotated[
    bool,
    typer.Option(
        "--accept-secret-rotation",
        help="Change production's URL, though its signing secret may change with it.",
        rich_help_panel=_PANEL,
    ),
]
RestoreWithin = Annotated[
    str,
    typer.Option(
        metavar="SPAN",
        help="How long to try to put the old URL back at the end.",
        rich_help_panel=_PANEL,
    ),
]


def register_options(
    *,
    take_over: bool,
    take_back: bool,
    watch_every: str | None,
    accept_secret_rotation: bool,
    restore_within: str,
    as_json: bool,
) -> "RegisterOptions":
    """Gather them from the text of the flags. Raises UsageError."""
    if take_back and watch_every is None:
        raise UsageError("--take-back needs to look", "leave out --no-watch")
    from gooclaim_cli.cli.asking import asker
    from gooclaim_cli.register_terms import RegisterOptions

    return RegisterOptions(
        take_over=take_over,
        take_back=take_back,
        watch_every=None if watch_every is None else seconds("--watch-every", watch_every),
        accept_secret_rotation=accept_secret_rotation,
        restore_within=seconds("--restore-within", restore_within),
        ask=asker(as_json=as_json),
    )
