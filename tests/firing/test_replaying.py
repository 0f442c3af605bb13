"""Replays: what is sent anew, in which order, and when."""

import asyncio
from random import Random

import pytest

from gooclaim_cli.firing.range import Conditions, Range
from gooclaim_cli.firing.replaying import Cartridge, Pace, Replayed, replay
from gooclaim_cli.firing.replays import Manner, Original, replay_shot
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Signer
from gooclaim_cli.sending import Sender
from gooclaim_cli.wire import Delivery, SigningSecret, verify
from gooclaim_cli.wire.handling import Arriving

from ..sending.servers import OK, answering, raw_server

NOW = 1_779_272_065.0
SECRET = SigningSecret("whsec_obviously_fake")
SIGNER = Signer(SECRET)


def original(number: int = 0, *, received_at: float | None = NOW, age: float = 3600) -> Original:
    sample = Recipe(event_type="workflow.completed").make(now=NOW - age, random=Random(number))
    delivery = SIGNER.sign(sample, at=NOW - age)
    headers = (("Via", "1.1 proxy"), *delivery.headers, ("Connection", "close"), ("X-Trace", "é"))
    return Original(
        source=f"dlv_{number}", delivery=Delivery(headers, sample.body), received_at=received_at
    )


def sent(manner: Manner) -> Delivery:
    shot = replay_shot(original(), manner, at=NOW, random=Random(5))
    ok = verify(shot.delivery, [SECRET], now=NOW).ok
    assert shot.what is (Arriving.GOOD if ok else Arriving.UNTIMELY)
    return shot.delivery


def test_signed_anew_only_signature_and_timestamp_are_others() -> None:
    """The same body and key; other headers stay, in their places, but for the connection's."""
    before, after = original().delivery, sent(Manner(signer=SIGNER))
    assert verify(after, [SECRET], now=NOW).ok
    assert after.body == before.body
    changed = [
        (name, value)
        for (name, value), old in zip(after.headers, before.headers, strict=False)
        if (name, value) != old
    ]
    assert [name for name, _ in changed][:1] == ["X-Gooclaim-Timestamp"]
    assert [name for name, _ in after.headers] == [
        name for name, _ in before.headers if name != "Connection"
    ]


def test_a_new_key_is_one_that_no_handler_knows() -> None:
    before, after = original().delivery, sent(Manner(signer=SIGNER, new_key=True))
    key = "x-gooclaim-idempotency-key"
    assert after.value(key) != before.value(key)
    assert verify(after, [SECRET], now=NOW).ok


def test_verbatim_ones_are_judged_by_what_they_have_become() -> None:
    """An hour later the timestamp is too old: a correct handler refuses it."""
    after = sent(Manner(signer=None, judge=SIGNER))
    assert after.headers == tuple(h for h in original().delivery.headers if h[0] != "Connection")
    untold = replay_shot(original(), Manner(signer=None), at=NOW, random=Random(1))
    assert untold.what is Arriving.GOOD


def test_what_has_no_headers_gets_gooclaims() -> None:
    bare = Original(source="body.json", delivery=Delivery((), original().delivery.body))
    shot = replay_shot(bare, Manner(signer=SIGNER), at=NOW, random=Random(1))
    assert verify(shot.delivery, [SECRET], now=NOW).ok


def test_what_is_no_event_is_sent_all_the_same() -> None:
    odd = Original(source="odd", delivery=Delivery((("X-Gooclaim-Event", "a.b"),), b"\xff"))
    shot = replay_shot(odd, Manner(signer=SIGNER), at=NOW, random=Random(1))
    assert (shot.delivery.body, shot.sample.event_type) == (b"\xff", "a.b")
    assert shot.what is Arriving.UNREADABLE


@pytest.mark.parametrize(
    ("pace", "starts"),
    [
        (Pace(), [0, 0, 0, 0]),
        (Pace(interval=0.5), [0, 0.5, 1.0, 1.5]),
        (Pace(as_recorded=True), [0, 10, 10, 40]),
        (Pace(as_recorded=True, speed=10), [0, 1, 1, 4]),
    ],
)
def test_when_each_is_sent(pace: Pace, starts: list[float]) -> None:
    """One without a time goes with the one before it."""
    times = (NOW, NOW + 10, None, NOW + 40)
    assert pace.starts([original(received_at=each) for each in times]) == starts


def test_a_clock_that_was_set_back_does_not_turn_the_order() -> None:
    times = (NOW, NOW + 10, NOW - 50, NOW + 20)
    pace = Pace(as_recorded=True)
    assert pace.starts([original(received_at=each) for each in times]) == [0, 10, 10, 20]


def run_all(at_once: int, interval: float = 0.0, count: int = 5) -> tuple[list[bytes], int]:
    """Replay so many; return the keys in the order in which they came, and the most at a time."""

    async def main() -> tuple[list[bytes], int]:
        under_way, most = 0, 0
        seen: list[Replayed] = []

        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.02)
            under_way -= 1
            await answering(OK)(reader, writer)

        async with raw_server(behave) as server, Sender() as sender:
            to = Range(Conditions(to=server.url()), sender, random=Random(1))
            cartridges = [Cartridge(original=original(n), to=to) for n in range(count)]
            pace = Pace(interval=interval, at_once=at_once)
            await replay(cartridges, Manner(signer=SIGNER), pace, seen.append)
            keys = [(await server.next()).split(b"Key: ")[1][:31] for _ in range(count)]
        assert len(seen) == count
        assert all(each.fired.held and each.differs is None for each in seen)
        return keys, most

    return asyncio.run(main())


def test_order_is_kept() -> None:
    keys, most = run_all(1)
    expected = [original(n).idempotency_key for n in range(5)]
    assert [key.decode() for key in keys] == expected
    assert most == 1


def test_several_can_be_under_way() -> None:
    _, most = run_all(3, count=9)
    assert most == 3


def test_an_interval_lies_between_starts() -> None:
    loop_started = asyncio.new_event_loop()
    begun = loop_started.time()
    run_all(1, interval=0.05, count=3)
    assert loop_started.time() - begun >= 0.1
    loop_started.close()


def test_what_is_raised_by_who_is_told_ends_it_and_goes_through() -> None:
    async def main() -> None:
        def gone(_: Replayed) -> None:
            raise BrokenPipeError

        async with raw_server(answering(OK)) as server, Sender() as sender:
            to = Range(Conditions(to=server.url()), sender, random=Random(1))
            cartridges = [Cartridge(original=original(n), to=to) for n in range(3)]
            await replay(cartridges, Manner(signer=SIGNER), Pace(), gone)

    with pytest.raises(BrokenPipeError):
        asyncio.run(main())
