"""What a program reads of a load. The objects' names are those of the machine output: stable."""

from typing import Any, TextIO

from gooclaim_cli.load.histogram import Histogram
from gooclaim_cli.load.judging import expected
from gooclaim_cli.load.report import Report
from gooclaim_cli.load.tally import Judged
from gooclaim_cli.render.json_lines import rfc3339, write_object


class JsonLoadBoard:
    """A `progress` now and then, then a `load`, then the `summary` of every send-test."""

    every = 1.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def tell(self, report: Report) -> None:
        """Write how far it is."""
        write_object(progress_object(report), self._stream)

    def close(self) -> None:
        """Nothing was opened."""

    def end(self, report: Report) -> None:
        """Write what it came to."""
        write_object(load_object(report), self._stream)
        write_object(summary_object(report), self._stream)


def progress_object(report: Report) -> dict[str, Any]:
    """The `progress` of the machine output."""
    tally = report.tally
    return {
        "kind": "progress",
        "at": rfc3339(report.at),
        "count": report.plan.count,
        "sent": tally.sent,
        "done": tally.done,
        "wrong": tally.wrong,
        "per_second": round(report.rate, 1),
        "latency": _times(tally.latency),
    }


def load_object(report: Report) -> dict[str, Any]:
    """The `load` of the machine output."""
    plan, tally = report.plan, report.tally
    return {
        "kind": "load",
        "at": rfc3339(report.at),
        "to": report.to,
        "count": plan.count,
        "sent": tally.sent,
        "done": tally.done,
        "interrupted": report.interrupted,
        "held": report.held,
        "seconds": round(report.seconds, 3),
        "rate": plan.rate,
        "per_second": round(report.rate, 1),
        "concurrency": plan.connections,
        "own_share": round(report.own_share, 2),
        "latency": _times(tally.latency),
        "service": _times(tally.service),
        "histogram": [
            {"from_ms": _ms(low), "to_ms": _ms(high), "count": count}
            for low, high, count in tally.latency.rows()
        ],
        "statuses": {str(status): tally.statuses[status] for status in sorted(tally.statuses)},
        "errors": {failure.value: count for failure, count in tally.failures.most_common()},
        "event_types": dict(tally.event_types.most_common()),
        "judged": [_judged(sent, judged) for sent, judged in report.judged()],
    }


def summary_object(report: Report) -> dict[str, Any]:
    """The `summary` of the machine output: as of every send-test."""
    tally = report.tally
    return {
        "kind": "summary",
        "at": rfc3339(report.at),
        "forwarded": tally.done,
        "held": tally.held,
        "failed": tally.wrong,
    }


def _judged(sent: str, judged: Judged) -> dict[str, Any]:
    return {
        "sent": sent,
        "expected": expected(judged.what),
        "count": judged.count,
        "held": judged.held,
        "wrong": {
            "no_answer" if status is None else str(status): count
            for status, count in judged.wrong.most_common()
        },
    }


def _times(histogram: Histogram) -> dict[str, float] | None:
    """Milliseconds; None where nothing was answered."""
    if not histogram.count:
        return None
    return {
        "p50": _ms(histogram.percentile(50)),
        "p90": _ms(histogram.percentile(90)),
        "p99": _ms(histogram.percentile(99)),
        "max": _ms(histogram.longest),
        "mean": _ms(histogram.mean),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
