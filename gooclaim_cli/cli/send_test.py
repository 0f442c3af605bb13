"""`gooclaim send-test`: fire a sample event at a handler, whole or broken."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli import options
from gooclaim_cli.errors import UsageError

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _faults(incomplete: str) -> list[str]:
    from gooclaim_cli.firing.faults import Fault

    return [name for name in (*Fault, "all") if name.startswith(incomplete)]


@app.command()
def send_test(
    event_type: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENT_TYPE",
            help="What is sent, like workflow.completed; gooclaim events lists them.",
            autocompletion=options.event_types,
        ),
    ] = None,
    to: firing.To = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME",
            help="Break it: bad-signature, stale, duplicate and more (an unknown name lists them);"
            " all fires each and shows a table. Repeatable.",
            autocompletion=_faults,
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again as Gooclaim does, until it is taken.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the request instead of sending it.")
    ] = False,
    print_as: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="curl|httpie|python",
            help="Print a command that sends the same without gooclaim.",
        ),
    ] = None,
    as_json: options.AsJson = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change the event: data.lookups=7, data.docs[0].ref=doc_1, 'data.note=\"7\"' for"
            " text. Repeatable.",
            rich_help_panel="Event",
        ),
    ] = None,
    fixture: Annotated[
        Path | None,
        typer.Option(
            "--fixture",
            metavar="FILE|-",
            help="Send this JSON; placeholders like {event_id}, {occurred_at}, {claim} are filled"
            " in.",
            rich_help_panel="Event",
        ),
    ] = None,
    body_file: Annotated[
        Path | None,
        typer.Option(
            "--body-file",
            metavar="FILE|-",
            help="Send this file byte for byte.",
            rich_help_panel="Event",
        ),
    ] = None,
    event_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The event's id.", rich_help_panel="Event"),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The idempotency key.", rich_help_panel="Event"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="The same event each time, key included.", rich_help_panel="Event"),
    ] = None,
    profile: options.Profile = None,
    secret_file: firing.SecretFile = None,
    retry_schedule: Annotated[
        str | None,
        typer.Option(
            metavar="SPANS",
            help="How long to wait before each retry, like 1s,2s,4s.",
            show_default="10s,60s,5m,30m,2h",
            rich_help_panel="Retries",
        ),
    ] = None,
    speed: firing.Speed = "1x",
    slow: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="How long the body of slow-body takes to come.",
            rich_help_panel="Handler",
        ),
    ] = "2s",
    header: firing.Header = None,
    deadline: firing.Deadline = "5s",
    cacert: firing.CaCert = None,
    skip_tls_verify: firing.SkipTlsVerify = False,
    yes_remote: firing.YesRemote = False,
) -> None:
    """Fire a sample event at your handler, signed as Gooclaim does, or broken.

    See what a handler gets wrong: gooclaim send-test --fault all --to 3000
    """
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli import shooting
    from gooclaim_cli.firing.jobs import Job, faults_of
    from gooclaim_cli.firing.range import Conditions
    from gooclaim_cli.firing.samples import Recipe, check_type
    from gooclaim_cli.firing.shots import Signer
    from gooclaim_cli.fixtures import parse_setting
    from gooclaim_cli.wire.retrying import RETRY_SCHEDULE

    firing.refuse_together(retry=retry, fault=fault)
    firing.refuse_together(retry=retry, **{"dry-run": dry_run, "as": print_as})
    firing.refuse_together(fixture=fixture, **{"body-file": body_file})
    if event_type is None and not (fixture or body_file or fault):
        raise UsageError(
            "nothing says which event to send",
            "write its type: gooclaim send-test workflow.completed; gooclaim events lists them",
        )
    if event_type is not None:
        check_type(event_type)
    known = settings_module.load({"profile": profile})
    recipe = Recipe(
        event_type=event_type,
        tenant_id=known.tenant_id,
        template=firing.read_template(fixture),
        body=firing.read_input(body_file, "--body-file") if body_file else None,
        settings=tuple(map(parse_setting, settings or ())),
        event_id=event_id,
        idempotency_key=idempotency_key,
    )
    aim = firing.aim_at(recipe.type_named, to, known)
    if aim.session is not None and aim.session.tenant_id:
        recipe = dataclasses.replace(recipe, tenant_id=aim.session.tenant_id)
    secret = firing.secret_for(aim, secret_file, known)
    firing.permit(aim, secret, known, yes_remote=yes_remote)
    job = Job(
        recipe,
        Signer(secret, known.signed_content),
        faults=faults_of(fault or ()),
        seed=seed,
        slow=options.seconds("--slow", slow, zero=True),
    )
    conditions = Conditions(
        to=aim.url,
        deadline=options.seconds("--deadline", deadline),
        schedule=RETRY_SCHEDULE
        if retry_schedule is None
        else options.schedule("--retry-schedule", retry_schedule),
        speed=firing.read_speed(speed),
        replace=tuple(map(options.header, header or ())),
    )
    if dry_run or print_as:
        shooting.show_requests(job, conditions, print_as, as_json=as_json)
        return
    tls = firing.tls_for([aim.url], cacert, verify=not skip_tls_verify)
    raise typer.Exit(shooting.shoot(job, conditions, tls, retry=retry, as_json=as_json))
