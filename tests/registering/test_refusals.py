"""What the API can say to a registration, and what then happens: over real HTTP."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.errors import ApiError, ConfigurationError, ExitCode
from gooclaim_cli.register_terms import require_consent
from gooclaim_cli.restoring import restore
from gooclaim_cli.tenant.environment import Environment
from gooclaim_cli.tenant.tokens import TOKEN_PATH
from gooclaim_cli.webhook_urls import PATH_PREFIX
from tests.tenant.support import (
    HOME_URL,
    OTHERS,
    PARTIAL,
    Answer,
    Seen,
    World,
    world,
)

from .support import FAKE, Machine, behave, listening
from .test_endings import quiet

HOME = (HOME_URL, PARTIAL)
AT_ONCE = (("Retry-After", "0"),)


async def untouched(here: World, machine: Machine) -> None:
    """The configuration is the home URL's, and nothing is left to undo."""
    assert await here.configured() == HOME
    assert machine.journals == []


@pytest.mark.parametrize("methods", [("GET", "PUT"), ("PUT",)])
def test_without_the_scope_it_says_what_to_paste_and_carries_on(
    tmp_path: Path, methods: tuple[str, ...]
) -> None:
    """403: to everything, or to the change alone."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            forbidden = {"status": 403, "methods": list(methods), "paths": "*/webhook"}
            await behave(here, {"api": forbidden})
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            async with listening(machine) as listener:
                ready = await listener.ready()
                assert (ready.registered, ready.public_url) == (False, machine.url)
                assert "tenant:admin" in listener.notice("no_admin_scope").hint
                by_hand = await listener.noticed("register_by_hand")
                assert machine.url in by_hand.message
                assert machine.url.partition(".test")[2] in by_hand.hint
                assert "Console" in by_hand.hint
                assert (await listener.end()).restored is None
            await behave(here, None)
            await untouched(here, machine)

    asyncio.run(scenario())


def test_without_the_scope_and_without_a_secret_nothing_could_be_verified(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            readonly = f"{here.sandbox.ready.client_id}_readonly"
            machine = Machine(here, tmp_path / "home", members={"client_id": readonly})
            async with listening(machine) as listener:
                with pytest.raises(ConfigurationError, match="signing secret"):
                    await listener.ready()

    asyncio.run(scenario())


def answering(method: str, *answers: Answer) -> Any:
    """Answer the first calls of a method in this way; the others are passed on."""
    left = list(answers)

    async def before(seen: Seen) -> Answer | None:
        return left.pop(0) if seen.method == method and seen.path != TOKEN_PATH and left else None

    return before


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_passes_is_tried_again_and_told(tmp_path: Path, status: int, method: str) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            here.relay.before = answering(method, *[Answer(status, headers=AT_ONCE)] * 2)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                retries = [each for each in listener.notices if each.code == "api_retry"]
                assert len(retries) == 2
                assert all(str(status) in each.message for each in retries)
                await listener.end()
            await untouched(here, machine)

    asyncio.run(scenario())


@pytest.mark.parametrize(("method", "status"), [("GET", 429), ("PUT", 503)])
def test_what_does_not_pass_ends_it_with_exit_4_and_nothing_is_changed(
    tmp_path: Path, method: str, status: int
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            here.relay.before = answering(method, *[Answer(status, headers=AT_ONCE)] * 4)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                with pytest.raises(ApiError, match=str(status)) as failed:
                    await listener.ready()
            assert failed.value.exit_code is ExitCode.NETWORK
            await untouched(here, machine)

    asyncio.run(scenario())


def test_a_refused_url_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    """422: the API does not want this one."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine, path=PATH_PREFIX + "x" * 2048) as listener:
                with pytest.raises(ApiError, match="422 the URL is refused") as failed:
                    await listener.ready()
            assert failed.value.exit_code is ExitCode.NETWORK
            await untouched(here, machine)

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [409, 412])
def test_a_change_meanwhile_is_read_again_and_its_url_is_what_comes_back(
    tmp_path: Path, status: int
) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            changed: list[int] = []

            async def change(seen: Seen) -> Answer | None:
                if seen.method == "PUT" and not changed:
                    changed.append(status)
                    await here.configure(OTHERS)
                    return Answer(status)
                return None

            here.relay.before = change
            async with listening(Machine(here, tmp_path / "home")) as listener:
                assert (await listener.ready()).previous_url == OTHERS
                assert (await listener.end()).restored is True
            assert await here.configured() == (OTHERS, ("*",))

    asyncio.run(scenario())


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_connection_that_ends_in_the_middle_of_the_put_is_looked_into(
    tmp_path: Path, drop: str
) -> None:
    """Carried out or not: the same request under the same key finds out, and brings the secret."""

    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(*HOME)
            await behave(here, {"api": {"drop": drop, "times": 1, "methods": ["PUT"]}})
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                first, second = here.relay.calls("PUT")
                assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
                assert first.body == second.body
                assert await here.configured() == (machine.url, PARTIAL)
                await listener.end()
            await untouched(here, machine)

    asyncio.run(scenario())


def test_a_second_session_on_the_machine_is_refused_and_the_first_one_s_process_named(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        import os

        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            async with listening(machine) as first:
                await first.ready()
                calls = len(here.relay.seen)
                async with listening(machine) as second:
                    with pytest.raises(ConfigurationError, match="another gooclaim") as refused:
                        await second.ready()
                assert f"process {os.getpid()}, since" in refused.value.message
                assert "--no-register" in refused.value.hint
                with pytest.raises(ConfigurationError, match=f"process {os.getpid()}"):
                    await restore(machine.settings, quiet)
                async with listening(machine, register=False) as beside:
                    await beside.ready()
                assert len(here.relay.seen) == calls
                assert await here.configured() == (machine.url, PARTIAL)
                assert (await first.end()).restored is True
            await untouched(here, machine)

    asyncio.run(scenario())


def test_production_is_not_changed_without_consent() -> None:
    """A new signing secret would break the tenant's own endpoint, and cannot be undone."""
    with pytest.raises(ConfigurationError, match="signing secret") as refused:
        require_consent(Environment.PRODUCTION, given=False)
    assert "--accept-secret-rotation" in refused.value.hint
    require_consent(Environment.PRODUCTION, given=True)
    require_consent(Environment.DEVELOPMENT, given=False)
    require_consent(Environment.SANDBOX, given=False)
