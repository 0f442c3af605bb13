"""gooclaim_cli.wire.signature: what is accepted, and every reason for which it is not."""

import subprocess
from collections.abc import Sequence

import pytest

from gooclaim_cli.wire import (
    Delivery,
    Reason,
    SignedContent,
    SigningSecret,
    Verdict,
    sign,
    verify,
)
from tests.programs import needs

from .samples import NOW, OTHER, SECRET, changed, envelope, signed, without

BODY, STAMPED = SignedContent.BODY, SignedContent.TIMESTAMP_BODY
# What `openssl dgst -sha256 -hmac 'whsec_kn0wn vector'` makes of the sample body, without and with
# `1779272065.` before it.
OVER_BODY = "d1c0b25b6fd4697e5509998728b0bedcc0e2dcf255f9d397c3d8a4c453918f72"
OVER_STAMPED = "4d9569d443fb171e6018f68d7544991642150c127af672da42a010b0021bf91b"


def judged(
    delivery: Delivery,
    *,
    secrets: Sequence[SigningSecret] = (SECRET,),
    now: float = NOW,
    content: SignedContent = BODY,
    tenant: str | None = None,
) -> Verdict:
    return verify(delivery, secrets, now=now, signed_content=content, tenant_id=tenant)


def codes(delivery: Delivery, content: SignedContent = BODY) -> list[str]:
    return [code.value for code in judged(delivery, content=content).codes]


def test_a_known_vector() -> None:
    """The signatures are those that openssl made of the same bytes."""
    assert sign(envelope(), SECRET, timestamp=NOW) == OVER_BODY
    assert sign(envelope(), SECRET, timestamp=NOW, signed_content=STAMPED) == OVER_STAMPED
    assert judged(changed(signed(), signature=OVER_BODY)).ok
    assert judged(changed(signed(), signature=OVER_STAMPED), content=STAMPED).ok


@needs("openssl")
@pytest.mark.parametrize("secret", ["plain", "whsec_MfKQ9r8GKYqrTwjU", "ünïcode ₹ 🔑", " spaced "])
@pytest.mark.parametrize("content", list(SignedContent))
def test_what_openssl_signs_verifies(secret: str, content: SignedContent) -> None:
    """A program that knows nothing of our code comes to the same signature."""
    body = envelope(data={"note": "नमस्ते\r\n", "n": 1.50})
    message = body if content is BODY else b"%d.%b" % (NOW, body)
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt"]
    hexkey = f"hexkey:{secret.encode().hex()}"
    answer = subprocess.run([*command, hexkey], input=message, capture_output=True, check=True)
    signature = answer.stdout.decode().split()[-1]
    delivery = changed(signed(body), signature=signature)
    assert judged(delivery, secrets=[SigningSecret(secret)], content=content).ok


@pytest.mark.parametrize("prefix", ["", "sha256=", "SHA256=", "Sha256=", "  "])
@pytest.mark.parametrize("content", list(SignedContent))
def test_hex_of_either_case_and_a_prefix(prefix: str, content: SignedContent) -> None:
    """The plain form is taken with or without `sha256=` before it."""
    delivery = signed(signed_content=content)
    value = delivery.value("X-Gooclaim-Signature") or ""
    for digits in (value.lower(), value.upper(), value[:32].upper() + value[32:]):
        assert judged(changed(delivery, signature=prefix + digits), content=content).ok


@pytest.mark.parametrize("content", list(SignedContent))
@pytest.mark.parametrize(
    "form",
    [
        "t={t},v1={good}",
        "t={t}, v1={good}",
        "v1={good} , t={t}",
        "t={t},v1={other},v1={good}",
        "t={t},v1={good},v1={other}",
        "t={t},v1={good},v0=anything,scheme",
        "t=0{t},v1={padded}",
    ],
)
def test_the_older_form(form: str, content: SignedContent) -> None:
    """`t=…, v1=…` signs `<t>.<body>`, whatever the signed content is set to."""
    good = sign(envelope(), SECRET, timestamp=NOW, signed_content=STAMPED)
    padded = sign(b"0%d.%b" % (NOW, envelope()), SECRET, timestamp=NOW)
    other = sign(envelope(), OTHER, timestamp=NOW, signed_content=STAMPED)
    value = form.format(t=NOW, good=good, padded=padded, other=other)
    assert judged(changed(signed(), signature=value), content=content).ok
    assert judged(changed(signed(), signature=value, timestamp=None), content=content).ok


def test_the_older_form_with_another_timestamp() -> None:
    """`t` must be the timestamp header's where both are there, and is judged by its age alone."""
    good = sign(envelope(), SECRET, timestamp=NOW, signed_content=STAMPED)
    value = f"t={NOW},v1={good}"
    assert codes(changed(signed(), signature=value, timestamp=str(NOW + 1))) == [
        "signature_mismatch"
    ]
    assert codes(changed(signed(), signature=value, timestamp="soon")) == ["timestamp_malformed"]
    alone = changed(signed(), signature=value, timestamp=None)
    assert judged(alone, now=NOW + 301).codes == (Reason.TIMESTAMP_TOO_OLD,)
    assert judged(alone, now=NOW - 301).codes == (Reason.TIMESTAMP_IN_FUTURE,)


def test_the_older_form_does_not_sign_the_body_alone() -> None:
    over_body = sign(envelope(), SECRET, timestamp=NOW)
    value = f"t={NOW},v1={over_body}"
    assert codes(changed(signed(), signature=value)) == ["signature_mismatch"]


def test_one_content_is_not_taken_for_the_other() -> None:
    """A signature over the body alone is refused where the timestamp is signed, and vice versa."""
    assert codes(signed(signed_content=BODY), STAMPED) == ["signature_mismatch"]
    assert codes(signed(signed_content=STAMPED), BODY) == ["signature_mismatch"]


def test_a_signed_timestamp_cannot_be_changed() -> None:
    delivery = signed(signed_content=STAMPED)
    assert codes(changed(delivery, timestamp=str(NOW + 1)), STAMPED) == ["signature_mismatch"]
    assert codes(changed(delivery, timestamp=None), STAMPED) == ["timestamp_missing"]


@pytest.mark.parametrize(
    "value",
    [
        "abc",
        "g" * 64,
        "a" * 63,
        "a" * 65,
        "０" * 64,
        "sha256=",
        "sha256=" + "a" * 63,
        "sha1=" + "a" * 64,
        "sha256=sha256=" + "a" * 64,
        "t=1",
        "t=,v1=" + "a" * 64,
        "t=soon,v1=" + "a" * 64,
        "t=1,t=1,v1=" + "a" * 64,
        "t=1,v1=abc",
        f"t={NOW},v1={'a' * 64},v1=",
        "v1=" + "a" * 64,
        "t=" + "9" * 5000 + ",v1=" + "a" * 64,
        "=",
        ",",
        "\x00",
    ],
)
def test_malformed_signatures(value: str) -> None:
    assert codes(changed(signed(), signature=value)) == ["signature_malformed"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"signature": None}, ["signature_missing"]),
        ({"signature": ""}, ["signature_missing"]),
        ({"signature": [OVER_BODY, OVER_BODY]}, ["signature_malformed"]),
        ({"signature": ["", OVER_BODY]}, ["signature_malformed"]),
        ({"signature": "a" * 64}, ["signature_mismatch"]),
        ({"timestamp": None}, ["timestamp_missing"]),
        ({"timestamp": ""}, ["timestamp_missing"]),
        ({"timestamp": [str(NOW), str(NOW)]}, ["timestamp_malformed"]),
        ({"idempotency_key": None}, ["idempotency_key_missing"]),
        ({"idempotency_key": ""}, ["idempotency_key_missing"]),
        ({"event": "workflow.started"}, ["event_type_mismatch"]),
        ({"event": ["workflow.completed", "workflow.started"]}, ["event_type_mismatch"]),
        ({"event": ["workflow.completed"] * 2}, []),
        ({"event": None}, []),
        ({"event": ""}, ["event_type_mismatch"]),
    ],
)
def test_headers(headers: dict[str, str | list[str] | None], expected: list[str]) -> None:
    """Missing, empty, repeated and contradicting headers each have their reason."""
    assert codes(changed(signed(), **headers)) == expected


@pytest.mark.parametrize(
    "value",
    ["soon", "-1", "+1", "1.5", "1e9", " 1", "1 ", "0x1", "१", "1" * 13, "9" * 5000, "\x00"],
)
def test_malformed_timestamps(value: str) -> None:
    assert codes(changed(signed(), timestamp=value)) == ["timestamp_malformed"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, None),
        (300, None),
        (300.001, Reason.TIMESTAMP_TOO_OLD),
        (-300, None),
        (-300.001, Reason.TIMESTAMP_IN_FUTURE),
        (1e12, Reason.TIMESTAMP_TOO_OLD),
    ],
)
def test_the_age_at_its_limits(age: float, expected: Reason | None) -> None:
    """Exactly five minutes either way is accepted, a millisecond more is not."""
    assert judged(signed(), now=NOW + age).codes == ((expected,) if expected else ())


def test_another_tolerance() -> None:
    assert verify(signed(), [SECRET], now=NOW + 1, tolerance=1).ok
    assert not verify(signed(), [SECRET], now=NOW + 1.5, tolerance=1).ok


def test_the_age_is_said_in_words() -> None:
    (finding,) = judged(signed(), now=NOW + 400).findings
    assert finding.detail == "signed 6 min 40 s ago, allowed are 5 min"
    (finding,) = judged(signed(), now=NOW - 90_000).findings
    assert finding.detail == "signed 1 d 1 h in the future, allowed are 5 min"


def test_any_of_several_secrets() -> None:
    """During a rotation, the position of the secret that matched is told."""
    assert judged(signed(), secrets=[OTHER, SECRET]).secret == 1
    assert judged(signed(), secrets=[SECRET, SECRET]).secret == 0
    refused = judged(signed(), secrets=[OTHER, OTHER])
    assert (refused.secret, refused.codes) == (None, (Reason.SIGNATURE_MISMATCH,))
    assert judged(signed(), secrets=[]).codes == (Reason.SIGNATURE_MISMATCH,)


def test_the_secret_is_taken_as_given() -> None:
    """No prefix is removed, no space stripped, nothing decoded."""
    for other in ("kn0wn vector", "whsec_kn0wn vector ", "WHSEC_KN0WN VECTOR"):
        assert not judged(signed(), secrets=[SigningSecret(other)]).ok


def test_everything_that_is_wrong_is_named() -> None:
    """One verdict names every rule that a delivery breaks."""
    broken = Delivery((("X-Gooclaim-Signature", "no"),), b"no")
    assert codes(broken) == [
        "signature_malformed",
        "timestamp_missing",
        "idempotency_key_missing",
        "body_not_json",
    ]
    old = changed(signed(without("data"), secret=OTHER), timestamp="1", event="x")
    assert codes(old) == ["signature_mismatch", "timestamp_too_old", "envelope_invalid"]
    other = judged(changed(signed(secret=OTHER), event="workflow.started"), tenant="tnt_other")
    assert [code.value for code in other.codes] == [
        "signature_mismatch",
        "event_type_mismatch",
        "envelope_invalid",
    ]
    assert other.event is not None


def test_another_tenants_event() -> None:
    assert judged(signed(), tenant="tnt_xyz").ok
    refused = judged(signed(), tenant="tnt_abc")
    assert refused.codes == (Reason.ENVELOPE_INVALID,)
    assert "tnt_xyz" in refused.findings[0].detail
    assert judged(signed(), tenant="").codes == (Reason.ENVELOPE_INVALID,)


def test_header_names_are_compared_without_case() -> None:
    for spelled in (str.upper, str.lower, str.title):
        headers = tuple((spelled(name), value) for name, value in signed().headers)
        assert judged(Delivery(headers, envelope())).ok


def test_a_member_given_twice_never_passes_unread() -> None:
    """A verdict is good only where the event could be read: a decoder's error is a finding."""
    body = b'{"event_id":7,' + envelope()[1:]
    verdict = judged(signed(body))
    assert (verdict.ok, verdict.event) == (False, None)
    assert verdict.codes == (Reason.ENVELOPE_INVALID,)
    assert "event_id" in verdict.findings[0].detail


@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 10_000])
def test_deep_nesting_is_a_finding(body: bytes) -> None:
    delivery = Delivery(signed().headers, body)
    assert codes(delivery) == ["signature_mismatch", "body_not_json"]


def test_a_secret_is_never_shown() -> None:
    for shown in (repr(SECRET), str(SECRET), f"{SECRET}", f"{[SECRET]!r}"):
        assert "kn0wn" not in shown
    for unusable in ("", "\ud800"):
        with pytest.raises(ValueError, match="signing secret") as raised:
            SigningSecret(unusable)
        assert repr(unusable) not in str(raised.value) or not unusable


def test_a_secret_of_bytes_that_are_no_text() -> None:
    """What the environment gives as undecodable bytes is the key byte for byte."""
    assert SigningSecret(b"\xff\x00k".decode("utf-8", "surrogateescape")).key == b"\xff\x00k"
