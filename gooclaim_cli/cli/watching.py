"""`send-test --watch`: firing again when the event or the handler has changed, until Ctrl-C."""

import asyncio
import contextlib
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gooclaim_cli.cli.consoles import error_console, output_console
from gooclaim_cli.cli.shooting import board_for, fire
from gooclaim_cli.errors import ExitCode, GooclaimError, UsageError
from gooclaim_cli.firing.differences import Answer, differences
from gooclaim_cli.firing.jobs import Job
from gooclaim_cli.firing.range import Conditions, Fired
from gooclaim_cli.firing.watching import changes, until_back
from gooclaim_cli.render.watching import WatchLines, WatchObjects, WatchTeller

_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is watched. `events`: files that make the event, which no handler restarts for.

    `settle` is the seconds within which a handler begins to restart, `patience` those within which
    it must be back. Raises UsageError.
    """

    paths: tuple[Path, ...]
    events: tuple[Path, ...]
    settle: float
    as_json: bool
    patience: float = _PATIENCE

    def __post_init__(self) -> None:
        if Path("-") in self.events:
            raise UsageError(
                "standard input cannot be watched", "give the event in a file, or leave --watch out"
            )


def keep_firing(
    make: Callable[[], Job],
    conditions: Conditions,
    tls: ssl.SSLContext | None,
    watch: Watch,
) -> ExitCode:
    """Fire now and at every change; Ctrl-C is the way to end it. Raises GooclaimError."""
    teller: WatchTeller = (
        WatchObjects(sys.stdout) if watch.as_json else WatchLines(output_console(), error_console())
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_keep_firing(make, conditions, tls, watch, teller))
    return ExitCode.OK


async def _keep_firing(
    make: Callable[[], Job],
    conditions: Conditions,
    tls: ssl.SSLContext | None,
    watch: Watch,
    teller: WatchTeller,
) -> None:
    events = frozenset(each.resolve() for each in watch.events)
    job: Job | None = make()
    last: list[Answer] = []
    async with changes((*watch.paths, *watch.events)) as changed:
        while True:
            if job is not None:
                last = await _fire_once(job, conditions, tls, last, teller, watch.as_json)
            teller.waiting(at=time.time())
            paths = await changed.next()
            teller.changed(sorted(paths), at=time.time())
            job = None
            try:
                loaded = make()
                if not paths <= events:
                    await until_back(
                        conditions.to, begins_within=watch.settle, patience=watch.patience
                    )
                job = loaded
            except GooclaimError as error:  # told; the next change may mend it
                teller.problem(error, at=time.time())


async def _fire_once(
    job: Job,
    conditions: Conditions,
    tls: ssl.SSLContext | None,
    last: Sequence[Answer],
    teller: WatchTeller,
    as_json: bool,
) -> list[Answer]:
    """Fire, and tell what differs from the last answers; return these."""
    board = board_for(job, conditions, retry=False, as_json=as_json)
    try:
        volleys = await fire(job, conditions, tls, board)
    except GooclaimError as error:
        teller.problem(error, at=time.time())
        return []
    board.end(volleys)
    fired = [each for volley in volleys for each in volley]
    answers = [_answer(each) for each in fired]
    if len(answers) == len(last):
        for shot, before, after in zip(fired, last, answers, strict=True):
            teller.differs(shot.fault, differences(before, after), at=time.time())
    return answers


def _answer(fired: Fired) -> Answer:
    return Answer(fired.outcome.status, fired.outcome.headers, fired.outcome.body)
