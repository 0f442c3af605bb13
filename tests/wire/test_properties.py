"""gooclaim_cli.wire, for any input: what we sign we verify, what is changed is refused."""

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.wire import (
    BodyNotJsonError,
    Delivery,
    EnvelopeInvalidError,
    Reason,
    SignedContent,
    SigningSecret,
    decode_event,
    sign_delivery,
    verify,
)

from .samples import ENVELOPE, NOW, SECRET, changed, envelope, signed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(min_size=1)
HEADER = st.text(st.characters(min_codepoint=0, max_codepoint=255))
SECRETS = TEXT.map(SigningSecret)
CONTENTS = st.sampled_from(SignedContent)
NAMES = st.sampled_from([name for name, _ in signed().headers])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Any valid envelope, in any layout that JSON allows."""
    members: dict[str, Any] = draw(st.dictionaries(st.text(), JSON, max_size=3)) | ENVELOPE
    members |= {name: draw(TEXT) for name in ("event_id", "event_type", "tenant_id")}
    members["data"] = draw(st.dictionaries(st.text(), JSON, max_size=3))
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    return json.dumps(members, indent=indent, ensure_ascii=draw(st.booleans())).encode()


def sent(body: bytes, secret: SigningSecret, content: SignedContent) -> Delivery:
    return sign_delivery(
        body,
        secret,
        event_type=decode_event(body).event_type,
        idempotency_key="idem_1",
        timestamp=NOW,
        signed_content=content,
    )


@given(bodies(), SECRETS, CONTENTS)
def test_what_we_sign_we_verify(body: bytes, secret: SigningSecret, content: SignedContent) -> None:
    """Any envelope under any secret, in both contents; and under no other secret."""
    delivery = sent(body, secret, content)
    verdict = verify(delivery, [SECRET, secret], now=NOW, signed_content=content)
    assert verdict.ok, verdict.findings
    assert verdict.secret == (0 if secret == SECRET else 1)
    assert verdict.event is not None
    assert verdict.event.data == json.loads(body)["data"]
    others = [SigningSecret(f"{secret.value}x"), SigningSecret(f"x{secret.value}")]
    codes = verify(delivery, others, now=NOW, signed_content=content).codes
    assert codes == (Reason.SIGNATURE_MISMATCH,)


@given(st.data(), CONTENTS)
def test_any_changed_byte_of_the_body_is_refused(
    data: st.DataObject, content: SignedContent
) -> None:
    delivery = signed(signed_content=content)
    position = data.draw(st.integers(0, len(delivery.body) - 1))
    flipped = bytearray(delivery.body)
    flipped[position] ^= data.draw(st.integers(1, 255))
    for body in (bytes(flipped), delivery.body[:position], delivery.body + b" "):
        verdict = verify(
            Delivery(delivery.headers, body), [SECRET], now=NOW, signed_content=content
        )
        assert Reason.SIGNATURE_MISMATCH in verdict.codes
        assert verdict.secret is None


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"), CONTENTS)
def test_any_changed_digit_of_the_signature_is_refused(
    position: int, digit: str, content: SignedContent
) -> None:
    delivery = signed(signed_content=content)
    right = delivery.value("X-Gooclaim-Signature") or ""
    wrong = right[:position] + digit + right[position + 1 :]
    for form in (wrong, wrong.upper(), f"sha256={wrong}"):
        verdict = verify(
            changed(delivery, signature=form), [SECRET], now=NOW, signed_content=content
        )
        assert verdict.ok is (wrong == right)


@given(st.data(), CONTENTS)
def test_any_changed_byte_of_the_secret_is_refused(
    data: st.DataObject, content: SignedContent
) -> None:
    key = bytearray(SECRET.key)
    key[data.draw(st.integers(0, len(key) - 1))] ^= data.draw(st.integers(1, 255))
    other = SigningSecret(key.decode("utf-8", "surrogateescape"))
    verdict = verify(signed(signed_content=content), [other], now=NOW, signed_content=content)
    assert verdict.codes == (Reason.SIGNATURE_MISMATCH,)


@given(st.lists(st.tuples(st.binary(), st.binary())), st.binary(), CONTENTS)
def test_arbitrary_bytes_never_raise(
    headers: list[tuple[bytes, bytes]], body: bytes, content: SignedContent
) -> None:
    verdict = verify(Delivery.from_raw(headers, body), [SECRET], now=NOW, signed_content=content)
    assert not verdict.ok
    assert Reason.SIGNATURE_MISSING in verdict.codes


@given(st.lists(st.tuples(NAMES, HEADER | TEXT), max_size=8), st.binary() | bodies(), CONTENTS)
def test_arbitrary_values_in_known_headers_never_raise(
    headers: list[tuple[str, str]], body: bytes, content: SignedContent
) -> None:
    """The contract's headers with any value, any number of times; nothing is good by accident."""
    verdict = verify(Delivery(tuple(headers), body), [SECRET], now=NOW, signed_content=content)
    assert not verdict.ok
    assert all(finding.detail for finding in verdict.findings)


@settings(max_examples=200)
@given(st.data())
def test_a_broken_envelope_is_one_of_two_errors(data: st.DataObject) -> None:
    """Bytes cut out, put in and replaced in an envelope never let another exception out."""
    body = bytearray(envelope(extra=[1, {"a": "ü"}]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 12)))
        body[start:end] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(BodyNotJsonError, EnvelopeInvalidError):
        assert decode_event(bytes(body)).event_id
