"""However a session ends, the tenant's configuration is what it was, or it is said what to do."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gooclaim_cli.errors import ApiError, ConfigurationError, ExitCode
from gooclaim_cli.happenings import Happening, Ready
from gooclaim_cli.register_terms import Circumstances, RegisterOptions
from gooclaim_cli.registering import start_registrar
from gooclaim_cli.restoring import restore
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.undoing import Step
from tests.tenant.support import HOME_URL, OTHERS, PARTIAL, Seen, world

from .support import FAKE, Listening, Machine, behave, listening

HOME = (HOME_URL, PARTIAL)


def quiet(*_what: object) -> None:
    """Take a notice that does not matter."""


def test_it_is_undone_and_nothing_is_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            async with listening(machine) as listener:
                ready = await listener.ready()
                assert (ready.registered, ready.previous_url) == (True, HOME_URL)
                assert await here.configured() == (machine.url, PARTIAL)
                assert "restore" in listener.session.left_behind()
                summary = await listener.end()
            assert summary.restored is True
            assert await here.configured() == HOME
            assert machine.journals == []
            assert listener.session.left_behind() == "the tenant's configuration is not changed"

    asyncio.run(scenario())


def test_it_costs_two_round_trips_beside_the_token_and_nothing_while_idle(tmp_path: Path) -> None:
    """What is asked of the API, call by call."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            async with listening(Machine(here, tmp_path / "home")) as listener:
                await listener.ready()
                assert [each.method for each in here.relay.seen] == ["POST", "GET", "PUT"]
                await listener.end()
            assert [each.method for each in here.relay.seen][3:] == ["GET", "PUT"]

    asyncio.run(scenario())


def test_the_token_is_had_while_the_tunnel_opens(tmp_path: Path) -> None:
    """Once the URL is there, registering it is two calls more."""

    async def scenario() -> None:
        async with world(tmp_path) as here, AsyncExitStack() as stack:
            machine = Machine(here, tmp_path / "home")
            registrar = await start_registrar(
                stack,
                machine.settings,
                RegisterOptions(watch_every=None),
                Circumstances(
                    environment=Environment.SANDBOX,
                    state=machine.home,
                    tolerance=300.0,
                    notify=quiet,
                    clock=time.time,
                    fail=quiet,
                ),
                registers=True,
                needs_api=False,
            )
            assert [each.method for each in here.relay.seen] == ["POST"]
            assert registrar is not None
            await registrar.register(stack, machine.url)
            assert [each.method for each in here.relay.seen][1:] == ["GET", "PUT"]

    asyncio.run(scenario())


def test_a_fault_of_ours_is_undone_like_an_end(tmp_path: Path) -> None:
    def broken(happening: Happening) -> None:
        if isinstance(happening, Ready):
            raise TypeError("a fault")

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home")
            with pytest.raises(TypeError, match="a fault"):
                await machine.session(broken).run()
            assert len(here.relay.calls("PUT")) == 2
            assert await here.configured() == HOME
            assert machine.journals == []

    asyncio.run(scenario())


def test_a_stop_in_the_middle_of_the_put_waits_for_what_is_still_on_its_way(
    tmp_path: Path,
) -> None:
    """We hang up, the server carries it out all the same, a little later: it is undone."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            await behave(here, {"api": {"delay": 0.3, "methods": ["PUT"], "times": 1}})
            machine, sent = Machine(here, tmp_path / "home"), asyncio.Event()

            async def note(seen: Seen) -> None:
                if seen.method == "PUT":
                    sent.set()

            here.relay.before = note
            async with listening(machine) as listener:
                await sent.wait()
                listener.session.stop()
                assert await listener.running is None
            urls = [each.members["url"] for each in here.relay.calls("PUT")]
            assert urls == [machine.url, HOME_URL]
            assert await here.configured() == HOME
            assert machine.journals == []

    asyncio.run(scenario())


def test_an_api_that_is_gone_at_the_end_leaves_the_journal_and_says_how_to_finish(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine, restore_within=0.1) as listener:
                await listener.ready()
                await behave(here, {"api": {"drop": "before", "paths": "*/webhook"}})
                with pytest.raises(ApiError, match="could not be put back") as failed:
                    await listener.end()
            assert failed.value.exit_code is ExitCode.NETWORK
            assert "gooclaim restore" in failed.value.hint
            assert f"gooclaim webhook set '{HOME_URL}' --take-over" in failed.value.hint
            (journal,) = machine.journals
            assert str(journal) in failed.value.hint
            await behave(here, None)
            undone = await restore(machine.settings, quiet)
            assert undone is not None
            assert undone.step is Step.PUT
            assert await here.configured() == HOME
            assert machine.journals == []

    asyncio.run(scenario())


def test_somebody_elses_change_stays_and_it_is_said_what_is_there_and_since_when(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                await here.configure(OTHERS)
                present = await here.direct.get_webhook()
                assert present is not None
                summary = await listener.end()
            assert summary.restored is False
            told = listener.notice("registration_changed")
            assert f"{OTHERS} (since {present.updated_at})" in told.message
            assert f"gooclaim webhook set '{HOME_URL}' --take-over" in told.hint
            assert await here.configured() == (OTHERS, ("*",))

    asyncio.run(scenario())


async def kill(listener: Listening, machine: Machine) -> None:
    """End it and bring its journal back: what `kill -9` would have left."""
    (journal,) = machine.journals
    content = journal.read_bytes()
    await listener.end()
    journal.write_bytes(content)


def test_the_next_session_puts_right_what_a_killed_one_left_before_it_registers(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            first = Machine(here, tmp_path / "home")
            async with listening(first) as listener:
                await listener.ready()
                await kill(listener, first)
            await here.configure(first.url, PARTIAL)
            second = Machine(here, tmp_path / "home", "another-tunnel.example.test")
            async with listening(second) as listener:
                assert (await listener.ready()).previous_url == HOME_URL
                told = listener.notice("journal_taken_up")
                assert HOME_URL in told.message
                assert (await listener.end()).restored is True
            puts = [each.members["url"] for each in here.relay.calls("PUT")][2:]
            assert puts == [HOME_URL, second.url, HOME_URL]
            assert await here.configured() == HOME

    asyncio.run(scenario())


def test_a_session_that_does_not_register_puts_it_right_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            async with listening(machine) as listener:
                await listener.ready()
                await kill(listener, machine)
            await here.configure(machine.url, PARTIAL)
            async with listening(machine, register=False) as listener:
                assert (await listener.ready()).registered is False
                assert await here.configured() == HOME
                assert "journal_taken_up" in listener.codes
                assert (await listener.end()).restored is None
            assert machine.journals == []

    asyncio.run(scenario())


def test_a_session_that_does_not_register_listens_though_that_cannot_be_put_right(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            async with listening(machine) as listener:
                await listener.ready()
                await kill(listener, machine)
            machine.members["client_id"] = "client_nobody"
            async with listening(machine, register=False) as listener:
                await listener.ready()
                assert "gooclaim restore" in listener.notice("journal_remains").hint
            assert len(machine.journals) == 1

    asyncio.run(scenario())


def test_a_killed_session_of_another_tenant_is_told_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                (journal,) = machine.journals
                other = journal.with_name("development-tnt_other.json")
                tenant_id = here.sandbox.ready.tenant_id
                other.write_text(journal.read_text().replace(tenant_id, "tnt_other"))
                await listener.end()
            async with listening(machine) as listener:
                await listener.ready()
                assert "tnt_other" in listener.notice("journal_of_other_tenant").message
            with pytest.raises(ConfigurationError, match="but for tnt_other"):
                await restore(machine.settings, quiet)

    asyncio.run(scenario())
