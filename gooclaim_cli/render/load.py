"""How a load is shown to a person: a table of times, a histogram, and what was right."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.load.histogram import Histogram
from gooclaim_cli.load.report import Report
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.load_tables import answers, judged
from gooclaim_cli.render.terminal import facts, fold_width, wrap_words, write_lines
from gooclaim_cli.wire import CATALOGUE

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_PERCENTS: Final = (50, 90, 99)
_WIDE: Final = 80
_COLUMN: Final = 10
_SLIM: Final = 8


def show_report(report: Report, console: Console) -> None:
    """Write what a load came to."""
    width = fold_width(console) or _WIDE
    lines = facts(_facts(report), width=width)
    if report.tally.latency.count:
        lines += [
            Text(),
            *_times(report, width),
            Text(),
            *_histogram(report.tally.latency, console),
        ]
    lines += [Text(), *answers(report, width), Text(), *judged(report, width), Text()]
    style = "green" if report.held else "red"
    lines += [Text(each, style) for each in wrap_words(_verdict(report), width=width)]
    for note in _notes(report):
        lines += map(Text, wrap_words(note, width=width))
    write_lines(console, lines)


def span(seconds: float) -> str:
    """A time in four characters and its unit: `0.42 ms`, `4.2 ms`, `42 ms`, `1.3 s`."""
    ms = seconds * 1000
    if ms < 0.995:
        return f"{ms:.2f} ms"
    if ms < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 999.5 else f"{seconds:.1f} s"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    plan, tally = report.plan, report.tally
    asked = "" if plan.rate is None else f" ({_rate(plan.rate)}/s asked for)"
    connections = f"{plan.connections:,} connection{'s' if plan.connections > 1 else ''}"
    yield "To", visible(report.to)
    yield (
        "Sent",
        f"{tally.sent:,} of {plan.count:,} in {report.seconds:.1f} s over {connections}:"
        f" {_rate(report.rate)}/s{asked}",
    )
    types = (f"{visible(name)} {count:,}" for name, count in tally.event_types.most_common())
    yield "Events", ", ".join(types) or "none"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.3g}"


def _times(report: Report, width: int) -> Iterator[Text]:
    column = _COLUMN if width >= 8 + 4 * _COLUMN else _SLIM
    names = (*(f"p{percent}" for percent in _PERCENTS), "max")
    yield Text(f"{'':8}{''.join(name.rjust(column) for name in names)}", style="dim")
    tally = report.tally
    yield from _row("Latency", tally.latency, "from when it was due", column, width)
    if report.plan.rate is not None:
        yield from _row("Service", tally.service, "from when it was sent", column, width)


def _row(label: str, histogram: Histogram, meaning: str, column: int, width: int) -> Iterator[Text]:
    """The times, and what they are: behind them, or below where there is no room."""
    times = [histogram.percentile(percent) for percent in _PERCENTS] + [histogram.longest]
    row = Text(f"{label:8}{''.join(span(each).rjust(column) for each in times)}")
    if row.cell_len + 2 + len(meaning) <= width:
        yield row.append(f"  {meaning}", style="dim")
    else:
        yield row
        yield Text(f"  {meaning}", style="dim")


def _histogram(histogram: Histogram, console: Console) -> Iterator[Text]:
    rows = histogram.rows()
    most = max(count for _low, _high, count in rows)
    numbers = max(len(f"{most:,}"), len("REQUESTS"))
    room = min(console.width, _WIDE) - 20 - numbers - 4
    yield Text(f"{'LATENCY':20}  {'REQUESTS':>{numbers}}", style="dim")
    for low, high, count in rows:
        edges = f"{_edge(low):>7} –{_edge(high):>7}"
        bar = _bar(count, most, room, console)
        yield Text(f"{edges:20}  {count:>{numbers},}  {bar}")


def _edge(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def _bar(count: int, most: int, room: int, console: Console) -> str:
    """As long as its share; what is there at all is seen."""
    if not count:
        return ""
    try:
        _EIGHTHS.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return "#" * max(1, round(room * count / most))
    full, rest = divmod(max(1, round(room * 8 * count / most)), 8)
    return _EIGHTHS[7] * full + (_EIGHTHS[rest - 1] if rest else "")


def _verdict(report: Report) -> str:
    tally = report.tally
    stopped = "Stopped. " if report.interrupted else ""
    judged = tally.held + tally.wrong
    whole = not tally.wrong and (judged > 1 or judged == tally.sent == 1)
    of = (
        ("The one request" if judged == 1 else f"All {judged:,}")
        if whole
        else f"{tally.held:,} of {judged:,}"
    )
    was = "was" if judged == 1 else "were"
    said = f"{stopped}{of} {was} answered as a correct handler answers."
    if report.under_way:
        said += (
            f" {report.under_way:,} {'was' if report.under_way == 1 else 'were'} still under way."
        )
    if tally.done > judged:
        said += (
            f" Not judged: {tally.done - judged:,}, sent twice at once with one still under way."
        )
    return said


def _notes(report: Report) -> Iterator[str]:
    tally = report.tally
    unknown = [visible(each) for each in tally.event_types if each not in CATALOGUE]
    if unknown:
        yield f"Not in the catalogue: {', '.join(unknown)}. gooclaim events lists what is."
    if report.plan.rate is None:
        yield (
            "Without --rate, a request is due when a connection is free: while the handler stalls,"
            " few are, and the percentiles hide it."
        )
    elif report.waited:
        yield (
            "Requests were due before a connection was free: the handler, or this machine, is"
            " slower than this rate, or --concurrency is too small for it."
        )
    if report.is_slow_itself:
        yield (
            f"gooclaim itself was at work {report.own_share * 100:.0f} % of the time: some of the"
            " time told is its own. A lower --rate leaves it out."
        )
    if tally.failures and tally.latency.count < tally.done:
        yield "Requests whose connection failed or broke are in none of the times."
