"""gooclaim_cli.wire.diagnosis, for any input: an answer, and soon."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, sign, verify
from gooclaim_cli.wire.diagnosis import diagnose

from ..samples import NOW, SECRET
from .support import BODY, delivery_of, diagnosed

LIMIT = 0.3
SLACK = 3.0  # what one step may take more, on a machine that does other things too
TEXT = st.text(max_size=40)
NAMES = ("X-Gooclaim-Signature", "X-Gooclaim-Timestamp", "Content-Length", "webhook-id")
VALUES = st.from_regex(r"(v1[=,]|t=|sha256=)?[0-9a-f]{32,64}", fullmatch=True) | st.just(str(NOW))
ANY = st.text(st.characters(), max_size=40)  # as JSON gives it, lone surrogates included
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES) | TEXT, ANY | VALUES), max_size=5)
ODD = [("X-Gooclaim-Signature", "0" * 64), *((name, "\ud800") for name in NAMES[1:])]
PIECES = st.sampled_from(
    [b"{", b"}", b'"', b"\\", b"1e9", b"-0", b"%", b"&lt;", b"\xff", b"\r\n", b"\x1f\x8b"]
)
BODIES = st.binary(max_size=60) | st.lists(PIECES, max_size=30).map(b"".join)
NESTED = b'{"a":' * 60 + b"[1.50,9007199254740993]" + b"}" * 60


@settings(deadline=None, max_examples=50)
@given(
    HEADERS,
    BODIES | st.just(BODY) | st.just(NESTED),
    TEXT.filter(bool),
    st.sampled_from(SignedContent),
)
@example(ODD, BODY, "whsec_obviously_fake", SignedContent.TIMESTAMP_BODY)
def test_any_delivery_is_answered(
    headers: list[tuple[str, str]], body: bytes, secret: str, content: SignedContent
) -> None:
    delivery, secrets = Delivery(tuple(headers), body), [SigningSecret(secret)]
    verdict = verify(delivery, secrets, now=NOW, signed_content=content)
    until = time.monotonic() + LIMIT
    found = diagnose(
        delivery, verdict, secrets, stop=lambda: time.monotonic() > until, signed_content=content
    )
    assert time.monotonic() < until + SLACK
    if found is not None:
        assert found.code
        assert found.message
        assert found.fix


@settings(deadline=None, max_examples=25)
@given(BODIES.filter(bool), st.data())
def test_what_explains_a_mismatch_is_proof(signed: bytes, data: st.DataObject) -> None:
    """The body that is named as the signed one has the signature, where nothing else was wrong."""
    captured = data.draw(
        st.sampled_from([signed + b"\n", b"\xef\xbb\xbf" + signed, signed.hex().encode()])
    )
    found = diagnosed(delivery_of(captured, signed=signed))
    assert found is not None
    assert found.explained
    if found.signed is not None and "+" not in found.code:
        assert found.signed == signed
        assert sign(found.signed, SECRET, timestamp=NOW) == sign(signed, SECRET, timestamp=NOW)


@pytest.mark.parametrize(
    "unit", [b'{"a":1.5,"b":"\xc3\xa9"},', b"{", b"}", b'"', b"\\", b"a%20&amp;+", b"[1,"]
)
def test_large_bodies_end_in_time(unit: bytes) -> None:
    body = b"[" + (unit * (1024 * 1024 // len(unit)))[:-1] + b"]"
    delivery = delivery_of(body, signed=b"{}")
    secrets = [SECRET]
    until = time.monotonic() + LIMIT
    found = diagnose(
        delivery,
        verify(delivery, secrets, now=NOW),
        secrets,
        stop=lambda: time.monotonic() > until,
    )
    assert found is not None
    assert time.monotonic() < until + SLACK
