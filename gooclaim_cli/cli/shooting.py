"""Running what `send-test` is asked for, and showing it."""

import asyncio
import ssl
import sys
import time
from random import SystemRandom

from gooclaim_cli.cli.consoles import output_console
from gooclaim_cli.errors import ExitCode, UsageError
from gooclaim_cli.firing.jobs import Job, retry_job, run_job
from gooclaim_cli.firing.range import Conditions, Fired, Range, outgoing_for
from gooclaim_cli.render.json_lines import write_object
from gooclaim_cli.render.scoreboard import (
    AttemptScoreboard,
    FullScoreboard,
    JsonScoreboard,
    Scoreboard,
    TableScoreboard,
)
from gooclaim_cli.sending import Sender


def shoot(
    job: Job, conditions: Conditions, tls: ssl.SSLContext | None, *, retry: bool, as_json: bool
) -> ExitCode:
    """Fire and show what became of it; REFUSED where the handler did not do what is right."""
    board = board_for(job, conditions, retry=retry, as_json=as_json)
    volleys = asyncio.run(fire(job, conditions, tls, board, retry=retry))
    board.end(volleys)
    counted = volleys[-1:] if retry else volleys  # earlier attempts may fail
    held = all(each.held for volley in counted for each in volley)
    return ExitCode.OK if held else ExitCode.REFUSED


def board_for(job: Job, conditions: Conditions, *, retry: bool, as_json: bool) -> Scoreboard:
    """Who shows what is fired."""
    if as_json:
        return JsonScoreboard(sys.stdout)
    if len(job.faults) > 1:
        return TableScoreboard(output_console())
    return (AttemptScoreboard if retry else FullScoreboard)(output_console(), conditions.attempts)


async def fire(
    job: Job,
    conditions: Conditions,
    tls: ssl.SSLContext | None,
    board: Scoreboard,
    *,
    retry: bool = False,
) -> list[tuple[Fired, ...]]:
    """Fire, show each volley as it is answered, and return all of them. Raises GooclaimError."""
    volleys = []
    async with Sender(tls=tls) as sender:
        to = Range(conditions, sender, random=SystemRandom(), tls=tls)
        async for volley in (retry_job if retry else run_job)(job, to):
            volleys.append(volley)
            board.show(volley)
    return volleys


def show_requests(job: Job, conditions: Conditions, program: str | None, *, as_json: bool) -> None:
    """Print what would be sent, or what sends it without us. Raises UsageError."""
    from gooclaim_cli.render.escape import visible
    from gooclaim_cli.render.requests import As, request_bytes, request_object, write_command

    if program is not None and program not in tuple(As):
        raise UsageError(f"--as {program!r} is unknown", f"choose from {', '.join(As)}")
    volleys = [job.volley(fault) for fault in job.faults]
    for volley in volleys:
        if program is not None and (volley.at_once or any(shot.slow for shot in volley.shots)):
            raise UsageError(
                f"no command of {program} does what {volley.fault} is: it is a matter of time",
                "leave out --as",
            )
    for volley in volleys:
        for shot in volley.shots:
            outgoing = outgoing_for(shot, conditions)
            if program is not None:
                write_command(As(program), outgoing, sys.stdout, as_json=as_json, at=time.time())
            elif as_json:
                write_object(request_object(outgoing, volley.fault, at=time.time()), sys.stdout)
            elif sys.stdout.isatty():
                text = request_bytes(outgoing).decode("utf-8", "backslashreplace")
                sys.stdout.write(visible(text.replace("\r\n", "\n"), newlines=True) + "\n")
            else:
                sys.stdout.flush()
                sys.stdout.buffer.write(request_bytes(outgoing) + b"\n")
