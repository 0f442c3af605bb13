"""Two machines, one tenant: who may take over, who notices, and who puts the home URL back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.happenings import Ready
from gooclaim_cli.restoring import restore
from gooclaim_cli.tenant.undoing import Step
from tests.tenant.support import HOME_URL, OTHERS, PARTIAL, Answer, Seen, World, world

from .support import Listening, Machine, behave, listening
from .test_secrets import saying

HOME = (HOME_URL, PARTIAL)
OFTEN: dict[str, Any] = {"watch_every": 0.02}


def machines(here: World, tmp_path: Path, **members: Any) -> tuple[Machine, Machine]:
    """One of mine, and one of a colleague's; `members` are the colleague's settings."""
    return (
        Machine(here, tmp_path / "mine", "mine.example.test"),
        Machine(here, tmp_path / "theirs", "theirs.example.test", members=members),
    )


async def looks(here: World, times: int) -> None:
    """Wait for so many more looks at the configuration."""
    arrived, before = asyncio.Semaphore(0), here.relay.before

    async def count(seen: Seen) -> Answer | None:
        if seen.method == "GET":
            arrived.release()
        return await before(seen) if before else None

    here.relay.before = count
    for _ in range(times):
        await arrived.acquire()
    here.relay.before = before


async def remove(here: World) -> None:
    """Somebody removes what is configured."""
    present = await here.direct.get_webhook()
    assert present is not None
    await here.direct.delete_webhook(etag=present.etag)


def test_a_colleagues_session_is_not_taken_over_by_mistake(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path)
            async with listening(theirs) as other:
                await other.ready()
                async with listening(mine) as listener:
                    with pytest.raises(ConfigurationError, match="another gooclaim") as refused:
                        await listener.ready()
                assert theirs.url in refused.value.message
                assert "--take-over" in refused.value.hint
                assert mine.journals == []
                assert (await other.end()).restored is True
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_who_takes_over_puts_back_the_home_url_of_the_profile(tmp_path: Path) -> None:
    """The colleague's URL is in no journal; whoever was taken over leaves the home URL alone."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path, home_url=HOME_URL)
            async with listening(mine, watch_every=None) as listener:
                await listener.ready()
                async with listening(theirs, take_over=True) as other:
                    ready = await other.ready()
                    assert (ready.previous_url, ready.home_known) == (HOME_URL, True)
                    (journal,) = theirs.journals
                    assert mine.url not in journal.read_text()
                    assert await here.configured() == (theirs.url, PARTIAL)
                    assert (await listener.end()).restored is False
                    told = listener.notice("left_to_other_session")
                    assert theirs.url in told.message
                    assert await here.configured() == (theirs.url, PARTIAL)
                    assert (await other.end()).restored is True
            assert await here.configured() == HOME
            undone = await restore(mine.settings, lambda *_: None)
            assert undone is not None
            assert undone.step is Step.NOTHING
            assert mine.journals == theirs.journals == []

    asyncio.run(scenario())


def test_the_home_url_is_asked_for_where_it_is_not_set(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure("https://gone.example.test/gooclaim-cli/x", PARTIAL)
            mine, _ = machines(here, tmp_path)
            asked: list[tuple[str, bool]] = []
            ask = saying(HOME_URL, asked)
            async with listening(mine, take_over=True, ask=ask) as listener:
                assert (await listener.ready()).previous_url == HOME_URL
                await listener.end()
            ((question, hidden),) = asked
            assert "https://gone.example.test/gooclaim-cli/x is another session's" in question
            assert not hidden
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_a_session_url_is_no_home_url_whoever_says_so(tmp_path: Path) -> None:
    """Set, it is refused; answered, it is asked for again, and then given up."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            gone = "https://gone.example.test/gooclaim-cli/x"
            here.sandbox.preconfigure(gone, PARTIAL)
            mine, theirs = machines(here, tmp_path, home_url=gone)
            async with listening(theirs, take_over=True) as listener:
                with pytest.raises(UsageError, match="never the home URL"):
                    await listener.ready()
            asked: list[tuple[str, bool]] = []
            async with listening(mine, take_over=True, ask=saying(gone, asked)) as listener:
                assert (await listener.ready()).home_known is False
                assert len(asked) == 3
                assert listener.codes.count("home_url_refused") == 3
                await listener.end()

    asyncio.run(scenario())


def test_where_nobody_knows_the_home_url_ours_is_removed_and_that_is_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure("https://gone.example.test/gooclaim-cli/x", PARTIAL)
            mine, _ = machines(here, tmp_path)
            async with listening(mine, take_over=True) as listener:
                ready = await listener.ready()
                assert (ready.previous_url, ready.home_known) == (None, False)
                assert "nothing is configured then" in listener.notice("home_url_unknown").message
                await listener.end()
            assert await here.configured() is None
            assert mine.journals == []

    asyncio.run(scenario())


def test_who_is_taken_over_notices_says_by_what_and_does_not_fight(tmp_path: Path) -> None:
    """The last one out puts the home URL back, though only the first one knows it."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                async with listening(theirs, take_over=True, watch_every=None) as other:
                    await other.ready()
                    present = await here.direct.get_webhook()
                    assert present is not None
                    told = await listener.noticed("taken_over")
                    assert f"{theirs.url} (since {present.updated_at})" in told.message
                    assert "last one out" in told.hint
                    await looks(here, 5)
                    assert listener.codes.count("taken_over") == 1
                    assert await here.configured() == (theirs.url, PARTIAL)
                    assert (await other.end()).restored is True
                assert await here.configured() is None  # the colleague knew no better
                await listener.noticed("registration_lost")
                assert (await listener.end()).restored is True
            assert await here.configured() == HOME
            assert mine.journals == theirs.journals == []

    asyncio.run(scenario())


def test_a_killed_session_that_was_taken_over_is_restored_by_the_last_one_out(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                async with listening(theirs, take_over=True) as other:
                    await other.ready()
                    await listener.noticed("taken_over")
                    (journal,) = mine.journals
                    content = journal.read_bytes()
                    await listener.end()
                    journal.write_bytes(content)  # killed instead
                    await other.end()
            assert await here.configured() is None
            undone = await restore(mine.settings, lambda *_: None)
            assert undone is not None
            assert undone.step is Step.PUT
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_take_back_takes_it_again_with_the_home_url_that_it_knows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path)
            async with listening(mine, take_back=True, **OFTEN) as listener:
                await listener.ready()
                async with listening(theirs, take_over=True, **OFTEN) as other:
                    await other.ready()
                    await listener.noticed("taken_back")
                    assert await here.configured() == (mine.url, PARTIAL)
                    told = await other.noticed("taken_over")
                    assert mine.url in told.message
                    assert (await other.end()).restored is False
                assert await here.configured() == (mine.url, PARTIAL)
                assert (await listener.end()).restored is True
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_take_back_is_no_endless_fight(tmp_path: Path) -> None:
    """Both of them are told to take it back: after three times each it is left as it is."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, theirs = machines(here, tmp_path, home_url=HOME_URL)
            async with (
                listening(mine, take_back=True, **OFTEN) as listener,
                listening(theirs, take_over=True, take_back=True, **OFTEN) as other,
            ):
                await asyncio.gather(listener.ready(), other.ready())
                await until_peace(listener, other)
                for each in (listener, other):
                    assert each.codes.count("taken_back") <= 3
                    await each.end()
            assert await here.configured() == HOME

    asyncio.run(scenario())


def defeated(listener: Listening) -> bool:
    return (listener.codes.count("taken_back"), listener.codes.count("taken_over")) == (3, 4)


async def until_peace(*listeners: Listening) -> None:
    """Wait until one of them has taken it back three times and was taken over once more."""

    async def peace(listener: Listening) -> None:
        await listener.until(lambda _: defeated(listener))

    waiting = [asyncio.create_task(peace(each)) for each in listeners]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    for each in waiting:
        each.cancel()
    assert any(map(defeated, listeners))


def test_take_back_waits_for_a_colleague_who_left_nothing_behind(tmp_path: Path) -> None:
    """The three times are over; once the colleague has gone, nobody is there to fight with."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, _ = machines(here, tmp_path)
            async with listening(mine, take_back=True, **OFTEN) as listener:
                await listener.ready()
                here.relay.before = forbidding_puts
                await here.configure("https://theirs.example.test/gooclaim-cli/x", PARTIAL)
                await listener.noticed("watch_failed")
                here.relay.before = None
                await remove(here)
                await listener.noticed("taken_back")
                assert await here.configured() == (mine.url, ("*",))
                assert (await listener.end()).restored is True
            assert await here.configured() == HOME

    asyncio.run(scenario())


async def forbidding_puts(seen: Seen) -> Answer | None:
    return Answer(422) if seen.method == "PUT" else None


@pytest.mark.parametrize("now", [OTHERS, HOME_URL, None])
def test_somebodys_decision_is_told_and_never_fought(tmp_path: Path, now: str | None) -> None:
    """No session has taken over: the tenant's owner has, and take-back is not meant against it."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, _ = machines(here, tmp_path)
            async with listening(mine, take_back=True, **OFTEN) as listener:
                await listener.ready()
                if now is None:
                    await remove(here)
                else:
                    await here.configure(now, PARTIAL)
                told = await listener.noticed("registration_lost")
                assert (now or "nothing") in told.message
                await looks(here, 3)
                assert await here.configured() == ((now, PARTIAL) if now else None)
                assert listener.codes.count("registration_lost") == 1
                await listener.end()
            assert await here.configured() == ((now, PARTIAL) if now else None)

    asyncio.run(scenario())


def test_a_url_that_a_colleague_put_back_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, _ = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                await here.configure(OTHERS)
                await listener.noticed("registration_lost")
                await here.configure(mine.url, PARTIAL)
                await listener.noticed("registered_again")
                assert (await listener.end()).restored is True
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_an_idle_session_asks_for_nothing_but_the_one_look(tmp_path: Path) -> None:
    """Call by call; without the look, nothing at all."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            mine, _ = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                started = len(here.relay.seen)
                await looks(here, 5)
                assert {(each.method, each.body) for each in here.relay.seen[started:]} == {
                    ("GET", b"")
                }
                await listener.end()
            async with listening(mine, watch_every=None) as listener:
                await listener.ready()
                started = len(here.relay.seen)
                await asyncio.sleep(0.1)  # five looks of the other one
                assert len(here.relay.seen) == started
                await listener.end()

    asyncio.run(scenario())


def test_an_api_that_is_gone_for_a_while_is_told_once(tmp_path: Path) -> None:
    """One call a look: no retries pile up."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            mine, _ = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                await behave(here, {"api": {"status": 503, "paths": "*/webhook"}})
                await looks(here, 5)
                assert listener.codes.count("watch_failed") == 1
                assert "api_retry" not in listener.codes
                await behave(here, None)
                await here.configure(OTHERS)
                await listener.noticed("registration_lost")
                await listener.end()

    asyncio.run(scenario())


def test_a_client_that_may_not_look_any_more_stops_looking(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            mine, _ = machines(here, tmp_path)
            async with listening(mine, **OFTEN) as listener:
                await listener.ready()
                await behave(here, {"api": {"status": 403, "paths": "*/webhook"}})
                told = await listener.noticed("watch_failed")
                assert "not looked at any more" in told.message
                calls = len(here.relay.seen)
                await behave(here, None)
                await asyncio.sleep(0.1)
                assert len(here.relay.seen) == calls
                assert (await listener.end()).restored is True

    asyncio.run(scenario())


def test_a_fault_of_the_watch_ends_the_session_and_is_undone(tmp_path: Path) -> None:
    """The renderer breaks down in the middle of a notice."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            mine, _ = machines(here, tmp_path)
            ready = asyncio.Event()

            def show(happening: object) -> None:
                if isinstance(happening, Ready):
                    ready.set()
                elif getattr(happening, "code", "") == "registered_again":
                    raise LookupError("a fault")

            session = mine.session(show, **OFTEN)
            running = asyncio.create_task(session.run())
            await ready.wait()
            await here.configure(OTHERS)
            await looks(here, 2)
            await here.configure(mine.url, PARTIAL)
            with pytest.raises(LookupError, match="a fault"):
                await running
            assert await here.configured() == HOME

    asyncio.run(scenario())
