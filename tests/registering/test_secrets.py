"""The signing secret of a registration: stored first, compared, told loudly where it changed."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gooclaim_cli.errors import ApiError, ConfigurationError
from gooclaim_cli.questions import Ask
from gooclaim_cli.wire import SigningSecret
from tests.tenant.support import HOME_URL, PARTIAL, Answer, Seen, World, world

from .support import FAKE, Listening, Machine, listening

HOME = (HOME_URL, PARTIAL)


def stored(machine: Machine) -> tuple[str, int]:
    """The secret that is stored, and the mode of its file."""
    (file,) = (machine.home / "secrets").glob("*.json")
    held: dict[str, str] = msgspec.json.decode(file.read_bytes())
    return held["signing_secret"], file.stat().st_mode & 0o777


def accepted(listener: Listening) -> list[str]:
    return [each.value for each in listener.session.secrets]


def about_secrets(listener: Listening) -> list[str]:
    return [code for code in listener.codes if code.startswith("signing_secret")]


def test_a_server_that_keeps_its_secret_changes_nothing(tmp_path: Path) -> None:
    """Where none was known before, that is said; later runs are silent."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine, secret = Machine(here, tmp_path / "home"), here.sandbox.ready.signing_secret
            async with listening(machine) as listener:
                await listener.ready()
                assert accepted(listener) == [secret]
                assert stored(machine) == (secret, 0o600)
                assert HOME_URL in listener.notice("signing_secret_unsure").hint
                await listener.end()
            async with listening(machine) as again:
                await again.ready()
                await again.end()
            assert about_secrets(again) == []
            assert not any(secret in repr(each) for each in (*listener.notices, *again.notices))

    asyncio.run(scenario())


def test_a_new_secret_is_told_at_both_changes_with_what_the_owner_must_be_given(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(*HOME)
            before = SigningSecret(here.sandbox.ready.signing_secret)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (before,)})
            async with listening(machine) as listener:
                await listener.ready()
                during = stored(machine)[0]
                assert during != before.value
                assert accepted(listener) == [during, before.value]
                assert about_secrets(listener) == ["signing_secret_changed"]
                await listener.end()
            after = stored(machine)[0]
            assert after not in (during, before.value)
            first, second = (n for n in listener.notices if n.code == "signing_secret_changed")
            for told in (first, second):
                assert HOME_URL in told.message
                assert f"owner of {HOME_URL}: gooclaim webhook secret --reveal" in told.hint
                assert not any(each in repr(told) for each in (before.value, during, after))
            assert "once more" in first.message
            assert "once more" not in second.message

    asyncio.run(scenario())


def test_where_nobody_has_the_old_url_a_new_secret_is_told_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            machine = Machine(here, tmp_path / "home")
            for expected in ([], ["signing_secret_changed"]):
                async with listening(machine) as listener:
                    await listener.ready()
                    await listener.end()
                assert about_secrets(listener) == expected

    asyncio.run(scenario())


def test_where_the_answer_and_the_setting_differ_both_are_accepted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            for code in ("signing_secret_changed", "signing_secret_differs"):
                async with listening(machine) as listener:
                    await listener.ready()
                    assert accepted(listener) == [here.sandbox.ready.signing_secret, FAKE.value]
                    assert about_secrets(listener) == [code]
                    await listener.end()
                assert about_secrets(listener) == [code]

    asyncio.run(scenario())


def without_secret(_seen: Seen, answer: Answer) -> Answer:
    """A server that does not tell its secret."""
    if b"signing_secret" not in answer.body:
        return answer
    members = msgspec.json.decode(answer.body, type=dict[str, Any])
    del members["signing_secret"]
    return Answer(answer.status, msgspec.json.encode(members), answer.headers)


async def keeps_its_secret(here: World, machine: Machine, *known: str, **options: Any) -> None:
    here.relay.after = without_secret
    async with listening(machine, **options) as listener:
        await listener.ready()
        assert accepted(listener) == list(known)
        await listener.end()
    assert about_secrets(listener) == []


def test_a_server_that_does_not_tell_its_secret_leaves_the_users_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            machine = Machine(here, tmp_path / "home", members={"signing_secrets": (FAKE,)})
            await keeps_its_secret(here, machine, FAKE.value)

    asyncio.run(scenario())


def test_a_secret_that_was_told_earlier_is_still_the_right_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                await listener.end()
            await keeps_its_secret(here, machine, here.sandbox.ready.signing_secret)

    asyncio.run(scenario())


def saying(answer: str, asked: list[tuple[str, bool]]) -> Ask:
    async def ask(question: str, *, hidden: bool = False) -> str:
        asked.append((question, hidden))
        return answer

    return ask


def test_where_nobody_knows_the_secret_the_user_is_asked_without_an_echo(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            asked: list[tuple[str, bool]] = []
            machine = Machine(here, tmp_path / "home")
            ask = saying(FAKE.value, asked)
            await keeps_its_secret(here, machine, FAKE.value, ask=ask)
            ((question, hidden),) = asked
            assert "Signing secret" in question
            assert hidden

    asyncio.run(scenario())


@pytest.mark.parametrize("asks", [True, False])
def test_without_any_secret_nothing_is_left_registered(tmp_path: Path, asks: bool) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(*HOME)
            here.relay.after = without_secret
            machine = Machine(here, tmp_path / "home")
            async with listening(machine, ask=saying("", []) if asks else None) as listener:
                with pytest.raises(ConfigurationError, match="signing secret") as failed:
                    await listener.ready()
            assert "GOOCLAIM_SIGNING_SECRET" in failed.value.hint
            assert await here.configured() == HOME
            assert machine.journals == []

    asyncio.run(scenario())


def test_a_secret_that_cannot_be_stored_is_asked_for_again_by_the_next_restore(
    tmp_path: Path,
) -> None:
    """The change back is made, its answer has no place: the journal stays, and with it the key."""

    async def scenario() -> None:
        from gooclaim_cli.restoring import restore

        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(*HOME)
            machine = Machine(here, tmp_path / "home")
            async with listening(machine) as listener:
                await listener.ready()
                during = stored(machine)[0]
                folder = machine.home / "secrets"
                folder.rename(machine.home / "elsewhere")
                folder.touch()  # no folder any more
                with pytest.raises(ApiError, match="could not be put back"):
                    await listener.end()
            assert await here.configured() == HOME
            folder.unlink()
            (machine.home / "elsewhere").rename(folder)
            assert stored(machine)[0] == during
            undone = await restore(machine.settings, lambda *_: None)
            assert undone is not None
            assert undone.restored
            assert stored(machine)[0] != during
            back = here.relay.calls("PUT")[1:]
            assert len({each.headers["idempotency-key"] for each in back}) == 1
            assert machine.journals == []

    asyncio.run(scenario())
