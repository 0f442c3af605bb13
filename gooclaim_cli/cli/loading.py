"""Running a load, and showing it."""

import asyncio
import sys
import time
from typing import Protocol

from gooclaim_cli.cli.consoles import error_console, output_console
from gooclaim_cli.cli.running import end_on_signals, run
from gooclaim_cli.errors import ExitCode
from gooclaim_cli.firing.range import Conditions
from gooclaim_cli.load.report import Report
from gooclaim_cli.load.running import Load

clock = time.time


class Board(Protocol):
    """Is told how far a load is, `every` so many seconds, and what it came to; asks nothing."""

    every: float

    def tell(self, report: Report) -> None:
        """Show how far it is."""

    def close(self) -> None:
        """Show no more of that."""

    def end(self, report: Report) -> None:
        """Show what it came to."""


def fire(load: Load, conditions: Conditions, *, as_json: bool) -> ExitCode:
    """Send a load and show what became of it.

    INTERRUPTED where it was stopped, REFUSED where an answer was not right. Raises GooclaimError
    where nothing answers at all.
    """
    board = _board(as_json=as_json)
    run(_watched(load, conditions, board))
    report = _report(load, conditions)
    board.end(report)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if report.held else ExitCode.REFUSED


def _board(*, as_json: bool) -> Board:
    if as_json:
        from gooclaim_cli.render.load_objects import JsonLoadBoard

        return JsonLoadBoard(sys.stdout)
    from gooclaim_cli.render.load_board import LoadBoard

    return LoadBoard(output_console(), error_console())


async def _watched(load: Load, conditions: Conditions, board: Board) -> None:
    end_on_signals(load.stop, lambda: "what was sent is sent; nothing else is left")
    running = asyncio.create_task(load.run())
    try:
        while not (await asyncio.wait({running}, timeout=board.every))[0]:
            board.tell(_report(load, conditions))
        await running
    finally:
        board.close()
        running.cancel()


def _report(load: Load, conditions: Conditions) -> Report:
    return Report(
        at=clock(),
        to=conditions.to,
        plan=load.plan,
        tally=load.tally,
        seconds=load.seconds,
        deadline=conditions.deadline,
        own_share=load.own_share,
        interrupted=load.interrupted,
    )
