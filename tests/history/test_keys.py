"""gooclaim_cli.history.keys: what a delivery may do with its key."""

import pytest

from gooclaim_cli.happenings import Disposition
from gooclaim_cli.history.keys import KEY_LIFETIME, Claim, KeyState, KnownKey, decide

NOW = 1_779_272_065.0
FRESH, RETRY = Disposition.FRESH, Disposition.RETRY
DUPLICATE, IN_FLIGHT = Disposition.DUPLICATE, Disposition.IN_FLIGHT


def known(state: KeyState, *, held: bool = False, age: float = 0.0, attempts: int = 1) -> KnownKey:
    return KnownKey(state, held, "digest", attempts, NOW - age)


def test_a_new_key() -> None:
    claim = decide(None, body_sha256="digest", now=NOW)
    assert claim == Claim(FRESH, 1, other_body=False)


@pytest.mark.parametrize(
    ("key", "disposition"),
    [
        (known(KeyState.IN_FLIGHT, held=True), IN_FLIGHT),
        (known(KeyState.IN_FLIGHT), RETRY),
        (known(KeyState.PROCESSED), DUPLICATE),
        (known(KeyState.FAILED), RETRY),
        (known(KeyState.PROCESSED, age=KEY_LIFETIME), DUPLICATE),
        (known(KeyState.FAILED, age=KEY_LIFETIME), RETRY),
        (known(KeyState.IN_FLIGHT, held=True, age=2 * KEY_LIFETIME), IN_FLIGHT),
    ],
)
@pytest.mark.parametrize("digest", ["digest", "another"])
def test_a_known_key(key: KnownKey, disposition: Disposition, digest: str) -> None:
    """Another body is told whatever the key's state, and changes nothing else."""
    claim = decide(key, body_sha256=digest, now=NOW)
    assert claim == Claim(disposition, 2, other_body=digest == "another")


@pytest.mark.parametrize("state", list(KeyState))
def test_a_key_is_forgotten_after_seven_days(state: KeyState) -> None:
    key = known(state, age=KEY_LIFETIME + 0.001, attempts=6)
    assert decide(key, body_sha256="another", now=NOW) == Claim(FRESH, 1, other_body=False)


def test_attempts_are_counted_on() -> None:
    claim = decide(known(KeyState.FAILED, attempts=6), body_sha256="digest", now=NOW)
    assert claim.attempt == 7


def test_who_owns_the_key() -> None:
    """Fresh deliveries and retries must settle it, the others leave it alone."""
    owning = [each for each in Disposition if Claim(each, 1, other_body=False).owns_key]
    assert owning == [FRESH, RETRY]


def test_the_lifetime_is_the_contracts() -> None:
    assert KEY_LIFETIME >= 7 * 24 * 3600
