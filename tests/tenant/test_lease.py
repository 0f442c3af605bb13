"""The end of a lease: tried for its time, and what cannot be done is kept, not raised."""

import asyncio
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Level
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.lease import Lease
from gooclaim_cli.tenant.registration import AnswerLostError

from .support import HOME_URL, OTHERS, OURS, PARTIAL, Answer, Seen, World, scripted, world

GONE = Answer(503, headers=(("Retry-After", "0"),))


def lease(here: World, told: list[str], *, within: float = 10.0) -> Lease:
    def notify(_level: Level, code: str, _message: str, _hint: str) -> None:
        told.append(code)

    return Lease(here.registration(), notify, within=within)


def test_an_api_that_is_back_within_the_time_is_enough(tmp_path: Path) -> None:
    """Seven refusals, told once."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            told: list[str] = []
            held = lease(here, told)
            await held.begin(OURS)
            assert held.holds
            here.relay.before = scripted(*[GONE] * 7, None)
            await held.end()
            assert (held.restored, held.failure, held.holds) == (True, None, False)
            assert await here.configured() == (HOME_URL, PARTIAL)
            assert not here.journal.path.exists()
            assert told == ["restore_retried"]
            assert len(here.relay.calls("GET")) == 9

    asyncio.run(scenario())


def test_an_api_that_never_answers_is_given_up_in_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            held = lease(here, [], within=0.05)
            await held.begin(OURS)

            async def silent(_seen: object) -> Answer | None:
                await asyncio.Event().wait()
                return None

            here.relay.before = silent
            await held.end()
            assert held.restored is False
            assert held.failure is not None
            assert "no answer in time" in held.failure.message
            assert here.journal.read() == here.entry(None)

    asyncio.run(scenario())


def test_a_url_that_is_put_back_is_told_so_though_the_answer_is_lost(tmp_path: Path) -> None:
    """The journal stays for the answer, in which a new secret may be."""

    async def hang_put(seen: Seen) -> Answer | None:
        if seen.method == "PUT":
            await asyncio.Event().wait()
        return None

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            told: list[str] = []
            held = lease(here, told, within=0.7)
            await held.begin(OURS)
            here.relay.lose = {"PUT": 4}  # this change, as often as it is sent again
            with pytest.raises(ApiProblem) as unknown:
                await here.registration().restore()
            assert not isinstance(unknown.value, AnswerLostError)  # nobody has looked yet
            here.relay.before = hang_put
            await held.end()
            here.relay.before, here.relay.lose = None, {"PUT": 1000}
            assert (held.restored, held.failure, held.holds) == (True, None, False)
            assert told[-1] == "restore_unanswered"
            assert await here.configured() == (HOME_URL, PARTIAL)
            assert here.journal.read() is not None
            with pytest.raises(AnswerLostError, match="put back, but the API's answer"):
                await here.registration().restore()
            here.relay.lose = {}
            undone = await here.registration().restore()
            assert undone is not None
            assert undone.restored
            assert [url for url, _secret, _home in here.kept] == [OURS, HOME_URL]
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_what_cannot_pass_is_not_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            held = lease(here, [])
            await held.begin(OURS)
            here.relay.before = scripted(Answer(403))
            calls = len(here.relay.seen)
            await held.end()
            assert held.failure is not None
            assert "403" in held.failure.message
            assert "the Console" in held.failure.hint
            assert len(here.relay.seen) == calls + 1

    asyncio.run(scenario())


def test_without_a_change_there_is_no_end(tmp_path: Path) -> None:
    """A journal of somebody before us is not ours to clear."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.journal.write(here.entry(None, ours=OTHERS))
            held = lease(here, [])
            await held.end()
            assert held.restored is None
            assert here.relay.seen == []
            assert here.journal.read() is not None

    asyncio.run(scenario())
