"""gooclaim_cli.wire.event: the envelope, decoded and checked."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gooclaim_cli.wire import CATALOGUE, BodyNotJsonError, EnvelopeInvalidError, decode_event

from .samples import ENVELOPE, envelope, without


def problems(body: bytes) -> tuple[str, ...]:
    with pytest.raises(EnvelopeInvalidError) as raised:
        decode_event(body)
    assert str(raised.value) == "; ".join(raised.value.problems)
    return raised.value.problems


def told(body: bytes) -> tuple[object, ...]:
    event = decode_event(body)
    return event.event_id, event.event_type, event.tenant_id, event.occurred_at, event.data


def test_the_five_members() -> None:
    event = decode_event(envelope())
    assert event.event_id == ENVELOPE["event_id"]
    assert event.event_type == "workflow.completed"
    assert event.tenant_id == "tnt_xyz"
    assert event.occurred_at == datetime(2026, 5, 20, 10, 14, 25, tzinfo=UTC)
    assert event.data == {"workflow_id": "wf_abc123"}


@pytest.mark.parametrize("event_type", [*CATALOGUE, "workflow.paused", "x", "ब.ट", "a b\n\x00"])
def test_any_event_type_is_fine(event_type: str) -> None:
    """Types outside the catalogue come with later versions of it: never an error."""
    assert decode_event(envelope(event_type=event_type)).event_type == event_type


def test_unknown_members_are_fine() -> None:
    more: dict[str, Any] = {"version": 2, "links": [{"a": None}], "": "", "data2": 1e300}
    assert told(envelope(**more)) == told(envelope())
    nested: dict[str, Any] = {"a": [[], {}, None, True, 1.5, 2**70, "\u0000"]}
    assert decode_event(envelope(data=nested)).data == nested


def test_layout_is_free() -> None:
    """White space, the order of members and escapes are the sender's choice."""
    text = json.dumps(dict(reversed(ENVELOPE.items())), indent="\t").replace("\n", "\r\n")
    escaped = text.replace("wf_abc123", "\\u0077f_\\u0061bc123").replace("tnt", "\\u0074nt")
    assert told(f" \r\n\t{escaped}\n\n".encode()) == told(envelope())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-05-20T10:14:25.5Z", datetime(2026, 5, 20, 10, 14, 25, 500_000, tzinfo=UTC)),
        ("2026-05-20T15:44:25+05:30", datetime(2026, 5, 20, 10, 14, 25, tzinfo=UTC)),
        ("2026-05-20t10:14:25z", datetime(2026, 5, 20, 10, 14, 25, tzinfo=UTC)),
    ],
)
def test_times_of_rfc_3339(written: str, meant: datetime) -> None:
    assert decode_event(envelope(occurred_at=written)).occurred_at == meant


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-20T10:14:25",
        "2026-05-20",
        "yesterday",
        "",
        1779272065,
        None,
        "2026-13-01T00:00:00Z",
    ],
)
def test_other_times_are_not(value: object) -> None:
    (problem,) = problems(envelope(occurred_at=value))
    assert problem.startswith("occurred_at: ")


@pytest.mark.parametrize("name", ENVELOPE)
def test_a_missing_member_is_named(name: str) -> None:
    assert problems(without(name)) == (f"{name} is missing",)


def test_every_missing_member_is_named() -> None:
    assert problems(b"{}") == tuple(f"{name} is missing" for name in ENVELOPE)
    assert problems(without("event_id", "data")) == ("event_id is missing", "data is missing")


@pytest.mark.parametrize("name", ["event_id", "event_type", "tenant_id"])
@pytest.mark.parametrize("value", ["", 7, None, [], {}, True])
def test_a_member_of_another_type_is_named(name: str, value: object) -> None:
    (problem,) = problems(envelope(**{name: value}))
    assert problem.startswith(f"{name}: Expected `str`")


@pytest.mark.parametrize("value", [[], "x", None, 1])
def test_data_is_an_object(value: object) -> None:
    (problem,) = problems(envelope(data=value))
    assert problem.startswith("data: Expected `object`")


def test_missing_and_wrong_members_are_named_together() -> None:
    body = json.dumps({"event_id": 1, "tenant_id": "t", "occurred_at": "now"}).encode()
    assert [problem.split(":")[0] for problem in problems(body)] == [
        "event_id",
        "event_type is missing",
        "occurred_at",
        "data is missing",
    ]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"[]", "array"),
        (b"[{}]", "array"),
        (b"1", "number"),
        (b"-1.5e3", "number"),
        (b'"text"', "string"),
        (b"true", "boolean"),
        (b"null", "null"),
    ],
)
def test_json_that_is_no_object(body: bytes, what: str) -> None:
    assert problems(body) == (f"expected an object, got {what}",)


def test_a_member_given_twice() -> None:
    """Of a member that is wrong first and right later, a problem is told nevertheless."""
    for name in ENVELOPE:
        (problem,) = problems(b'{"%b":7,' % name.encode() + envelope()[1:])
        assert name in problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\x00",
        b"{",
        b"nope",
        envelope()[:-1],
        envelope() + b"\x00",
        envelope() + envelope(),
        b"\xef\xbb\xbf" + envelope(),
        envelope().decode().encode("utf-16"),
        envelope().replace(b"wf_abc123", b"wf_\xff"),
        envelope().replace(b"wf_abc123", b"\xed\xa0\x80"),
        envelope().replace(b"tnt_xyz", b"tnt_\\ud800"),
        envelope().replace(b"tnt_xyz", b"tnt_\n"),
        envelope().replace(b'"wf_abc123"', b"NaN"),
        envelope().replace(b'"wf_abc123"', b"1" * 5000),
        b"1" * 5000,
        envelope()[:-1] + b',"x":\xff}',
    ],
)
def test_bodies_that_are_not_json(body: bytes) -> None:
    with pytest.raises(BodyNotJsonError, match=r"."):
        decode_event(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        envelope()[:-1] + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        envelope().replace(b'"wf_abc123"', b"[" * 10_000 + b"]" * 10_000),
        envelope().replace(b'"tnt_xyz"', b"[" * 10_000 + b"]" * 10_000),
        b'{"event_id":7,"x":' + b'{"a":' * 10_000,
    ],
)
def test_deep_nesting_is_refused(body: bytes) -> None:
    """Ten thousand levels are an answer, not a crash."""
    with pytest.raises((BodyNotJsonError, EnvelopeInvalidError)):
        decode_event(body)
