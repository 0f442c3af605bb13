"""`gooclaim events`: the catalogue of event types, and a sample of each."""

import asyncio
import sys
import time
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options
from gooclaim_cli.errors import ApiError, UsageError

if TYPE_CHECKING:
    from gooclaim_cli.settings import Settings
    from gooclaim_cli.wire import EventType

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.callback(invoke_without_command=True)
def events(
    context: typer.Context,
    built_in: Annotated[
        bool, typer.Option("--built-in", help="Do not ask Gooclaim's API for its list.")
    ] = False,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    live: options.Live = False,
    as_json: options.AsJson = False,
) -> None:
    """List the event types, and show a sample of each.

    Gooclaim's own list where credentials are set, else the one of version 1.0.
    """
    if context.invoked_subcommand is not None:
        if as_json or built_in or profile or api_url or live:
            raise UsageError(
                "an option in front of show is not one of show's",
                "write it behind: gooclaim events show --help lists what there is",
            )
        return
    from gooclaim_cli import accounts
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli.notices import waiting_teller
    from gooclaim_cli.credentials import with_secret
    from gooclaim_cli.render import events as shown
    from gooclaim_cli.wire import CATALOGUE

    known = settings_module.load({"profile": profile, "api_url": api_url})
    types, source, problem = tuple(CATALOGUE.values()), "built_in", None
    if not built_in:
        known = with_secret(known, waiting_teller(as_json=as_json))
    if not built_in and known.client_id and known.client_secret and known.tenant_id:
        accounts.environment_of(known, live=live)
        try:
            types, source = asyncio.run(_ask(known)), "api"
        except ApiError as error:
            problem = error
    if as_json:
        shown.write_json(types, source, problem, sys.stdout, at=time.time())
        return
    from gooclaim_cli.cli.consoles import error_console, output_console

    shown.list_types(types, output_console())
    if problem is not None:
        shown.tell_problem(problem, error_console())


@app.command()
def show(
    event_type: Annotated[
        str,
        typer.Argument(
            metavar="EVENT_TYPE",
            help="Like workflow.completed.",
            autocompletion=options.event_types,
        ),
    ],
    seed: Annotated[int | None, typer.Option(help="The same sample each time.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the body's exact bytes, nothing else.")
    ] = False,
    template: Annotated[
        bool,
        typer.Option("--template", help="Write the fixture, its placeholders not filled in."),
    ] = False,
    profile: options.Profile = None,
    as_json: options.AsJson = False,
) -> None:
    """Print a sample of an event type: what its body looks like.

    A fixture of your own to start from, for send-test: --template
    """
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli.firing_options import refuse_together
    from gooclaim_cli.firing.samples import SEEDED_TIME, Recipe, check_type
    from gooclaim_cli.fixtures import built_in_fixture
    from gooclaim_cli.render import events as shown

    refuse_together(raw=raw, json=as_json, template=template)
    check_type(event_type)
    if template:
        sys.stdout.write(built_in_fixture(event_type).decode())
        return
    recipe = Recipe(
        event_type=event_type, tenant_id=settings_module.load({"profile": profile}).tenant_id
    )
    random = SystemRandom() if seed is None else Random(seed)  # noqa: S311 - fixtures
    sample = recipe.make(now=time.time() if seed is None else SEEDED_TIME, random=random)
    if raw:
        sys.stdout.buffer.write(sample.body)
        sys.stdout.buffer.flush()
        return
    if as_json:
        from gooclaim_cli.render.json_lines import write_object

        write_object(shown.sample_object(event_type, sample.body, at=time.time()), sys.stdout)
        return
    from gooclaim_cli.cli.consoles import output_console

    shown.show_sample(event_type, sample.body, output_console())


async def _ask(known: "Settings") -> "tuple[EventType, ...]":
    from gooclaim_cli.tenant.api import TenantApi
    from gooclaim_cli.tenant.event_types import listed_event_types
    from gooclaim_cli.tenant.http import open_client
    from gooclaim_cli.tenant_access import require_credentials

    client_id, client_secret, tenant_id = require_credentials(known)
    async with open_client(known.api_url) as client:
        api = TenantApi(
            client, client_id=client_id, client_secret=client_secret, tenant_id=tenant_id
        )
        return await listed_event_types(api, known.event_types_path)
