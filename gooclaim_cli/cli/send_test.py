"""`gooclaim send-test`: fire a sample event at a handler, whole or broken."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli import load_options, options, story_options
from gooclaim_cli.cli.together import alone, only_with

if TYPE_CHECKING:
    from gooclaim_cli.firing.samples import Recipe

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _faults(incomplete: str) -> list[str]:
    from gooclaim_cli.firing.faults import Fault

    return [name for name in (*Fault, "all") if name.startswith(incomplete)]


@app.command()
def send_test(
    context: typer.Context,
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
            help="Break it; all fires each fault and shows a table. Repeatable. There are"
            " bad-signature, malformed-signature, no-signature, wrong-secret, tampered-body, stale,"
            " future, no-timestamp, malformed-timestamp, type-mismatch, not-json, truncated,"
            " missing-member, unknown-member, unknown-type, huge, slow-body, duplicate,"
            " concurrent-duplicates, reordered, retry-after-refusal.",
            autocompletion=_faults,
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try again as Gooclaim does, until it is taken.")
    ] = False,
    watch: Annotated[
        list[Path] | None,
        typer.Option(
            "--watch",
            metavar="PATH",
            help="Send again when this file or folder changes, and show how the answer differs."
            " Repeatable.",
        ),
    ] = None,
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
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario",
            metavar="NAME|FILE",
            help="Play a story of several events; gooclaim scenario list shows them.",
            autocompletion=story_options.scenarios,
        ),
    ] = None,
    as_json: options.AsJson = False,
    junit: story_options.Junit = None,
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
            rich_help_panel="Pace",
        ),
    ] = None,
    speed: firing.Speed = "1x",
    step: story_options.Step = False,
    longest_wait: story_options.LongestWait = "3s",
    settle: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="With --watch: how long after a change the handler may begin its restart.",
            rich_help_panel="Handler",
        ),
    ] = "2s",
    slow: firing.Slow = "2s",
    header: firing.Header = None,
    deadline: firing.Deadline = "5s",
    cacert: options.CaCert = None,
    skip_tls_verify: options.SkipTlsVerify = False,
    yes_remote: firing.YesRemote = False,
    count: load_options.Count = None,
    concurrency: load_options.Concurrency = None,
    rate: load_options.Rate = None,
    mix: load_options.MixOf = None,
    duplicates: load_options.Duplicates = None,
    faults: load_options.Faults = None,
) -> None:
    """Fire a sample event at your handler, signed as Gooclaim does, or broken.

    See what a handler gets wrong: gooclaim send-test --fault all --to 3000

    See how it does on a busy day: gooclaim send-test --count 10000 --rate 500/s --to 3000
    """
    if scenario is not None:
        alone(context, "--scenario", *story_options.BESIDE)
        raise typer.Exit(story_options.play(scenario, context.params))
    only_with("--scenario", step=step, junit=junit, longest_wait=longest_wait != "3s")
    if count is not None:
        alone(context, "--count", *load_options.BESIDE)
        raise typer.Exit(load_options.load(context.params))
    load_options.refuse_without_count(context.params)
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli import shooting
    from gooclaim_cli.cli.recipes import RecipeOptions
    from gooclaim_cli.firing.jobs import Job, faults_of
    from gooclaim_cli.firing.range import Conditions
    from gooclaim_cli.firing.shots import Signer

    firing.refuse_together(retry=retry, fault=fault)
    firing.refuse_together(retry=retry, watch=watch, **{"dry-run": dry_run, "as": print_as})
    event = RecipeOptions(
        event_type=event_type,
        fixture=fixture,
        body_file=body_file,
        settings=settings or (),
        event_id=event_id,
        idempotency_key=idempotency_key,
        any_type=bool(fault),
    )
    firing.read_once(fixture, body_file, secret_file)
    known = settings_module.load({"profile": profile})
    recipe = event.read(known.tenant_id)
    aim = firing.aim_at(recipe.type_named, to, known, f"send-test {recipe.type_named}")
    tenant_id = aim.session.tenant_id if aim.session else known.tenant_id
    secret = firing.secret_for(aim, secret_file, known)
    firing.permit(aim, secret, known, yes_remote=yes_remote)

    def job(recipe: "Recipe") -> Job:
        return Job(
            dataclasses.replace(recipe, tenant_id=tenant_id),
            Signer(secret, known.signed_content),
            faults=faults_of(fault or ()),
            seed=seed,
            slow=options.seconds("--slow", slow, zero=True),
            new_keys=bool(watch),
        )

    conditions = Conditions(
        to=aim.url,
        deadline=options.seconds("--deadline", deadline),
        schedule=firing.read_schedule(retry_schedule),
        speed=firing.read_speed(speed),
        replace=tuple(map(options.header, header or ())),
    )
    if dry_run or print_as:
        shooting.show_requests(job(recipe), conditions, print_as, as_json=as_json)
        return
    tls = firing.tls_for([aim.url], cacert, verify=not skip_tls_verify)
    if not watch:
        done = shooting.shoot(job(recipe), conditions, tls, retry=retry, as_json=as_json)
        raise typer.Exit(done)
    from gooclaim_cli.cli.watching import Watch, keep_firing

    watched = Watch(
        paths=tuple(watch),
        events=event.files,
        settle=options.seconds("--settle", settle, zero=True),
        as_json=as_json,
    )
    raise typer.Exit(
        keep_firing(lambda: job(event.read(known.tenant_id)), conditions, tls, watched)
    )
