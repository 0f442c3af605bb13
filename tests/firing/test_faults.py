"""Faults: what each breaks, checked with the contract's own verification."""

from dataclasses import replace
from random import Random

import msgspec
import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import SINGLE, Fault, Means
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.sequences import all_hold, faulty_volley, good_volley
from gooclaim_cli.firing.shots import Sample, Signer, envelope_of
from gooclaim_cli.wire import (
    CATALOGUE,
    DEFAULT_TOLERANCE,
    IDEMPOTENCY_KEY_HEADER,
    Reason,
    SignedContent,
    SigningSecret,
    Verdict,
    decode_event,
    verify,
)
from gooclaim_cli.wire.handling import Arriving, arriving

NOW = 1_779_272_065.75
SECRET = SigningSecret("whsec_obviously_fake")
FINDS = {
    Fault.BAD_SIGNATURE: Reason.SIGNATURE_MISMATCH,
    Fault.MALFORMED_SIGNATURE: Reason.SIGNATURE_MALFORMED,
    Fault.NO_SIGNATURE: Reason.SIGNATURE_MISSING,
    Fault.WRONG_SECRET: Reason.SIGNATURE_MISMATCH,
    Fault.TAMPERED_BODY: Reason.SIGNATURE_MISMATCH,
    Fault.STALE: Reason.TIMESTAMP_TOO_OLD,
    Fault.FUTURE: Reason.TIMESTAMP_IN_FUTURE,
    Fault.NO_TIMESTAMP: Reason.TIMESTAMP_MISSING,
    Fault.MALFORMED_TIMESTAMP: Reason.TIMESTAMP_MALFORMED,
    Fault.TYPE_MISMATCH: Reason.EVENT_TYPE_MISMATCH,
    Fault.NOT_JSON: Reason.BODY_NOT_JSON,
    Fault.TRUNCATED: Reason.BODY_NOT_JSON,
    Fault.MISSING_MEMBER: Reason.ENVELOPE_INVALID,
    Fault.UNKNOWN_MEMBER: None,
    Fault.UNKNOWN_TYPE: None,
    Fault.HUGE: None,
    Fault.SLOW_BODY: None,
}


def sample(event_type: str = "workflow.completed") -> Sample:
    return Recipe(event_type=event_type).make(now=NOW, random=Random(1))


def means(content: SignedContent = SignedContent.BODY) -> Means:
    return Means(signer=Signer(SECRET, content), at=NOW, random=Random(2))


def verdict(fault: Fault, content: SignedContent = SignedContent.BODY) -> Verdict:
    (shot,) = faulty_volley(fault, sample(), means(content)).shots
    return verify(shot.delivery, [SECRET], now=NOW, signed_content=content)


@pytest.mark.parametrize("fault", SINGLE)
def test_a_fault_breaks_what_it_says_and_nothing_else(fault: Fault) -> None:
    """What verifying finds is the one thing, and puts it into the row that it is judged by."""
    (shot,) = faulty_volley(fault, sample(), means()).shots
    expected = [FINDS[fault]] if FINDS[fault] else []
    assert list(verdict(fault).codes) == expected
    row = arriving(verdict(fault).codes)
    assert shot.what is (Arriving.LARGE if fault is Fault.HUGE else row)


@pytest.mark.parametrize("fault", set(SINGLE) - {Fault.NO_TIMESTAMP, Fault.MALFORMED_TIMESTAMP})
def test_faults_are_the_same_where_the_timestamp_is_signed_too(fault: Fault) -> None:
    assert verdict(fault, SignedContent.TIMESTAMP_BODY).codes == verdict(fault).codes


@pytest.mark.parametrize("fault", [Fault.STALE, Fault.FUTURE])
def test_times_are_off_by_little_more_than_is_allowed(fault: Fault) -> None:
    (shot,) = faulty_volley(fault, sample(), means()).shots
    lenient = verify(shot.delivery, [SECRET], now=NOW, tolerance=DEFAULT_TOLERANCE + 60)
    assert lenient.ok


def test_a_changed_body_is_still_an_envelope_of_the_same_length() -> None:
    """Only the signature tells that it was changed."""
    (shot,) = faulty_volley(Fault.TAMPERED_BODY, sample(), means()).shots
    assert decode_event(shot.delivery.body).event_id != sample().event_id
    assert len(shot.delivery.body) == len(sample().body)


def test_a_huge_body_is_a_good_event_of_two_mebibytes() -> None:
    (shot,) = faulty_volley(Fault.HUGE, sample(), means()).shots
    assert len(shot.delivery.body) > 2 * 1024 * 1024
    assert decode_event(shot.delivery.body).event_id == sample().event_id


@pytest.mark.parametrize("fault", [Fault.DUPLICATE, Fault.CONCURRENT_DUPLICATES])
def test_duplicates_are_the_same_delivery(fault: Fault) -> None:
    volley = faulty_volley(fault, sample(), means())
    assert len({shot.delivery for shot in volley.shots}) == 1
    assert len(volley.shots) == (4 if volley.at_once else 2)
    assert volley.at_once is (fault is Fault.CONCURRENT_DUPLICATES)


def test_a_retry_after_a_refusal_has_the_same_key_and_the_right_body() -> None:
    refused, again = faulty_volley(Fault.RETRY, sample(), means()).shots
    assert not verify(refused.delivery, [SECRET], now=NOW).ok
    assert verify(again.delivery, [SECRET], now=NOW).ok
    key = IDEMPOTENCY_KEY_HEADER
    assert refused.delivery.value(key) == again.delivery.value(key) == sample().idempotency_key


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_reordered_events_are_of_one_story_the_later_first(event_type: str) -> None:
    first, second = faulty_volley(Fault.REORDERED, sample(event_type), means()).shots
    later, earlier = decode_event(first.delivery.body), decode_event(second.delivery.body)
    assert later.occurred_at > earlier.occurred_at
    assert later.event_id != earlier.event_id
    assert first.delivery.value(IDEMPOTENCY_KEY_HEADER) != second.delivery.value(
        IDEMPOTENCY_KEY_HEADER
    )
    for name in ("workflow_id", "claim_id_hash", "phone_hash"):
        assert later.data.get(name) == earlier.data.get(name)
    if event_type.startswith("workflow."):
        assert earlier.event_type == "workflow.started"
        assert later.event_type != earlier.event_type
    assert all(verify(shot.delivery, [SECRET], now=NOW).ok for shot in (first, second))


@pytest.mark.parametrize("body", [b"", b"[1]", b"no json", b"\xff"])
def test_what_needs_an_event_says_so(body: bytes) -> None:
    broken = replace(sample(), event_id=None, body=body)
    for fault in (Fault.MISSING_MEMBER, Fault.UNKNOWN_TYPE, Fault.REORDERED, Fault.HUGE):
        with pytest.raises(UsageError, match="changes an event"):
            faulty_volley(fault, broken, means())
    (shot,) = faulty_volley(Fault.TAMPERED_BODY, broken, means()).shots
    assert shot.delivery.body != body
    assert not verify(shot.delivery, [SECRET], now=NOW).ok


def test_bytes_that_are_no_event_are_judged_as_such() -> None:
    """Whatever is sent as it is, its own bytes tell what a correct handler answers."""
    broken = replace(sample(), body=b"no json")
    assert good_volley(broken, means()).shots[0].what is Arriving.UNREADABLE
    assert good_volley(sample(), means()).shots[0].what is Arriving.GOOD


@pytest.mark.parametrize(
    ("statuses", "held"),
    [
        ((200, 200, 200, 200), (True, True, True, True)),
        ((200, 409, 503, 200), (True, True, True, True)),
        ((503, 409, 503, 500), (False, False, False, False)),
        ((200, 400, None, 302), (True, False, False, False)),
    ],
)
def test_of_deliveries_at_once_one_must_be_taken(
    statuses: tuple[int | None, ...], held: tuple[bool, ...]
) -> None:
    volley = faulty_volley(Fault.CONCURRENT_DUPLICATES, sample(), means())
    assert all_hold(volley, statuses) == held


def test_a_sequence_is_judged_shot_by_shot() -> None:
    retry = faulty_volley(Fault.RETRY, sample(), means())
    assert all_hold(retry, (401, 200)) == (True, True)
    assert all_hold(retry, (401, 409)) == (True, False)
    duplicate = faulty_volley(Fault.DUPLICATE, sample(), means())
    assert all_hold(duplicate, (200, 409)) == (True, False)


def test_an_unknown_type_is_named_by_header_and_body_alike() -> None:
    (shot,) = faulty_volley(Fault.UNKNOWN_TYPE, sample(), means()).shots
    assert shot.sample.event_type not in CATALOGUE
    assert msgspec.json.decode(shot.delivery.body)["event_type"] == shot.sample.event_type
    assert envelope_of(shot.sample)["data"] == envelope_of(sample())["data"]
