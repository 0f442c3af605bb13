"""`gooclaim listen`: receive events, verify and show them, forward them to a handler."""

import typer

from gooclaim_cli.cli import (
    listen_options,
    options,
    registration_options,
    sharing_options,
    tunnel_options,
)

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def listen(
    context: typer.Context,
    forward_to: listen_options.ForwardTo = None,
    sandbox: listen_options.Sandbox = False,
    events: listen_options.Events = "*",
    print_body: listen_options.PrintBody = False,
    verbose: sharing_options.Verbose = False,
    as_json: options.AsJson = False,
    ready_file: options.ReadyFile = None,
    header: listen_options.Header = None,
    deadline: listen_options.Deadline = "5s",
    forward_duplicates: listen_options.ForwardDuplicates = False,
    cacert: options.CaCert = None,
    skip_tls_verify: options.SkipTlsVerify = False,
    tunnel: tunnel_options.Kind = "auto",
    public_url: tunnel_options.PublicUrl = None,
    domain: tunnel_options.Domain = None,
    region: tunnel_options.Region = None,
    inspect: tunnel_options.Inspect = False,
    probe: tunnel_options.ProbeFirst = True,
    probe_within: tunnel_options.ProbeWithin = "20s",
    register: registration_options.Register = True,
    path: listen_options.ReceiverPath = None,
    bind: listen_options.Bind = "127.0.0.1",
    port: listen_options.Port = 0,
    tolerance: listen_options.Tolerance = "5m",
    max_body: listen_options.MaxBody = None,
    retain: listen_options.Retain = None,
    lasts: listen_options.Lasts = None,
    pass_on: sharing_options.PassOn = False,
    answer_from: sharing_options.Answers = None,
    copy_to: sharing_options.CopyTo = None,
    live: sharing_options.Live = False,
    yes: sharing_options.Yes = None,
    keep_bodies: sharing_options.KeepBodies = False,
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
    scenario: listen_options.Story = None,
    speed: listen_options.StorySpeed = "1x",
    longest_wait: listen_options.StoryWait = "3s",
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
    terms = sharing_options.settle(
        settings,
        sharing_options.Asked(
            pass_on=pass_on,
            answer_from=answer_from,
            copy_to=copy_to or (),
            live=live,
            yes=yes,
            keep_bodies=keep_bodies,
            max_body=max_body,
            lasts=lasts,
            accept_secret_rotation=accept_secret_rotation,
        ),
        sandbox=sandbox,
        registers=registers,
        can_ask=not as_json,
    )
    if registers and not sandbox:
        settings = with_secret(settings, waiting_teller(as_json=as_json))
    elif not sandbox:
        settings = with_told(settings)
    story = listen_options.story_plan(scenario, speed, longest_wait, plays=sandbox and registers)
    plan = ListenPlan(
        settings=settings,
        receiver=ReceiverOptions(
            path=given_path(path, registers=registers)
            if path is not None
            else stable_path(settings.places.data),
            tolerance=options.seconds("--tolerance", tolerance, zero=True),
            max_body=terms.max_body,
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
            emit=emit and story is None,
            emit_every=emit_every,
            retry_schedule=retry_schedule,
            rotate_secret_on_put=rotate_secret_on_put,
            misbehave=misbehave,
            data=settings.places.data,
            # Its own deadline is a little behind ours: what we answer at ours still arrives.
            deadline=options.seconds("--deadline", deadline) + 0.5,
        )
        if sandbox
        else None,
        story=story,
        retain=settings.history_retain if retain is None else options.seconds("--retain", retain),
        lasts=terms.lasts,
        live=live,
        sharing=terms.sharing,
        keep_bodies=terms.keep_bodies,
    )
    code = run_session(
        plan,
        as_json=as_json,
        print_body=print_body,
        verbose=verbose,
        ready_file=ready_file,
        debug=context.find_root().params["debug"],
    )
    raise typer.Exit(code)
