"""Who shows a load to a person: a bar while it runs, on a terminal, and the report at its end."""

from typing import TYPE_CHECKING, Final

from rich.console import Console

from gooclaim_cli.load.report import Report
from gooclaim_cli.render.load import show_report, span

if TYPE_CHECKING:
    from rich.progress import Progress

_SLIM: Final = 64  # columns: with fewer, a bar takes the room of the numbers


class LoadBoard:
    """`bar` is the console of the bar, `console` that of the report."""

    every = 0.25  # drawing takes some milliseconds, in which no answer is noticed

    def __init__(self, console: Console, bar: Console) -> None:
        self._console = console
        self._is_slim = bar.width < _SLIM
        self._bar = _bar(bar, slim=self._is_slim) if bar.is_terminal else None
        self._task = None if self._bar is None else self._bar.add_task("", status="")

    def tell(self, report: Report) -> None:
        """Show how far it is."""
        if self._bar is None or self._task is None:
            return
        tally = report.tally
        status = f"{report.rate:,.0f}/s"
        if not self._is_slim:
            status += f"  p99 {span(tally.latency.percentile(99))}"
        if tally.wrong:
            status += f"  {tally.wrong:,} wrong"
        self._bar.start()
        self._bar.update(self._task, completed=tally.done, total=report.plan.count, status=status)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def end(self, report: Report) -> None:
        """Show what it came to."""
        show_report(report, self._console)


def _bar(console: Console, *, slim: bool) -> "Progress":
    """With little room, the numbers alone."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console.width -= len("^C ")  # where a terminal echoes it, the line must not grow beyond its end
    return Progress(
        *(() if slim else (BarColumn(bar_width=None),)),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        auto_refresh=False,
        expand=not slim,
    )
