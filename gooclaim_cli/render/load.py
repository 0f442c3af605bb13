"""How a load is shown to a person: a table of times, a histogram, and what was right."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.load.histogram import Histogram
from gooclaim_cli.load.report import Report
from gooclaim_cli.load.tally import Judged
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.terminal import facts, fold_width, wrap_words, write_lines
from gooclaim_cli.wire.handling import HANDLING, Arriving

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_PERCENTS: Final = (50, 90, 99)
_WIDE: Final = 80
_KINDS: Final = {
    Arriving.REPEATED: "repeated later",
    Arriving.REPEATED_AT_ONCE: "two at once",
    Arriving.RETRIED: "sent after a failure",
}


def show_report(report: Report, console: Console) -> None:
    """Write what a load came to."""
    width = fold_width(console) or _WIDE
    lines = facts(_facts(report), width=width)
    if report.tally.latency.count:
        lines += [Text(), *_times(report), Text(), *_histogram(report.tally.latency, console)]
    lines += [Text(), *_answers(report, width), Text(), *_judged(report, width), Text()]
    lines += [Text(_verdict(report), style="green" if report.held else "red")]
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


def _times(report: Report) -> Iterator[Text]:
    heading = "".join(f"p{percent}".rjust(10) for percent in _PERCENTS) + "max".rjust(10)
    yield Text(f"{'':8}{heading}", style="dim")
    yield _row("Latency", report.tally.latency, "from when it was due")
    if report.plan.rate is not None:
        yield _row("Service", report.tally.service, "from when it was sent")


def _row(label: str, histogram: Histogram, meaning: str) -> Text:
    times = [histogram.percentile(percent) for percent in _PERCENTS] + [histogram.longest]
    row = "".join(span(each).rjust(10) for each in times)
    return Text(f"{label:8}{row}  ").append(meaning, style="dim")


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


def _answers(report: Report, width: int) -> Iterator[Text]:
    tally = report.tally
    yield Text(f"{'ANSWER':20}  {'REQUESTS':>8}", style="dim")
    for status in sorted(tally.statuses):
        yield Text(_share(str(status), tally.statuses[status], tally.done))
    for failure, count in tally.failures.most_common():
        said = visible(tally.messages[failure] or failure.value)
        line = f"{_share('none', count, tally.done)}  {said}"
        yield from _wrapped(line, width, hanging=41, style="red")


def _share(label: str, count: int, done: int) -> str:
    return f"{label:20}  {count:>8,}  {count / done * 100:5.1f} %"


def _judged(report: Report, width: int) -> Iterator[Text]:
    yield Text(f"{'SENT':20}  {'REQUESTS':>8}  {'HELD':>8}  {'RIGHT':15}  NOT SO", style="dim")
    for sent, judged in report.judged():
        label = _KINDS.get(judged.what, sent)
        line = f"{label:20}  {judged.count:>8,}  {judged.held:>8,}  "
        line += f"{HANDLING[judged.what].status:15}"
        if judged.held < judged.count:
            yield from _wrapped(f"{line}  {_wrong(judged)}", width, hanging=59, style="red")
        else:
            yield Text(line)


def _wrapped(line: str, width: int, *, hanging: int, style: str) -> Iterator[Text]:
    yield from (Text(each, style) for each in wrap_words(line, width=width, hanging=" " * hanging))


def _wrong(judged: Judged) -> str:
    return ", ".join(
        f"{'no answer' if status is None else status}: {count:,}"
        for status, count in judged.wrong.most_common()
    )


def _verdict(report: Report) -> str:
    tally = report.tally
    stopped = "Stopped. " if report.interrupted else ""
    judged = tally.held + tally.wrong
    if not tally.wrong and judged:
        return f"{stopped}All {judged:,} were answered as a correct handler answers."
    return f"{stopped}{tally.held:,} of {judged:,} were answered as a correct handler answers."


def _notes(report: Report) -> Iterator[str]:
    tally = report.tally
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
