"""`gooclaim replay`: send recorded deliveries to a handler again."""

from pathlib import Path
from typing import Annotated

import typer

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli import options
from gooclaim_cli.cli.history_filters import EventType, Since, since_time
from gooclaim_cli.errors import ExitCode

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def replay(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID|FILE",
            help="Ids of the history (their beginning or end will do), or saved deliveries: files,"
            " folders, globs, - for standard input.",
        ),
    ] = None,
    to: firing.To = None,
    last: Annotated[bool, typer.Option("--last", help="The newest delivery.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Those that no handler has taken.")
    ] = False,
    event_type: EventType = None,
    since: Since = None,
    verbatim: Annotated[
        bool,
        typer.Option(
            "--verbatim",
            help="Send the recorded signature and timestamp, not fresh ones.",
            rich_help_panel="Signing",
        ),
    ] = False,
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key", help="Give each a new idempotency key.", rich_help_panel="Signing"
        ),
    ] = False,
    profile: options.Profile = None,
    secret_file: firing.SecretFile = None,
    interval: Annotated[
        str,
        typer.Option(metavar="SPAN", help="The gap between starts.", rich_help_panel="Pace"),
    ] = "0s",
    as_recorded: Annotated[
        bool,
        typer.Option(
            "--as-recorded", help="The gaps with which they came.", rich_help_panel="Pace"
        ),
    ] = False,
    speed: firing.Speed = "1x",
    concurrency: Annotated[
        int,
        typer.Option(min=1, max=256, help="So many at a time.", rich_help_panel="Pace"),
    ] = 1,
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="Compare each answer with the recorded one; 1 where one differs."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask, however many there are.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and send nothing.")
    ] = False,
    print_as: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="curl|httpie|python|pytest",
            help="Print a command that sends the same without gooclaim. pytest: write a test that"
            " pins what was answered.",
        ),
    ] = None,
    as_json: options.AsJson = False,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FOLDER", help="Where a test is written.", rich_help_panel="Test"
        ),
    ] = Path(),
    keep_data: Annotated[
        bool,
        typer.Option(
            "--keep-data",
            help="Keep the exact bytes in a test: real ids and hashes.",
            rich_help_panel="Test",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a test that exists.", rich_help_panel="Test"),
    ] = False,
    header: firing.Header = None,
    deadline: firing.Deadline = "5s",
    cacert: options.CaCert = None,
    skip_tls_verify: options.SkipTlsVerify = False,
    yes_remote: firing.YesRemote = False,
) -> None:
    """Send recorded deliveries to your handler again, signed anew.

    What failed meanwhile: gooclaim replay --failed --since 2h
    """
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli import replays
    from gooclaim_cli.firing.range import Conditions
    from gooclaim_cli.firing.replaying import Pace
    from gooclaim_cli.firing.selecting import Wanted

    firing.refuse_together(verbatim=verbatim, **{"new-key": new_key})
    firing.refuse_together(**{"interval": interval != "0s", "as-recorded": as_recorded})
    firing.refuse_together(**{"as": print_as, "dry-run": dry_run, "diff": diff})
    firing.read_once(*(Path(each) for each in what or ()), secret_file)
    known = settings_module.load({"profile": profile})
    wanted = Wanted(event_type=event_type, since=since_time(since), last=last, failed=failed)
    originals = replays.select(tuple(what or ()), wanted, known)
    aims = replays.aims_for(originals, to, known)
    if print_as == "pytest":
        for aim in aims:
            firing.permit(aim, None, known, yes_remote=yes_remote)
        from gooclaim_cli.cli import pins

        made = pins.pins(originals, aims, known, keep_data=keep_data)
        pins.write_pins(made, out, force=force, as_json=as_json)
        return
    manner = replays.manner_for(aims[0], secret_file, known, verbatim=verbatim, new_key=new_key)
    for aim in aims:
        secret = manner.signer.secret if manner.signer else None
        firing.permit(aim, secret, known, yes_remote=yes_remote)
    plan = replays.Plan(
        originals=originals,
        aims=aims,
        manner=manner,
        pace=Pace(
            interval=options.seconds("--interval", interval, zero=True),
            as_recorded=as_recorded,
            speed=firing.read_speed(speed),
            at_once=concurrency,
        ),
        conditions=Conditions(
            to="",  # each has its own
            deadline=options.seconds("--deadline", deadline),
            replace=tuple(map(options.header, header or ())),
        ),
    )
    if print_as is not None:
        replays.print_commands(plan, print_as, as_json=as_json)
        return
    if not plan.settle(as_json=as_json, dry_run=dry_run, yes=yes):
        raise typer.Exit(ExitCode.OK if dry_run else ExitCode.REFUSED)
    tls = firing.tls_for(plan.targets, cacert, verify=not skip_tls_verify)
    raise typer.Exit(replays.run(plan, known, tls, as_json=as_json, diff=diff))
