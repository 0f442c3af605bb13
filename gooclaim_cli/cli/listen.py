"""`gooclaim listen`: receive events, verify and show them, forward them to a handler."""

from pathlib import Path
from typing import Annotated

import typer

from gooclaim_cli.cli import options, registration_options, tunnel_options

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def listen(
    context: typer.Context,
    forward_to: Annotated[
        list[str] | None,
        typer.Option(
            "--forward-to",
            "-f",
            metavar="[PATTERN=]ADDRESS",
            help="Your handler: 3000, :3000/hooks, localhost:3000/hooks or a URL. Repeatable, with"
            " a pattern of event types in front: 'pending_docs.*=:3000/docs'; the first that fits"
            " is taken.",
        ),
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Use a local Gooclaim: no account, no internet."),
    ] = False,
    events: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="Show and forward only these event types, like 'workflow.*'. The rest is stored"
            " and answered 200.",
        ),
    ] = "*",
    print_body: Annotated[
        bool,
        typer.Option("--print-body", help="Show headers and bodies too.", rich_help_panel="Output"),
    ] = False,
    as_json: options.AsJson = False,
    ready_file: options.ReadyFile = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header",
            "-H",
            metavar="'NAME: VALUE'",
            help="Send this header to the handler, in place of one of that name. Repeatable.",
            rich_help_panel="Handler",
        ),
    ] = None,
    deadline: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="How long the handler has before Gooclaim is told 504.",
            rich_help_panel="Handler",
        ),
    ] = "5s",
    forward_duplicates: Annotated[
        bool,
        typer.Option(
            "--forward-duplicates",
            help="Forward deliveries of keys that were already processed, too.",
            rich_help_panel="Handler",
        ),
    ] = False,
    cacert: Annotated[
        Path | None,
        typer.Option(
            "--cacert",
            metavar="FILE",
            help="Trust these certificates for an https handler.",
            rich_help_panel="Handler",
        ),
    ] = None,
    skip_tls_verify: Annotated[
        bool,
        typer.Option(
            "--skip-tls-verify",
            help="Do not check the certificate of an https handler.",
            rich_help_panel="Handler",
        ),
    ] = False,
    tunnel: tunnel_options.Kind = "auto",
    public_url: tunnel_options.PublicUrl = None,
    domain: tunnel_options.Domain = None,
    region: tunnel_options.Region = None,
    inspect: tunnel_options.Inspect = False,
    probe: tunnel_options.ProbeFirst = True,
    probe_within: tunnel_options.ProbeWithin = "20s",
    register: registration_options.Register = True,
    path: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The receiver's path.",
            show_default="unguessable, the same each time",
            rich_help_panel="Receiving",
        ),
    ] = None,
    bind: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Serve plain HTTP on this address.",
            rich_help_panel="Receiving",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="Serve plain HTTP on this port.",
            show_default="a free one",
            rich_help_panel="Receiving",
        ),
    ] = 0,
    tolerance: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="How far a timestamp may be from now, either way.",
            rich_help_panel="Receiving",
        ),
    ] = "5m",
    max_body: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="BYTES",
            help="Refuse larger bodies with 413.",
            rich_help_panel="Receiving",
        ),
    ] = 1024 * 1024,
    retain: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Prune deliveries that are older, now and every hour.",
            show_default="7d",
            rich_help_panel="Receiving",
        ),
    ] = None,
    lasts: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="SPAN",
            help="End after so long, as Ctrl-C would.",
            show_default="until Ctrl-C",
            rich_help_panel="Receiving",
        ),
    ] = None,
    profile: options.Profile = None,
    api_url: options.ApiUrl = None,
    take_over: registration_options.TakeOver = False,
    take_back: registration_options.TakeBack = False,
    watch: registration_options.Watch = True,
    watch_every: registration_options.WatchEvery = "20s",
    accept_secret_rotation: registration_options.AcceptRotation = False,
    restore_within: registration_options.RestoreWithin = "10s",
    emit: options.Emit = True,
    emit_every: options.EmitEvery = "3s",
    retry_schedule: options.RetrySchedule = None,
    rotate_secret_on_put: options.RotateSecret = False,
    misbehave: options.Misbehave = None,
) -> None:
    """Receive events here: verify, show and forward them to your handler.

    Without an account: gooclaim listen --sandbox --forward-to 3000
    """
    from gooclaim_cli import settings as settings_module
    from gooclaim_cli.cli.agent_download import offer_agent
    from gooclaim_cli.cli.notices import waiting_teller
    from gooclaim_cli.cli.session import run_session
    from gooclaim_cli.credentials import with_secret
    from gooclaim_cli.known_secrets import with_told
    from gooclaim_cli.plan import ListenPlan, given_path, stable_path
    from gooclaim_cli.receiver import ReceiverOptions
    from gooclaim_cli.targets import parse_target
    from gooclaim_cli.tunnels import TunnelKind

    tunneling = tunnel_options.tunnel_options(
        kind=tunnel,
        public_url=public_url,
        domain=domain,
        region=region,
        inspect=inspect,
        probe=probe,
        probe_within=probe_within,
        sandbox=sandbox,
        as_json=as_json,
    )
    settings = settings_module.load({"api_url": api_url, "profile": profile})
    offer_agent(tunneling, settings)
    registers = register and tunneling.kind is not TunnelKind.NONE
    if registers and not sandbox:
        settings = with_secret(settings, waiting_teller(as_json=as_json))
    elif not sandbox:
        settings = with_told(settings)
    plan = ListenPlan(
        settings=settings,
        receiver=ReceiverOptions(
            path=given_path(path, registers=registers)
            if path is not None
            else stable_path(settings.places.data),
            tolerance=options.seconds("--tolerance", tolerance, zero=True),
            max_body=max_body,
            deadline=options.seconds("--deadline", deadline),
            events=events,
            forward_duplicates=forward_duplicates,
        ),
        handlers=tuple(map(parse_target, forward_to or settings.forward_to)),
        replace_headers=tuple(map(options.header, header or ())),
        cacert=cacert,
        verify_handlers=not skip_tls_verify,
        tunneling=tunneling,
        register=register,
        registering=registration_options.register_options(
            take_over=take_over,
            take_back=take_back,
            watch_every=watch_every if watch else None,
            accept_secret_rotation=accept_secret_rotation,
            restore_within=restore_within,
            as_json=as_json,
        ),
        bind=bind,
        port=port,
        sandbox=options.sandbox_options(
            emit=emit,
            emit_every=emit_every,
            retry_schedule=retry_schedule,
            rotate_secret_on_put=rotate_secret_on_put,
            misbehave=misbehave,
            # Its own deadline is a little behind ours: what we answer at ours still arrives.
            deadline=options.seconds("--deadline", deadline) + 0.5,
        )
        if sandbox
        else None,
        retain=settings.history_retain if retain is None else options.seconds("--retain", retain),
        lasts=None if lasts is None else options.seconds("--for", lasts),
    )
    debug: bool = context.find_root().params["debug"]
    code = run_session(
        plan, as_json=as_json, print_body=print_body, ready_file=ready_file, debug=debug
    )
    raise typer.Exit(code)
