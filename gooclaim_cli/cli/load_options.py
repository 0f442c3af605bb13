"""Options with which `send-test` sends many events, and the reading of their values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gooclaim_cli.cli.together import only_with
from gooclaim_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.cli.aiming import Found
    from gooclaim_cli.firing.samples import Recipe
    from gooclaim_cli.load.mix import Mix
    from gooclaim_cli.load.plan import Plan

_PANEL: Final = "Load"
_CONNECTIONS: Final = 10
_MOST_CONNECTIONS: Final = 1000
_MOST: Final = 10**9
_OWN: Final = ("concurrency", "rate", "mix", "duplicates", "faults")
_AIM: Final = (
    *("to", "profile", "secret_file", "header", "deadline", "cacert", "skip_tls_verify"),
    "yes_remote",
)
# The parameters of `send-test` that go with --count; `load` has more to say of --fault.
BESIDE: Final = (
    *("count", *_OWN, *_AIM),
    *("event_type", "fault", "as_json", "settings", "fixture", "body_file", "seed"),
)


def _number(option: str, text: str, most: int = _MOST) -> int:
    from gooclaim_cli.load.shares import parse_number

    return parse_number(option, text, most)


Count = Annotated[
    int | None,
    typer.Option(
        "--count",
        parser=lambda text: _number("--count", text),
        metavar="N",
        help="Send so many requests, and measure how they are answered.",
        rich_help_panel=_PANEL,
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        parser=lambda text: _number("--concurrency", text, _MOST_CONNECTIONS),
        metavar="N",
        help="Over so many connections.",
        show_default=str(_CONNECTIONS),
        rich_help_panel=_PANEL,
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--rate",
        metavar="RATE",
        help="So many a second, 500/s, whatever the handler does.",
        show_default="as fast as it answers",
        rich_help_panel=_PANEL,
    ),
]
MixOf = Annotated[
    str | None,
    typer.Option(
        "--mix",
        metavar="MIX",
        help="Of these event types, by weight: 'workflow.*=8,claim.fraud_suspect=1'.",
        show_default="EVENT_TYPE, else any, by chance",
        rich_help_panel=_PANEL,
    ),
]
Duplicates = Annotated[
    str | None,
    typer.Option(
        "--duplicates",
        metavar="SHARE",
        help="Let so many, 5%, repeat an earlier event: half of them later, half at once.",
        rich_help_panel=_PANEL,
    ),
]
Faults = Annotated[
    str | None,
    typer.Option(
        "--faults",
        metavar="SHARE",
        help="Break so many, 1%, by every fault in turn; or by those named: stale=1%,huge=0.1%.",
        rich_help_panel=_PANEL,
    ),
]


def refuse_without_count(given: Mapping[str, Any]) -> None:
    """Raise UsageError where one of these options was given without --count."""
    only_with("--count", **{name: given[name] for name in _OWN})


def load(given: Mapping[str, Any]) -> ExitCode:
    """Do what the command's parameters say. Raises GooclaimError."""
    from random import Random, SystemRandom

    from gooclaim_cli.cli import loading
    from gooclaim_cli.firing.samples import SEEDED_TIME
    from gooclaim_cli.load.events import Events
    from gooclaim_cli.load.running import Load

    if given["fault"]:
        raise UsageError(
            "--count and --fault exclude each other",
            f"write --faults {given['fault'][0]}=100%, or another share",
        )
    recipe, mix = _recipe_and_mix(given)
    plan = _plan(given, mix)
    found = _find(given, mix)
    seed = given["seed"]
    events = Events(
        replace(recipe, tenant_id=found.tenant_id),
        random=Random(plan.seed),  # noqa: S311 - fixtures
        keys=Random(SystemRandom().getrandbits(128)),  # noqa: S311 - fixtures
        clock=loading.clock if seed is None else lambda: SEEDED_TIME,
    )
    run = Load(plan, events, found.signer, found.conditions, tls=found.tls)
    return loading.fire(run, found.conditions, as_json=given["as_json"])


def _recipe_and_mix(given: Mapping[str, Any]) -> "tuple[Recipe, Mix]":
    """What events are made of, and of which types. Raises UsageError or ConfigurationError."""
    from gooclaim_cli.cli.firing_options import read_once
    from gooclaim_cli.cli.recipes import RecipeOptions
    from gooclaim_cli.load.mix import Mix, parse_mix
    from gooclaim_cli.wire import CATALOGUE

    files = given["fixture"], given["body_file"]
    read_once(*files, given["secret_file"])
    if given["mix"] is not None and (given["event_type"] or any(files)):
        raise UsageError(
            "--mix and a single event exclude each other",
            "leave out EVENT_TYPE, --fixture and --body-file, or --mix",
        )
    recipe = RecipeOptions(
        event_type=given["event_type"],
        fixture=given["fixture"],
        body_file=given["body_file"],
        settings=given["settings"] or (),
        event_id=None,
        idempotency_key=None,
        any_type=True,
    ).read(None)
    if given["mix"] is not None:
        return recipe, parse_mix(given["mix"])
    single = given["event_type"] or any(files)
    return recipe, Mix.of((recipe.type_named,) if single else CATALOGUE)


def _plan(given: Mapping[str, Any], mix: "Mix") -> "Plan":
    from random import SystemRandom

    from gooclaim_cli.load.plan import Plan
    from gooclaim_cli.load.shares import parse_fault_shares, parse_rate, parse_share

    duplicates, faults, rate = given["duplicates"], given["faults"], given["rate"]
    seed = given["seed"]
    return Plan(
        count=given["count"],
        connections=given["concurrency"] or _CONNECTIONS,
        mix=mix,
        rate=None if rate is None else parse_rate(rate),
        duplicates=parse_share("--duplicates", "0" if duplicates is None else duplicates),
        faults=() if faults is None else parse_fault_shares(faults),
        seed=SystemRandom().getrandbits(64) if seed is None else seed,
    )


def _find(given: Mapping[str, Any], mix: "Mix") -> "Found":
    """The one handler of all these types. Raises GooclaimError."""
    from gooclaim_cli.cli.aiming import Target

    command = f"send-test --count {given['count']}"
    target = Target(command=command, slow="0s", **{name: given[name] for name in _AIM})
    types = mix.event_types[:1] if given["to"] else mix.event_types
    found = {each.conditions.to: each for each in map(target.find, types)}
    if len(found) > 1:
        raise UsageError(
            f"these event types have several handlers: {', '.join(found)}",
            "choose one with --to, or types of one of them with --mix",
        )
    return next(iter(found.values()))
