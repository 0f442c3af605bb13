"""`gooclaim sandbox`: a local Gooclaim for other programs."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gooclaim_cli.cli import options

if TYPE_CHECKING:
    from gooclaim_cli.sandbox import SandboxOptions
    from gooclaim_cli.wire import SignedContent

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def sandbox(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The API's port.", show_default="a free one")
    ] = 0,
    profile: options.Profile = None,
    as_json: options.AsJson = False,
    ready_file: options.ReadyFile = None,
    emit: options.Emit = True,
    emit_every: options.EmitEvery = "3s",
    retry_schedule: options.RetrySchedule = None,
    rotate_secret_on_put: options.RotateSecret = False,
    misbehave: options.Misbehave = None,
    deadline: Annotated[
        str,
        typer.Option(
            metavar="SPAN", help="How long an endpoint has to answer.", rich_help_panel="Sandbox"
        ),
    ] = "5s",
    home_url: Annotated[
        str | None,
        typer.Option(
            metavar="https://URL",
            help="A URL that is configured from the start.",
            rich_help_panel="Sandbox",
        ),
    ] = None,
    trust: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Trust endpoints with certificates of these authorities, too. Repeatable.",
            rich_help_panel="Sandbox",
        ),
    ] = None,
) -> None:
    """Run a local Gooclaim for other programs: its API and its events.

    Then, in another terminal, with the settings that it prints: gooclaim listen
    """
    from gooclaim_cli import settings
    from gooclaim_cli.cli.running import run

    loaded = settings.load({"profile": profile})
    sandbox_options = options.sandbox_options(
        emit=emit,
        emit_every=emit_every,
        retry_schedule=retry_schedule,
        rotate_secret_on_put=rotate_secret_on_put,
        misbehave=misbehave,
        data=loaded.places.data,
        port=port,
        deadline=options.seconds("--deadline", deadline),
        home_url=home_url,
        trust=tuple(trust or ()),
    )
    run(_run(sandbox_options, loaded.signed_content, as_json=as_json, ready_file=ready_file))


async def _run(
    sandbox_options: "SandboxOptions",
    content: "SignedContent",
    *,
    as_json: bool,
    ready_file: Path | None,
) -> None:
    import contextlib
    import time

    from gooclaim_cli.cli.consoles import output_console
    from gooclaim_cli.cli.running import end_on_signals
    from gooclaim_cli.cli.session import ReadyFile
    from gooclaim_cli.render import sandbox as shown
    from gooclaim_cli.render.json_lines import encode_object, write_object
    from gooclaim_cli.sandbox import OutboundDelivery, run_sandbox

    stopped = asyncio.Event()
    console = output_console()

    def observe(delivery: OutboundDelivery) -> None:
        try:
            shown.show_progress(delivery, console)
        except OSError:  # nobody reads any more
            stopped.set()

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gooclaim-"))
        file = stack.enter_context(ReadyFile(ready_file)) if ready_file else None
        async with run_sandbox(
            sandbox_options,
            folder=Path(folder),
            signed_content=content,
            observe=None if as_json else observe,
        ) as running:
            end_on_signals(stopped.set, lambda: "its data was only in memory")
            ready = shown.ready_object(running.ready, at=time.time())
            if as_json:
                write_object(ready, sys.stdout)
            else:
                shown.show_ready(running.ready, console)
            if file is not None:
                file.write(encode_object(ready))
            await stopped.wait()
