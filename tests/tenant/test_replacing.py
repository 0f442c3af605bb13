"""A URL that is configured by hand: guarded and journaled like a session's, and there for good."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gooclaim_cli.tenant.belonging import OtherSessionError
from gooclaim_cli.tenant.http import ApiProblem
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.tenant.replacing import replace
from gooclaim_cli.tenant.undoing import Step

from .support import HOME_URL, OTHERS, OURS, PARTIAL, Answer, Seen, scripted, world

HOME = HomeWebhook(HOME_URL, PARTIAL)
NEW = "https://new.example.com/hooks"


def test_it_is_there_for_good_with_the_events_of_before_and_the_secret_is_kept(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            journaled: list[Entry] = []

            async def look(seen: Seen) -> Answer | None:
                if seen.method == "PUT":
                    journaled.append(
                        msgspec.json.decode(here.journal.path.read_bytes(), type=Entry)
                    )
                return None

            here.relay.before = look
            done = await replace(here.tenancy(), NEW)
            assert done.changed
            assert done.before is not None
            assert (done.before.url, done.after.url) == (HOME_URL, NEW)
            assert await here.configured() == (NEW, PARTIAL)
            ((url, secret, home),) = here.kept
            assert (url, home) == (NEW, HomeWebhook(NEW, PARTIAL))
            assert secret not in (None, here.sandbox.ready.signing_secret)
            (entry,) = journaled
            assert (entry.ours, entry.home) == (HOME_URL, HomeWebhook(NEW, PARTIAL))
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_what_is_there_already_is_not_put_again(tmp_path: Path) -> None:
    """A PUT may make a new secret."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            assert not (await replace(here.tenancy(), HOME_URL)).changed
            assert not here.relay.calls("PUT")
            assert (await replace(here.tenancy(), HOME_URL, ("*",))).changed
            assert await here.configured() == (HOME_URL, ("*",))

    asyncio.run(scenario())


@pytest.mark.parametrize("take_over", [True, False])
def test_a_session_of_another_machine_is_replaced_by_permission_only(
    tmp_path: Path, take_over: bool
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(OURS, PARTIAL)
            if take_over:
                await replace(here.tenancy(), HOME_URL, take_over=True)
                assert await here.configured() == (HOME_URL, PARTIAL)
                return
            with pytest.raises(OtherSessionError, match=OURS):
                await replace(here.tenancy(), HOME_URL)
            assert await here.configured() == (OURS, PARTIAL)

    asyncio.run(scenario())


def test_a_killed_session_of_this_machine_is_settled_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            await here.registration().register(OURS)
            await replace(here.tenancy(), NEW)
            assert await here.configured() == (NEW, PARTIAL)
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_what_is_refused_leaves_what_was_to_be_undone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            with pytest.raises(ApiProblem, match="422"):
                await replace(here.tenancy(), "http://example.com/")
            assert not here.journal.path.exists()
            await here.registration().register(OURS)
            with pytest.raises(ApiProblem, match="422"):
                await replace(here.tenancy(), "http://example.com/")
            assert here.journal.read() == here.entry(HOME)

    asyncio.run(scenario())


def test_somebody_who_is_faster_is_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            left = [OTHERS]

            async def change(seen: Seen) -> Answer | None:
                if seen.method == "PUT" and left:
                    await here.configure(left.pop(), PARTIAL)
                return None

            here.relay.before = change
            done = await replace(here.tenancy(), NEW)
            assert done.before is not None
            assert done.before.url == OTHERS
            assert await here.configured() == (NEW, PARTIAL)

    asyncio.run(scenario())


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("carried_out", [True, False])
def test_what_was_cut_off_in_the_middle_is_finished_by_a_restore(
    tmp_path: Path, carried_out: bool, configured: bool
) -> None:
    """Carried out or not: it is there in the end, once, and its secret is known."""

    async def scenario() -> None:
        async with world(tmp_path, lose={"PUT": 4}, rotate_secret_on_put=True) as here:
            if configured:
                here.sandbox.preconfigure(HOME_URL, ("*",))
            if not carried_out:
                here.relay.before = scripted(None, Answer(503, headers=(("Retry-After", "0"),)))
            with pytest.raises(ApiProblem):
                await replace(here.tenancy(), NEW)
            here.relay.before = None
            assert here.kept == []
            undone = await here.registration().restore()
            assert undone is not None
            assert undone.step is (Step.NOTHING if carried_out else Step.PUT)
            assert await here.configured() == (NEW, ("*",))
            assert [url for url, _, _ in here.kept] == [NEW]
            assert len({each.headers["idempotency-key"] for each in here.relay.calls("PUT")}) == 1
            assert not here.journal.path.exists()

    asyncio.run(scenario())
