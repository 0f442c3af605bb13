"""gooclaim_cli.wire.large_json: large bodies are judged as small ones are, only sooner."""

import contextlib
import importlib.util
import inspect
import json
import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gooclaim_cli.wire import (
    BodyNotJsonError,
    EnvelopeInvalidError,
    decode_event,
    large_json,
    member_names,
)
from gooclaim_cli.wire.nesting import DEEPEST

from .samples import ENVELOPE, envelope
from .test_properties import bodies

SPACE = b" " * 16 * 1024  # JSON may end in it, and a body with it is a large one
TEXT = "x" * 20_000
PIECES = st.sampled_from(
    [
        *(bytes((code,)) for code in b'"\\{}[],: \n\0\x1f\x7f1-.e0\xff'),
        *(b"1e999", b"18446744073709551616", b"1" * 5000, b"null", b"NaN", b"/**/", b"\\x"),
        *(b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
        *(b"\\ud800", b"\\ud83d\\ude00", b"\\u00e9", b"\\u0000"),
        *(b'"data":{},', b'"event_id":7,', b'"x":"\xff",', b'"event_id\\u0000":7,'),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An envelope with something put in, or put over something, here and there."""
    body = draw(bodies())
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, len(body)))
        over = draw(st.integers(0, 3))
        body = body[:position] + draw(PIECES) + body[position + over :]
    return body


def judged(body: bytes) -> object:
    """What comes of it; not where, which differs."""
    try:
        event = decode_event(body)
    except BodyNotJsonError:
        return BodyNotJsonError
    except EnvelopeInvalidError as error:
        return error.problems
    return event.event_id, event.event_type, event.tenant_id, event.occurred_at, event.data


def is_json(body: bytes, number: Callable[[str], float]) -> bool:
    """Whether json.loads takes it; NaN and halves of surrogates, which it takes, are none."""
    with contextlib.suppress(ValueError):
        value = json.loads(
            body.decode("utf-8"),
            parse_int=number,
            parse_float=number,
            parse_constant=no_constant,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        return True
    return False


def no_constant(text: str) -> float:
    raise ValueError(text)


def in_range(text: str) -> float:
    if math.isinf(float(text)):
        raise ValueError(text)
    return float(text)


@given(mutated() | bodies())
@example(b"\xef\xbb\xbf" + envelope())
@example(envelope() + b"\0")
@example(envelope() + envelope())
@example(envelope().replace(b'"wf_abc123"', b"1e999"))
@example(envelope().replace(b'"wf_abc123"', b"1" * 400))
@example(envelope().replace(b'"wf_abc123"', b'"\\ud800"'))
@example(envelope().replace(b"wf_abc123", b"\n"))
@example(envelope()[:-1] + b',"x":"\xff"}')
@example(envelope()[:-1] + b',"event_id":"another"}')
@example(envelope()[:-1] + b',"event_id":7}')
@example(b'{"event_id":7,' + envelope()[1:])
@example(b"[1]")
@example(b"")
def test_large_bodies_are_judged_as_small_ones_are(body: bytes) -> None:
    assert judged(body + SPACE) == judged(body)
    with contextlib.suppress(ValueError):
        decode_event(body)
        assert member_names(body + SPACE) == member_names(body)


@st.composite
def nested(draw: st.DrawFn) -> tuple[int, bytes]:
    """How many levels, and an envelope that has so many; brackets in strings are none."""
    depth = draw(st.integers(DEEPEST - 2, DEEPEST + 2) | st.integers(2, 1100))
    pairs = st.sampled_from([(b"[", b"]"), (b'{"a":', b"}"), (b'["]",', b"]"), (b'{"[":', b"}")])
    kinds = draw(st.lists(pairs, min_size=1, max_size=4))
    chosen = [kinds[level % len(kinds)] for level in range(depth - 2)]
    strings = [b"[" * 300, b"]" * 300, b'\\"[{', b"\\\\", b'\\\\\\"]', b"\\n{", b""]
    text = draw(st.sampled_from(strings))
    inner = draw(st.sampled_from([b"1", b'""', b'"' + text + b'"', b"[]", b"{}"]))
    down = b"".join(each[0] for each in chosen)
    up = b"".join(each[1] for each in reversed(chosen))
    value = b'{"p":"' + text + b'","x":[' + b"[]," * draw(st.integers(0, 99)) + down
    where = draw(st.sampled_from([b'"data":%b', b'"data":{},"more":%b']))
    head = envelope()[: envelope().index(b'"data"')]
    return depth + 1 + (inner in (b"[]", b"{}")), head + where % (value + inner + up + b"]}") + b"}"


@given(nested())
def test_what_is_nested_too_deeply_is_not_json_at_any_size(given: tuple[int, bytes]) -> None:
    depth, body = given
    json.loads(body)
    for each in (body, body + SPACE, body + SPACE * 16):
        if depth > DEEPEST:
            with pytest.raises(BodyNotJsonError, match="nested more than 256 levels deep"):
                decode_event(each)
        else:
            assert decode_event(each).data == json.loads(body)["data"]
            assert member_names(each) == tuple(json.loads(body))


@pytest.mark.parametrize("padding", [b"", SPACE])
@pytest.mark.parametrize("left", [40, 100, 250, 400])
def test_the_stack_at_the_call_has_no_say(padding: bytes, left: int) -> None:
    """An event is one, and its data can be read, where little is left of the caller's stack."""
    body = envelope(data={"x": json.loads("[" * 254 + "]" * 254)}) + padding

    def deeper(levels: int) -> int:
        if levels:
            return deeper(levels - 1)
        event = decode_event(body)
        with pytest.raises(BodyNotJsonError, match="256 levels"):
            decode_event(body.replace(b"[", b"[[", 1).replace(b"]", b"]]", 1))
        return len(event.data) + len(member_names(body))

    used = len(inspect.stack(0))
    assert deeper(sys.getrecursionlimit() - used - left) == 6


@given(mutated() | bodies())
def test_what_is_taken_is_json(body: bytes) -> None:
    """As Python's own reader sees it; numbers beyond a float's range are nobody's duty to take."""
    for each in (body, body + SPACE):
        refused = judged(each) is BodyNotJsonError
        assert not is_json(body, in_range) if refused else is_json(body, float)


@pytest.mark.parametrize("text", [TEXT, "é" * 20_000, "\\\n\U0001f600" * 9_000])
def test_a_large_body_is_read_by_simdjson(text: str) -> None:
    pytest.importorskip("simdjson", reason="simdjson has no wheel for this platform")
    body = envelope(data={"text": text, "list": [{}]}, more=[1, 2], another={"a": 1}, number=1.5)
    found = large_json.members(body, (*ENVELOPE, "more", "another", "number", "none"))
    assert found == ENVELOPE | {"data": {}, "more": [], "another": {}, "number": 1.5}
    assert decode_event(body).data == {"text": text, "list": [{}]}
    assert member_names(body) == tuple(found)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + TEXT.encode() + b'"',
        envelope(data={"text": TEXT})[:-1],
        envelope(data={"text": TEXT})[:-1] + b',"data":{}}',
        envelope(data={"text": TEXT * 20}),
    ],
)
def test_what_it_leaves_to_msgspec(body: bytes) -> None:
    assert large_json.members(body, tuple(ENVELOPE)) is None


def test_threads_do_not_meet() -> None:
    """Each has a parser of its own: none is given what another one reads."""
    wrong: list[str] = []

    def read(name: str) -> None:
        body = envelope(event_id=name, data={"text": TEXT})
        wrong.extend(name for _ in range(300) if decode_event(body).event_id != name)

    threads = [threading.Thread(target=read, args=(f"evt_{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_where_there_is_no_simdjson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simdjson", None)
    spec = importlib.util.find_spec("gooclaim_cli.wire.large_json")
    assert spec is not None
    assert spec.loader is not None
    fresh: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    body = envelope(data={"text": TEXT})
    assert fresh.members(body, tuple(ENVELOPE)) is None
    for name in ("members", "names"):
        monkeypatch.setattr(large_json, name, getattr(fresh, name))
    assert decode_event(body).data == {"text": TEXT}
    assert member_names(body) == tuple(ENVELOPE)
