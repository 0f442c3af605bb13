"""Options of sharing and of production, and what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gooclaim_cli.cli.options import seconds
from gooclaim_cli.cli.production import admit_listening
from gooclaim_cli.errors import UsageError

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.sharing import Sharing
    from gooclaim_cli.tenant.environment import Environment

_SHARING: Final = "Sharing"
_PRODUCTION: Final = "Production"

PassOn = Annotated[
    bool,
    typer.Option(
        "--pass-on",
        help="Deliver every event to the home URL as well: the one that was registered before,"
        " or the setting home_url.",
        rich_help_panel=_SHARING,
    ),
]
Answers = Annotated[
    str | None,
    typer.Option(
        "--answer-from",
        metavar="handler|home",
        help="Whose answer Gooclaim is given, with --pass-on.",
        show_default="handler; in production home",
        rich_help_panel=_SHARING,
    ),
]
CopyTo = Annotated[
    list[str] | None,
    typer.Option(
        "--copy-to",
        metavar="ADDRESS",
        help="Give a colleague's gooclaim listen --tunnel none a copy of every verified delivery."
        " Its answer is ignored. Repeatable.",
        rich_help_panel=_SHARING,
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Show the answers that do not count, too.",
        rich_help_panel="Output",
    ),
]
Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Work with production. The home URL gets every delivery and its answer counts; no"
        " bodies are kept; the session ends by itself.",
        rich_help_panel=_PRODUCTION,
    ),
]
Yes = Annotated[
    str | None,
    typer.Option(
        "--yes",
        metavar="TENANT_ID",
        help="The id of the production tenant that is meant; without it, it must be typed.",
        rich_help_panel=_PRODUCTION,
    ),
]
KeepBodies = Annotated[
    bool,
    typer.Option(
        "--keep-bodies",
        help="Keep bodies in the history in production, too.",
        rich_help_panel=_PRODUCTION,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed."""

    pass_on: bool
    answer_from: str | None
    copy_to: Sequence[str]
    live: bool
    yes: str | None
    keep_bodies: bool
    max_body: int | None
    lasts: str | None
    accept_secret_rotation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a session goes by. `lasts` is in seconds; None: until it is stopped."""

    sharing: "Sharing"
    keep_bodies: bool
    max_body: int
    lasts: float | None


def settle(
    settings: "Settings", asked: Asked, *, sandbox: bool, registers: bool, can_ask: bool
) -> Terms:
    """Settle with whom is shared, and what production makes of it.

    Raises UsageError, ConfigurationError; a person who does not type the tenant's id ends the
    command.
    """
    from gooclaim_cli.receiver import MAX_BODY
    from gooclaim_cli.sharing import LIVE_LASTS, LIVE_MAX_BODY, share
    from gooclaim_cli.targets import parse_address
    from gooclaim_cli.tenant.environment import Environment

    lasts = None if asked.lasts is None else seconds("--for", asked.lasts)
    copies = tuple(parse_address(each, option="--copy-to") for each in asked.copy_to)
    environment = _environment(
        settings, asked, lasts, sandbox=sandbox, registers=registers, can_ask=can_ask
    )
    in_production = environment is Environment.PRODUCTION
    return Terms(
        sharing=share(
            environment, pass_on=asked.pass_on, answer_from=asked.answer_from, copy_to=copies
        ),
        keep_bodies=asked.keep_bodies or not in_production,
        max_body=asked.max_body or (LIVE_MAX_BODY if in_production else MAX_BODY),
        lasts=LIVE_LASTS if lasts is None and in_production else lasts,
    )


def _environment(
    settings: "Settings",
    asked: Asked,
    lasts: float | None,
    *,
    sandbox: bool,
    registers: bool,
    can_ask: bool,
) -> "Environment":
    from gooclaim_cli.tenant.environment import Environment

    if not sandbox:
        return admit_listening(
            settings,
            live=asked.live,
            yes=asked.yes,
            registers=registers,
            accept_secret_rotation=asked.accept_secret_rotation,
            lasts=lasts,
            can_ask=can_ask,
        )
    if asked.live:
        raise UsageError("--live is for production, and --sandbox is not", "leave one of them out")
    return Environment.SANDBOX
