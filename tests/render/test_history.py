"""The history is shown in aligned lines, in full, and as objects that keep every value."""

import base64
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gooclaim_cli.render import history
from gooclaim_cli.render.json_lines import encode_object
from gooclaim_cli.wire import Delivery

from .samples import BODY, console, detail, forward, stored, written

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def test_a_list_is_aligned() -> None:
    to = console()
    long_type = stored(event_type="workflow.consent_required", outcome="in_flight", attempt=12)
    history.list_lines([stored(), long_type, stored(response_status=None)], to)
    heading, first, second, third = written(to).splitlines()
    received, zone, *others = heading.split()
    assert [received, *others] == ["RECEIVED", "TYPE", "EVENT", "OUTCOME", "HTTP", "TRY"]
    assert re.fullmatch(r"UTC([+-]\d\d:\d\d)?", zone)
    assert first.index("evt_…7F3KX9QA") == second.index("evt_…7F3KX9QA") == heading.index("EVENT")
    assert first.endswith("delivered  200   2")
    assert second.endswith("in flight  200  12")
    assert third.endswith("delivered    -   2")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be set here")
@pytest.mark.parametrize(
    ("zone", "name", "shown"),
    [
        ("UTC0", "UTC", "2026-05-20 10:14:25"),
        ("IST-5:30", "UTC+05:30", "2026-05-20 15:44:25"),
        ("NST3:30", "UTC-03:30", "2026-05-20 06:44:25"),
    ],
)
def test_times_name_their_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, name: str, shown: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        to, full = console(), console()
        history.list_lines([stored()], to)
        history.detail(detail(), full)
    time.tzset()
    assert written(to).startswith(f"RECEIVED {name} ")
    assert f"\n{shown} " in written(to)
    assert f"Received     {shown} {name}\n" in written(full)


def test_a_wide_list_has_whole_ids_and_an_empty_one_says_so() -> None:
    to = console(100)
    history.list_lines([stored()], to)
    assert "evt_01HXYZ0123456789AB7F3KX9QA" in written(to)
    empty = console()
    history.list_lines([], empty)
    assert written(empty) == "No deliveries.\n"


def test_a_delivery_in_full_tells_every_forward() -> None:
    to = console(200)
    url = "http://localhost:3000/hooks"
    forwards = (
        forward(ms=7300.0, late=True, body=b'{"ok":true}'),
        forward(kind="replay", status=None, error="connection_refused", message="nobody there"),
    )
    history.detail(detail(forwards=forwards, stored=stored(reasons=("a", "b"))), to)
    text = written(to)
    assert f"Forwarded to {url}: 200, 7300 ms, too late\n" in text
    assert '      "ok": true\n' in text
    assert f"Replayed to {url}: 42 ms, nobody there\n" in text
    assert "Try          2 (retry)\n" in text
    assert "Reasons      a, b\n" in text


def test_a_file_is_given_long_lines_whole() -> None:
    to = console(force_terminal=False)
    body = json.dumps({"claim_id_hash": "sha256:" + "0" * 64}).encode()
    history.detail(detail(delivery=Delivery((), body)), to)
    assert "sha256:" + "0" * 64 in written(to)


def test_the_objects_keep_bytes_and_hide_credentials() -> None:
    members = history.detail_object(
        detail(
            delivery=Delivery((("Cookie", "sid=1"), ("X-A", "1")), BODY),
            forwards=(forward(body=b"\xff\x00"),),
        )
    )
    assert members["kind"] == "delivery"
    assert members["at"] == "2026-05-20T10:14:25.123Z"
    assert members["event_id"] == "evt_01HXYZ0123456789AB7F3KX9QA"
    assert members["headers"] == [["Cookie", "(hidden)"], ["X-A", "1"]]
    assert members["body"].encode() == BODY
    (only,) = members["forwards"]
    assert base64.b64decode(only["body_base64"]) == b"\xff\x00"
    assert (only["forward"], only["ms"]) == ("live", 42.0)


@settings(deadline=None)
@given(text=ANY_TEXT, body=st.binary(max_size=300), width=st.sampled_from([40, 80, 200]))
def test_nothing_stored_reaches_the_terminal_raw(text: str, body: bytes, width: int) -> None:
    row = stored(
        event_id=text, event_type=text, tenant_id=text, idempotency_key=text, reasons=(text,)
    )
    full = detail(
        stored=row,
        delivery=Delivery(((text, text),), body),
        forwards=(forward(error="e", message=text, headers=((text, text),), body=body),),
    )
    to = console(width)
    history.list_lines([row], to)
    history.detail(full, to)
    lines = written(to).split("\n")
    assert all(line.isprintable() and line == line.rstrip() for line in lines)
    assert all(cell_len(line) <= width for line in lines if "://" not in line)
    assert encode_object(history.detail_object(full)).isprintable()


def test_a_body_that_was_not_kept_is_said_to_be_missing_not_shown_as_empty() -> None:
    to = console(100)
    bare = detail(
        stored=stored(body_kept=False),
        delivery=Delivery((("X-A", "1"),), b""),
        forwards=(forward(kind="pass_on", body_kept=False), forward(kind="copy")),
    )
    history.detail(bare, to)
    text = written(to)
    assert "53 bytes, not kept\n" in text
    assert "    X-A: 1\n\n    (the body was not kept)\n" in text
    assert "Passed on to http://localhost:3000/hooks: 200, 42 ms\n    (the answer's body" in text
    assert "Copied to http://localhost:3000/hooks: 200, 42 ms\n" in text
    members = history.detail_object(bare)
    assert (members["body"], members["body_kept"], members["bytes"]) == (None, False, 53)
    assert [each["body"] for each in members["forwards"]] == [None, ""]
    assert [each["forward"] for each in members["forwards"]] == ["pass_on", "copy"]
    assert history.detail_object(detail())["body_kept"] is True
