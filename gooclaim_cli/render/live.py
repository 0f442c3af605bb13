"""LiveRenderer: what a person sees of a session, as it happens.

Owns the wording of everything but a delivery's line (`columns`). Events go to one console, notices
to the other; nothing is drawn over what was already shown.
"""

from typing import Final

from rich.console import Console
from rich.text import Text

from gooclaim_cli.happenings import (
    Delivered,
    HandlerAnswer,
    Happening,
    LateAnswer,
    Level,
    Notice,
    PassedOn,
    Ready,
    Summary,
    Target,
)
from gooclaim_cli.render.banner import Banner
from gooclaim_cli.render.columns import delivery_lines
from gooclaim_cli.render.errors import message_lines
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.render.layout import Layout, duration, status_style
from gooclaim_cli.render.payload import payload_lines
from gooclaim_cli.render.readiness import ready_lines
from gooclaim_cli.render.terminal import (
    facts,
    fold_width,
    glyphs_for,
    wrap_words,
    write_lines,
)
from gooclaim_cli.story_happenings import StoryBegins, StoryEnds, StoryStep

_NOTICES: Final = {
    Level.INFO: ("! ", "dim"),
    Level.WARNING: ("! warning: ", "yellow"),
    Level.ERROR: ("! error: ", "red"),
}


class LiveRenderer:
    """Shows happenings as lines for a person; colour and width are the consoles'.

    `deadline` is how long a handler may take, in seconds. With `print_body`, each delivery is
    followed by its headers and body, and by the handler's answer where that was no 2xx. With
    `verbose`, answers that do not count are shown, too.
    """

    def __init__(
        self,
        out: Console,
        err: Console,
        *,
        deadline: float,
        print_body: bool,
        verbose: bool = False,
    ) -> None:
        self._out = out
        self._err = err
        self._deadline = deadline
        self._print_body = print_body
        self._verbose = verbose
        self._banner: Banner | None = None
        self._glyphs = glyphs_for(out)
        self._began: float | None = None
        self._in_sandbox = False

    def show(self, happening: Happening) -> None:
        """Write what happened. An OSError of the stream goes through."""
        match happening:
            case Delivered():
                self._show_delivery(happening)
            case LateAnswer():
                self._write(self._out, self._late_lines(happening))
            case PassedOn():
                if self._verbose or (
                    happening.target is Target.HOME and not happening.answer.succeeded
                ):
                    self._write(self._out, self._passed_on_lines(happening))
            case Notice():
                self._write(self._err, _notice_lines(happening, self._err))
            case Ready():
                self._show_ready(happening)
            case StoryBegins() | StoryStep() | StoryEnds():
                from gooclaim_cli.render.session_story import story_lines

                width = fold_width(self._out)
                self._write(self._out, story_lines(happening, width, self._glyphs))
            case Summary():
                self._banner = None
                self._write(self._out, self._summary_lines(happening))

    def _write(self, console: Console, lines: list[Text]) -> None:
        banner = self._banner
        if banner is not None and banner.would_leave(lines):
            write_lines(self._out, banner.lines())
        write_lines(console, lines)
        if banner is not None and banner.has_left():
            write_lines(self._out, banner.lines())

    def _show_ready(self, ready: Ready) -> None:
        self._began = ready.at
        self._in_sandbox = ready.sandbox is not None
        self._write(self._out, ready_lines(ready, fold_width(self._out)))
        if ready.environment == "production":
            self._banner = Banner(ready, self._out)
            write_lines(self._out, self._banner.lines())

    def flush(self) -> None:
        """Do nothing: the consoles pass on each line themselves."""

    def _show_delivery(self, seen: Delivered) -> None:
        layout = Layout(self._out.width, self._glyphs, self._deadline)
        lines = delivery_lines(seen, layout)
        if self._print_body:
            lines += payload_lines(seen.delivery.headers, seen.delivery.body, self._out)
            if seen.handler is not None:
                lines += self._answer_lines(seen.handler)
            lines.append(Text())
        self._write(self._out, lines)

    def _answer_lines(self, answer: HandlerAnswer) -> list[Text]:
        if answer.status is None or 200 <= answer.status < 300:
            return []
        title = Text(f"    the handler answered {answer.status}", style=status_style(answer.status))
        return [Text(), title, *payload_lines(answer.headers, answer.body, self._out)]

    def _id(self, event_id: str) -> str:
        """An id as the deliveries' own lines show it."""
        return Layout(self._out.width, self._glyphs, self._deadline).event_id(event_id).rstrip()

    def _late_lines(self, late: LateAnswer) -> list[Text]:
        answer, took = late.handler, duration(late.handler.ms, self._deadline)
        if answer.status is None:
            became = f"gave up after {took} ({visible(answer.message)})"
        else:
            became = f"answered {answer.status} after {took}"
        too_late = "too late for Gooclaim" if late.counted else "after the deadline"
        return _sentence(
            f"handler of {self._id(late.event_id)} {became}: {too_late}",
            self._out,
            style="yellow",
        )

    def _passed_on_lines(self, passed: PassedOn) -> list[Text]:
        answer = passed.answer
        took = f"{answer.status} after {duration(answer.ms, self._deadline)}"
        became = f"no answer ({visible(answer.message)})" if answer.status is None else took
        whose = "home URL" if passed.target is Target.HOME else f"copy to {visible(answer.url)}"
        late = ": too late for Gooclaim" if passed.late else ""
        return _sentence(
            f"{whose}, {self._id(passed.event_id or passed.delivery_id)}: {became}{late}",
            self._out,
            style="dim" if answer.succeeded and not passed.late else "yellow",
        )

    def _summary_lines(self, summary: Summary) -> list[Text]:
        slowest = summary.slowest_ms
        slow = "" if slowest is None else f", slowest {duration(slowest, self._deadline)}"
        tries = f"{summary.forwarded} {'try' if summary.forwarded == 1 else 'tries'}:"
        tries += f" {summary.forwarded - summary.failed} taken, {summary.failed} failed"
        duplicates = (
            "1 duplicate" if summary.duplicates == 1 else f"{summary.duplicates} duplicates"
        )
        restored = {
            True: "restored: it is what it was before",
            False: "not restored: it is not what it was before",
            None: "not touched",
        }[summary.restored]
        rows = [
            (
                "Received",
                f"{summary.received}: {summary.verified} verified,"
                f" {summary.rejected} rejected, {duplicates}",
            ),
            ("Forwarded", f"{tries}{slow}"),
            *self._untaken_rows(summary),
            *(
                [("Passed on", f"{summary.passed_on}: {summary.not_taken} not taken")]
                if summary.passed_on
                else []
            ),
            ("Configuration", restored),
        ]
        return [Text(), *facts(rows, width=fold_width(self._out))]

    def _untaken_rows(self, summary: Summary) -> list[tuple[str, str]]:
        """The events that no handler took in the end, and what sends them again."""
        count = summary.failed_events
        if not count:
            return []
        events = "1 event" if count == 1 else f"{count} events"
        since = "" if self._began is None else f" --since {rfc3339(self._began)}"
        # A sandbox's secret is known to other commands while a session has one.
        when = ", while listen --sandbox runs," if self._in_sandbox else ""
        return [
            ("Not taken", f"{events}; again{when} with"),
            ("", f"gooclaim replay --failed{since}"),
        ]


def _notice_lines(notice: Notice, console: Console) -> list[Text]:
    word, style = _NOTICES[notice.level]
    return message_lines(word, notice.message, notice.hint, console, style=style)


def _sentence(text: str, console: Console, *, style: str) -> list[Text]:
    parts = wrap_words(text, width=fold_width(console), indent="  ", hanging="    ")
    return [Text(part, style=style) for part in parts]
