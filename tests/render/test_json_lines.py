"""A program reads back what happened, whatever the wire brought."""

import io
import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gooclaim_cli.happenings import Disposition, Handler, Happening, Level, Notice, Target
from gooclaim_cli.render.happening_lines import JsonRenderer, to_object
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.wire import Finding, Reason

from .samples import AT, SANDBOX, answer, delivered, late, passed_on, ready, summary

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def read_back(happening: Happening) -> tuple[str, dict[str, Any]]:
    stream = io.StringIO()
    JsonRenderer(stream).show(happening)
    line = stream.getvalue()
    members: dict[str, Any] = json.loads(line)
    return line, members


def test_a_delivery_has_the_published_members() -> None:
    handler = answer(ms=42.06)
    assert to_object(delivered(handler=handler)) == {
        "kind": "delivery",
        "at": "2026-05-20T10:14:25.123Z",
        "delivery_id": "dlv_1",
        "event_id": "evt_01HXYZ0123456789AB7F3KX9QA",
        "event_type": "workflow.completed",
        "idempotency_key": "idem_1",
        "bytes": 53,
        "verdict": "verified",
        "reasons": [],
        "duplicate": False,
        "disposition": "fresh",
        "attempt": 1,
        "response_status": 200,
        "handler": {"status": 200, "ms": 42.1, "error": None, "message": "", "url": handler.url},
        "home": None,
    }


def test_a_rejected_delivery_names_each_reason_once_and_in_order() -> None:
    findings = tuple(
        Finding(code, f"detail {position}")
        for position, code in enumerate(
            (Reason.ENVELOPE_INVALID, Reason.SIGNATURE_MISSING, Reason.ENVELOPE_INVALID)
        )
    )
    members = to_object(
        delivered(disposition=Disposition.REJECTED, findings=findings, handler=None)
    )
    assert members["verdict"] == "rejected"
    assert members["reasons"] == ["envelope_invalid", "signature_missing"]
    assert members["handler"] is None


def test_no_body_and_no_signature_is_given() -> None:
    line, _ = read_back(delivered(handler=answer(body=b"secret-answer")))
    assert "abababab" not in line
    assert "secret-answer" not in line


@pytest.mark.parametrize(
    ("handlers", "main"),
    [
        ((), None),
        ((Handler("claim.*", "http://a"), Handler("x.*", "http://b")), "http://a"),
        (
            (Handler("*", "http://a"), Handler("x.*", "http://b"), Handler("*", "http://c")),
            "http://c",
        ),
    ],
)
def test_ready_names_the_main_handler(handlers: tuple[Handler, ...], main: str | None) -> None:
    members = to_object(ready(handlers=handlers))
    assert members["handler"] == main
    assert members["handlers"] == [asdict(each) for each in handlers]


def test_a_sandbox_is_named_only_where_there_is_one() -> None:
    assert "sandbox" not in to_object(ready())
    assert to_object(ready(sandbox=SANDBOX))["sandbox"] == asdict(SANDBOX)


def test_the_other_kinds_have_their_members() -> None:
    assert to_object(late())["handler"]["ms"] == 7300.0
    assert to_object(summary(restored=None)) == {
        "kind": "summary",
        "at": "2026-05-20T10:14:25.123Z",
        "received": 12,
        "verified": 10,
        "rejected": 2,
        "duplicates": 1,
        "forwarded": 9,
        "failed": 1,
        "slowest_ms": 4200.0,
        "restored": None,
        "passed_on": 0,
        "not_taken": 0,
        "failed_events": 0,
    }


def test_what_was_passed_on_names_its_target_and_the_answer() -> None:
    members = to_object(passed_on(target=Target.COPY, answer=answer(None, error="timed_out")))
    assert members == {
        "kind": "pass_on",
        "at": "2026-05-20T10:14:25.123Z",
        "delivery_id": "dlv_1",
        "event_id": "evt_01HXYZ0123456789AB7F3KX9QA",
        "event_type": "workflow.completed",
        "target": "copy",
        "url": "http://localhost:3000/hooks",
        "status": None,
        "ms": 42.0,
        "error": "timed_out",
        "message": "",
        "late": False,
    }
    home = answer(503, url="https://cms.example/hooks")
    assert to_object(delivered(home=home))["home"]["url"] == "https://cms.example/hooks"


def test_ready_says_with_whom_events_are_shared() -> None:
    members = to_object(ready(home_url="https://cms.example/hooks", copy_to=("http://10.0.0.5/",)))
    assert (members["home_url"], members["copy_to"]) == (
        "https://cms.example/hooks",
        ["http://10.0.0.5/"],
    )
    assert (members["answer_from"], members["keeps_bodies"]) == ("handler", True)


def test_times_are_utc_with_milliseconds() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(0.9996) == "1970-01-01T00:00:01.000Z"


@given(st.text(), st.text())
def test_a_line_is_harmless_and_parses_to_the_original(message: str, hint: str) -> None:
    line, members = read_back(
        Notice(at=AT, level=Level.INFO, code="code", message=message, hint=hint)
    )
    assert line[:-1].isprintable()
    assert line.endswith("\n")
    assert (members["message"], members["hint"]) == (message, hint)


@given(ANY_TEXT)
def test_lone_surrogates_are_replaced(text: str) -> None:
    line, members = read_back(delivered(event_id=text + "\ud800"))
    assert line[:-1].isprintable()
    assert members["event_id"].endswith("\ufffd")


def test_a_stream_that_takes_ascii_only_gets_ascii() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as stream:
        renderer = JsonRenderer(stream)
        renderer.show(delivered(event_type="दावा 🚀"))
        renderer.flush()
        assert json.loads(raw.getvalue())["event_type"] == "दावा 🚀"


def test_a_closed_pipe_is_told() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        JsonRenderer(Closed()).show(delivered())
