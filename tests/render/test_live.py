"""A person reads one calm line a delivery, at any width, with or without colour."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.happenings import Disposition, Handler, Happening, Level, Notice
from gooclaim_cli.render.errors import show_error
from gooclaim_cli.render.live import LiveRenderer
from gooclaim_cli.wire import CATALOGUE, Delivery, Finding, Reason

from .samples import AT, BODY, SANDBOX, answer, console, delivered, late, ready, summary, written

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def shown(happening: Happening, width: int = 80, *, body: bool = False, **options: Any) -> str:
    to = console(width, **options)
    LiveRenderer(to, to, deadline=5.0, print_body=body).show(happening)
    text = written(to)
    assert all(line == line.rstrip() for line in text.split("\n"))
    return text


def harmless(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def tail(**members: Any) -> str:
    """What stands after the event id, without the time."""
    return shown(delivered(**members)).split("7F3KX9QA ", 1)[1]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "✓ verified 200 42 ms\n"),
        ({"handler": answer(ms=4200)}, "✓ verified 200 4.2 s / 5 s\n"),
        ({"handler": answer(ms=0.2)}, "✓ verified 200 1 ms\n"),
        ({"handler": answer(ms=999.6)}, "✓ verified 200 1.0 s / 5 s\n"),
        ({"handler": None}, "✓ verified → 200\n"),
        (
            {"disposition": Disposition.RETRY, "attempt": 4},
            "✓ verified 200 42 ms try 4\n",
        ),
        (
            {"disposition": Disposition.RETRY, "attempt": 4, "handler": answer(ms=4200)},
            "✓ verified 200 4.2/5 s try 4\n",
        ),
        ({"disposition": Disposition.DUPLICATE, "handler": None}, "✓ verified duplicate\n"),
        (
            {"disposition": Disposition.IN_FLIGHT, "handler": None, "response_status": 503},
            "✓ verified in flight → 503\n",
        ),
        ({"handler": None, "response_status": None}, "✓ verified → hung up\n"),
        ({"handler": answer(500), "response_status": 500}, "✓ verified 500 42 ms\n"),
        (
            {
                "handler": answer(None, error="connection_refused", message="refused"),
                "response_status": 502,
            },
            "✓ verified → 502 refused\n",
        ),
        (
            {
                "handler": answer(
                    None, error="connection_refused", message="nothing listens on localhost:3000"
                ),
                "response_status": 502,
            },
            "✓ verified → 502\n    nothing listens on localhost:3000\n",
        ),
        (
            {
                "handler": answer(
                    None, 5000, error="deadline_exceeded", message="no answer within 5 s"
                ),
                "response_status": 504,
            },
            "✓ verified → 504 deadline\n    no answer within 5 s\n",
        ),
        (
            {
                "handler": answer(
                    None, 5000, error="deadline_exceeded", message="no answer within 5 s"
                ),
                "response_status": 504,
                "disposition": Disposition.RETRY,
                "attempt": 2,
            },
            "✓ verified try 2 → 504 deadline\n    no answer within 5 s\n",
        ),
    ],
)
def test_a_delivery_is_told_in_one_line(members: dict[str, Any], text: str) -> None:
    assert tail(**members) == text


def test_a_rejection_says_why_below_or_beside() -> None:
    findings = (
        Finding(Reason.SIGNATURE_MISMATCH, "the signature was not made with this secret"),
        Finding(Reason.TIMESTAMP_TOO_OLD, "signed 6 min 40 s ago, allowed are 5 min"),
    )
    rejected = delivered(
        disposition=Disposition.REJECTED, findings=findings, handler=None, response_status=401
    )
    assert "✗ rejected → 401\n    the signature" in shown(rejected)
    assert len(shown(rejected).splitlines()) == 3
    assert len(shown(rejected, 200).splitlines()) == 1


@pytest.mark.parametrize("event_type", CATALOGUE)
@pytest.mark.parametrize("width", [80, 100, 200])
def test_columns_are_aligned_for_every_type(event_type: str, width: int) -> None:
    line = shown(delivered(event_type=event_type), width)
    assert line.index("✓") == shown(delivered(), width).index("✓")
    assert event_type in line
    assert ("evt_01HXYZ0123456789AB7F3KX9QA" in line) == (width >= 100)


def test_a_plain_encoding_gets_words_for_marks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    to = console(file=stream)
    renderer = LiveRenderer(to, to, deadline=5.0, print_body=False)
    for happening in (delivered(), delivered(event_type="दावा"), ready()):
        renderer.show(happening)
    text = raw.getvalue().decode("ascii")
    assert "evt_~7F3KX9QA ok verified" in text
    assert "\\u0926" in text
    assert "Waiting for events - Ctrl-C" in text


def test_long_urls_stay_whole() -> None:
    url = "https://tunnel.example/" + "segment/" * 20
    text = shown(ready(public_url=url, previous_url=url, handlers=(Handler("claim.*", url),)))
    assert text.count(url) == 3
    fits = "https://localhost:41063/gooclaim-cli/3ioOUztjLCg8swVu9oljOpjaxQ-4aBns"
    text = shown(ready(public_url=fits, local_url=fits))
    assert f"\nPublic URL\n  {fits}\nTunnel  " in text
    assert f"\nLocal URL\n  {fits}\nHandler  " in text


def test_ready_says_where_everything_is() -> None:
    text = shown(ready(sandbox=SANDBOX))
    assert "Was registered  https://cms.example/webhooks (will be restored on exit)\n" in text
    assert "whsec_throwaway" in text
    assert "client-secret" not in text
    assert "Ready. Waiting for events — Ctrl-C ends and restores.\n" in text
    bare = shown(ready(handlers=(), registered=False, previous_url=None, public_url=None))
    assert "none: every verified event is answered 200 (-f 3000 forwards)\n" in bare
    assert "not looked at: nothing is registered" in bare
    assert "Ctrl-C ends.\n" in bare
    assert "nothing; ours is removed on exit" in shown(ready(previous_url=None))


def test_a_late_answer_says_that_it_was_too_late() -> None:
    assert shown(late(), 200) == (
        "  handler of evt_01HXYZ0123456789AB7F3KX9QA answered 200 after 7.3 s / 5 s:"
        " too late for Gooclaim\n"
    )
    assert shown(late()).startswith("  handler of evt_…7F3KX9QA answered 200 after 7.3 s / 5 s:")


def test_notices_go_to_the_other_console_with_their_word() -> None:
    out, err = console(), console()
    renderer = LiveRenderer(out, err, deadline=5.0, print_body=False)
    for level in Level:
        renderer.show(Notice(at=AT, level=level, code="c", message="message", hint="do this"))
    assert written(out) == ""
    assert written(err) == (
        "! message\n  do this\n! warning: message\n  do this\n! error: message\n  do this\n"
    )


def test_a_message_is_one_sentence_whatever_it_quotes() -> None:
    """A path with a line feed, which anybody can ask for, makes no hint."""
    out, err = console(), console()
    quoting = Notice(at=AT, level=Level.INFO, code="c", message="no: /x\n  run: y", hint="a\nb")
    LiveRenderer(out, err, deadline=5.0, print_body=False).show(quoting)
    assert written(err) == "! no: /x\\n  run: y\n  a\n  b\n"


@pytest.mark.parametrize(
    ("restored", "words"), [(True, "restored: it"), (False, "not restored"), (None, "not touched")]
)
def test_the_summary_is_three_aligned_lines(restored: bool | None, words: str) -> None:
    text = shown(summary(restored=restored))
    assert "Received       12: 10 verified, 2 rejected, 1 duplicate\n" in text
    assert "Forwarded      9 tries: 8 taken, 1 failed, slowest 4.2 s / 5 s\n" in text
    assert "Not taken" not in text
    assert f"Configuration  {words}" in text


def test_what_no_handler_took_comes_with_the_command_that_sends_it_again() -> None:
    to = console()
    renderer = LiveRenderer(to, to, deadline=5.0, print_body=False)
    renderer.show(ready())
    renderer.show(summary(failed_events=3))
    again = "gooclaim replay --failed --since 2026-05-20T10:14:25.123Z"
    assert f"Not taken      3 events; again with\n               {again}\n" in written(to)
    renderer.show(ready(sandbox=SANDBOX))
    renderer.show(summary(failed_events=1))
    assert "Not taken      1 event; again, while listen --sandbox runs, with\n" in written(to)


def test_bodies_are_laid_out_and_credentials_hidden() -> None:
    headers = (("X-Gooclaim-Signature", "ab" * 8), ("Authorization", "Bearer token"))
    text = shown(
        delivered(
            delivery=Delivery(headers, BODY),
            handler=answer(500, headers=(("Set-Cookie", "sid=1"),), body=b"boom\x1b[2J\xff"),
            response_status=500,
        ),
        body=True,
    )
    assert "X-Gooclaim-Signature: abababab" in text
    assert "Authorization: (hidden)\n" in text
    assert '        "n": 1.50,\n' in text
    assert "the handler answered 500\n    Set-Cookie: (hidden)\n\n    boom\\x1b[2J\\xff\n" in text


def test_a_huge_or_deep_body_is_cut() -> None:
    huge = shown(delivered(delivery=Delivery((), b"[" + b"1," * 99999 + b"1]")), body=True)
    assert "cut at 64 KiB: the body has 200,001 bytes" in huge
    deep = shown(delivered(delivery=Delivery((), b"[" * 9000 + b"]" * 9000)), body=True)
    assert len(deep) < 30_000


def test_colour_is_only_where_it_is_wanted() -> None:
    coloured = shown(delivered(), body=True, color_system="truecolor")
    assert "\x1b[32m" in coloured
    for options in ({"no_color": True}, {"force_terminal": False}):
        assert "\x1b" not in shown(delivered(), body=True, color_system="truecolor", **options)


def test_a_closed_pipe_is_told() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    to = console(file=Closed())
    with pytest.raises(BrokenPipeError):
        LiveRenderer(to, to, deadline=5.0, print_body=False).show(delivered())


def test_an_error_says_what_and_what_to_do() -> None:
    to = console()
    show_error(ConfigurationError("no [red]secret[/red]\x1b", "set it\nor paste it"), to)
    assert written(to) == "error: no [red]secret[/red]\\x1b\n  set it\n  or paste it\n"


@settings(deadline=None)
@given(
    event_type=ANY_TEXT | st.none(),
    event_id=ANY_TEXT | st.none(),
    name=ANY_TEXT,
    value=ANY_TEXT,
    body=st.binary(max_size=300) | ANY_TEXT.map(lambda text: text.encode("utf-8", "replace")),
    message=ANY_TEXT,
    ms=st.floats(0, 1e7),
    width=st.sampled_from([40, 80, 200]),
)
def test_nothing_off_the_wire_reaches_the_terminal_raw(
    event_type: str | None,
    event_id: str | None,
    name: str,
    value: str,
    body: bytes,
    message: str,
    ms: float,
    width: int,
) -> None:
    handler = answer(500, ms, error="e", message=message, headers=((name, value),), body=body)
    happenings: list[Happening] = [
        delivered(
            event_type=event_type,
            event_id=event_id,
            handler=handler,
            findings=(Finding(Reason.ENVELOPE_INVALID, value),),
            delivery=Delivery(((name, value),), body),
        ),
        late(event_id=event_id or "", handler=answer(None, ms, message=message)),
        Notice(at=AT, level=Level.WARNING, code="c", message=message, hint=value),
        ready(tenant_id=event_id, environment=name, public_url=value, previous_url=message),
    ]
    for happening in happenings:
        text = shown(happening, width, body=True)
        assert harmless(text)
        assert all(cell_len(line) <= width for line in text.split("\n") if "://" not in line)
    to = console(width)
    show_error(ConfigurationError(message, value), to)
    assert harmless(written(to))


def test_markup_is_text() -> None:
    text = shown(delivered(event_type="[red]x[/red]", event_id=":rocket:[b]"))
    assert "[red]x[/red]" in text
    assert ":rocket:[b]" in text


def test_the_start_names_the_events_that_are_left_out() -> None:
    """Only where a pattern narrows them."""
    assert "Events" not in shown(ready())
    assert "Events" in shown(ready(events="claim.*"))
    assert "claim.* only" in shown(ready(events="claim.*"))


def test_a_session_that_ends_by_itself_says_when() -> None:
    assert "by itself" not in shown(ready())
    assert "Ctrl-C ends and restores; by itself at " in shown(ready(ends_at=AT), width=100)
