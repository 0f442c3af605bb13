"""Each example, started for real, keeps every rule. What it processes, its own output shows."""

import contextlib
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from gooclaim_cli.firing.range import Fired
from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.stories.library import NAMES
from gooclaim_cli.wire import CATALOGUE
from tests.examples.gooclaim import OLD_SECRET, SECRET, Gooclaim, event
from tests.examples.kinds import KEEP, KINDS, LEASE, MAY_SKIP, Kind
from tests.examples.running import Running, running

TAKEN, REFUSED = range(200, 300), range(400, 500)
each_kind = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            id=str(kind),
            marks=pytest.mark.skipif(
                bool(kind.missing) and MAY_SKIP, reason=f"{kind.missing} is not installed"
            ),
        )
        for kind in KINDS
    ],
)


@contextlib.contextmanager
def started(kind: Kind, folder: Path) -> Iterator[tuple[Running, Gooclaim]]:
    secrets = f"{OLD_SECRET}, {SECRET},"
    with (
        running(kind.heading, folder, GOOCLAIM_SIGNING_SECRET=secrets) as program,
        Gooclaim(program.url) as gooclaim,
    ):
        yield program, gooclaim


@pytest.mark.timeout(120)  # two starts of everything, on a busy machine
@each_kind
def test_it_keeps_the_rules(kind: Kind, tmp_path: Path) -> None:
    """One start for all of them, a kill in the middle of the work, and another start."""
    folder = kind.copy(tmp_path, on_trial=True)
    gate, repaired, later = (tmp_path / name for name in ("gate", "repaired", "later"))
    broken, old, held_up = event(fails_until=str(repaired)), event(), event(waits_for=str(gate))
    with started(kind, tmp_path) as (program, gooclaim):
        expected = [broken, old]
        assert gooclaim.deliver(broken) in TAKEN
        assert gooclaim.deliver(old) in TAKEN
        expected += [*every_fixture(gooclaim), *every_fault(gooclaim), *odd_ones(gooclaim)]
        expected += [*once_only(gooclaim), *every_story(gooclaim)]
        program.output.find(f"^failed .*({hashed(broken)}), attempt 1: \\w+$")
        repaired.touch()  # from here on, it is tried again without being delivered again
        expected += redelivered(program, gooclaim, kind, folder)
        wait_for(program, expected)
        wait_for(program, not_stored := not_stored_at_first(gooclaim, kind, folder))
        assert gooclaim.deliver(held_up) in TAKEN  # however long its work takes
        program.output.find(f"^waiting for {gate}$")
        assert gooclaim.deliver(held_up) in TAKEN
        program.kill()
        first = program.output
    kind.inbox.age(folder, held_up.idempotency_key, LEASE)
    kind.inbox.age(folder, old.idempotency_key, KEEP)
    gate.touch()
    with started(kind, tmp_path) as (program, gooclaim):
        wait_for(program, [held_up])
        assert gooclaim.deliver(broken) in TAKEN
        forgotten(program, gooclaim, old)
        last = event(waits_for=str(later))
        assert gooclaim.deliver(last) in TAKEN
        program.output.find(f"^waiting for {later}$")
        program.ask_to_end()
        later.touch()
        program.wait()
        wait_for(program, [last])
        second = program.output
    processed = first.processed() + second.processed()
    assert processed == Counter(map(ident, [*expected, *not_stored, held_up, old, last]))
    nothing_personal((*first.lines, *second.lines))
    nobody_else_may_read(folder)


def ident(sample: Sample) -> str:
    assert sample.event_id is not None
    return sample.event_id


def hashed(sample: Sample) -> str:
    """A pattern of the key as it is logged: itself, or where it names a file, its hash."""
    key = sample.idempotency_key
    return f"{key}'?\"?|{hashlib.sha256(key.encode()).hexdigest()}"


def wait_for(program: Running, samples: list[Sample]) -> None:
    """Wait until all of these were processed."""
    wanted = set(map(ident, samples))
    program.output.wait_for(lambda: wanted <= set(program.output.processed()))


def every_fixture(gooclaim: Gooclaim) -> list[Sample]:
    samples = [event(event_type) for event_type in CATALOGUE]
    assert {gooclaim.deliver(sample) for sample in samples} <= set(TAKEN)
    return samples


def every_fault(gooclaim: Gooclaim) -> list[Sample]:
    """All are judged by the contract's table. Returns those that are to be processed, each once."""
    fired = gooclaim.fire(["all"])
    assert [(each.fault, each.outcome.status) for each in fired if not each.held] == []
    return once(fired)


def every_story(gooclaim: Gooclaim) -> list[Sample]:
    """All that is shipped, told at once. Returns what is to be processed, each once."""
    played = [requests for name in NAMES for requests in gooclaim.play(name)]
    assert [(each.fault, each.outcome.status) for each, held in played if not held] == []
    return once(each for each, _held in played)


def once(fired: Iterable[Fired]) -> list[Sample]:
    """What was taken, each once, however often."""
    taken = {ident(x.shot.sample): x.shot.sample for x in fired if x.outcome.status in TAKEN}
    return list(taken.values())


def once_only(gooclaim: Gooclaim) -> list[Sample]:
    """The same key, many times at once and once more."""
    sample = event()
    assert set(gooclaim.deliver_at_once(sample, 12)) <= set(TAKEN)
    assert gooclaim.deliver(sample) in TAKEN
    return [sample]


def odd_ones(gooclaim: Gooclaim) -> Iterator[Sample]:
    """What no fault of `send-test` is."""
    during_rotation = event()
    assert gooclaim.deliver(during_rotation, secret=OLD_SECRET) in TAKEN
    yield during_rotation
    assert gooclaim.deliver(event(), Idempotency_Key=None) in REFUSED
    nobodys = event()
    empty = hmac.new(b"", nobodys.body, hashlib.sha256).hexdigest()
    assert gooclaim.deliver(nobodys, Signature=empty) in REFUSED  # "a," has no empty secret
    assert gooclaim.deliver(event(), Timestamp="9" * 5000) in REFUSED
    assert gooclaim.deliver(event(), Timestamp="²") in REFUSED
    in_pieces = gooclaim.client.post("/", content=(b"x" * 65536 for _ in range(40)))
    assert in_pieces.status_code in REFUSED
    assert gooclaim.client.get("/").status_code in REFUSED
    exotic = event("claim.reopened", note="\\u0000 é 😀")
    assert gooclaim.deliver(exotic, Idempotency_Key="../..\\:*?'\"<>| %00" + "x" * 200) in TAKEN
    yield exotic


def redelivered(program: Running, gooclaim: Gooclaim, kind: Kind, folder: Path) -> list[Sample]:
    """A key whose work failed is free again: a redelivery is tried at once, not in an hour."""
    repaired = folder / "repaired too"
    sample = event(fails_until=str(repaired))
    assert gooclaim.deliver(sample) in TAKEN
    program.output.find(f"^failed .*({hashed(sample)}), attempt 1: ")
    kind.inbox.age(folder, sample.idempotency_key, -3600)
    repaired.touch()
    assert gooclaim.deliver(sample) in TAKEN
    return [sample]


def not_stored_at_first(gooclaim: Gooclaim, kind: Kind, folder: Path) -> list[Sample]:
    """What cannot be stored is not taken; it is, when it is tried again. The worker lives on."""
    sample = event()
    with kind.inbox.lost(folder):
        assert gooclaim.deliver(sample) in range(500, 600)
    assert gooclaim.deliver(sample) in TAKEN
    return [sample]


def forgotten(program: Running, gooclaim: Gooclaim, old: Sample) -> None:
    """After seven days a key is free: wait until its event is taken for a new one."""
    until = time.monotonic() + 10
    while not program.output.processed()[ident(old)]:
        assert time.monotonic() < until
        assert gooclaim.deliver(old) in TAKEN
        with contextlib.suppress(AssertionError):
            program.output.find(ident(old), patience=0.2)


def nothing_personal(lines: tuple[str, ...]) -> None:
    """Types, ids and kinds of errors may be logged, and nothing that a body or an error says."""
    said = "\n".join(lines)
    for private in ("sha256:", "tnt_", "wf_", "9876543210", SECRET):
        assert private not in said


def nobody_else_may_read(folder: Path) -> None:
    inbox = [each for each in (*folder.glob("inbox*"), *folder.glob("inbox/*")) if each.is_file()]
    assert inbox
    assert not any(each.stat().st_mode & 0o077 for each in inbox if each.stat().st_size)
