"""Our URL goes into the tenant's configuration and out again, whatever happens in between."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gooclaim_cli.errors import ConfigurationError, ExitCode
from gooclaim_cli.tenant.http import ApiProblem, CredentialsError
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.tenant.registration import ALL_EVENTS, OtherSessionError, is_session_url

from .support import HOME_URL, OTHERS, OURS, PARTIAL, Answer, Seen, World, scripted, world

HOME = HomeWebhook(HOME_URL, PARTIAL)
LEFT_OVER = "https://old-tunnel.example.com/gooclaim-cli/abc"


async def expected_home(here: World) -> None:
    """The configuration is the home URL's, and nothing is left to undo."""
    assert await here.configured() == (HOME_URL, PARTIAL)
    assert not here.journal.path.exists()


def test_where_nothing_was_configured_our_url_goes_and_nothing_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            registration = here.registration()
            home, answer = await registration.register(OURS)
            assert home is None
            assert answer.secret == here.sandbox.ready.signing_secret
            assert await here.configured() == (OURS, ALL_EVENTS)
            (put,) = here.relay.calls("PUT")
            assert put.headers["if-none-match"] == "*"
            assert "if-match" not in put.headers
            assert here.journal.read() == here.entry(None)
            assert await registration.restore() is True
            assert await here.configured() is None
            (delete,) = here.relay.calls("DELETE")
            assert delete.headers["if-match"] == answer.etag
            assert not here.journal.path.exists()
            assert here.told == []

    asyncio.run(scenario())


def test_a_home_url_comes_back_with_the_events_that_were_subscribed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            present = await here.direct.get_webhook()
            assert present is not None
            registration = here.registration()
            home, answer = await registration.register(OURS)
            assert home == HOME
            assert await here.configured() == (OURS, PARTIAL)
            assert await registration.restore() is True
            await expected_home(here)
            ours, back = here.relay.calls("PUT")
            assert ours.members == {"url": OURS, "events": list(PARTIAL)}
            assert back.members == {"url": HOME_URL, "events": list(PARTIAL)}
            assert (ours.headers["if-match"], back.headers["if-match"]) == (
                present.etag,
                answer.etag,
            )
            assert ours.headers["idempotency-key"] != back.headers["idempotency-key"]
            assert not here.relay.calls("DELETE")

    asyncio.run(scenario())


def test_the_journal_is_on_the_disk_before_each_change_reaches_the_server(tmp_path: Path) -> None:
    """Read when the call arrives: our PUT finds it written, the restoring one finds it still."""
    read: list[tuple[str, Entry, int]] = []

    async def scenario() -> None:
        async with world(tmp_path) as here:

            async def look(seen: Seen) -> Answer | None:
                if seen.method == "PUT":
                    file = here.journal.path
                    entry = msgspec.json.decode(file.read_bytes(), type=Entry)
                    read.append((seen.members["url"], entry, file.stat().st_mode & 0o777))
                elif seen.method == "GET" and not read:
                    assert not here.journal.path.exists()
                return None

            here.relay.before = look
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await registration.restore()
            entry = here.entry(HOME)
            assert read == [(OURS, entry, 0o600), (HOME_URL, entry, 0o600)]
            await expected_home(here)

    asyncio.run(scenario())


def test_the_journal_holds_no_secret(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            await here.registration().register(OURS)
            text = here.journal.path.read_text()
            ready = here.sandbox.ready
            assert not any(each in text for each in (ready.client_secret, ready.signing_secret))

    asyncio.run(scenario())


@pytest.mark.parametrize("had_home", [True, False])
def test_somebody_elses_later_change_is_left_alone(tmp_path: Path, had_home: bool) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            if had_home:
                here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await here.configure(OTHERS, ("workflow.started",))
            changes = len(here.relay.calls("PUT"))
            assert await registration.restore() is False
            assert await here.configured() == (OTHERS, ("workflow.started",))
            assert (len(here.relay.calls("PUT")), here.relay.calls("DELETE")) == (changes, [])
            assert here.codes == ["registration_changed"]
            assert OTHERS in here.told[0][2]
            assert not here.journal.path.exists()
            assert await registration.restore() is True

    asyncio.run(scenario())


def test_a_configuration_that_somebody_removed_stays_removed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            _, answer = await registration.register(OURS)
            await here.direct.delete_webhook(etag=answer.etag)
            assert await registration.restore() is False
            assert await here.configured() is None
            assert here.codes == ["registration_changed"]

    asyncio.run(scenario())


def test_a_home_url_that_somebody_put_back_already_is_fine(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await here.configure(HOME_URL, PARTIAL)
            assert await registration.restore() is True
            await expected_home(here)
            assert len(here.relay.calls("PUT")) == 1
            assert here.codes == []

    asyncio.run(scenario())


def changing_before(here: World, method: str, url: str, times: int = 1) -> None:
    """Somebody changes the configuration right before the next calls of a method."""
    left = times

    async def change(seen: Seen) -> Answer | None:
        nonlocal left
        if seen.method == method and left:
            left -= 1
            await here.configure(f"{url}?{left}", PARTIAL)
        return None

    here.relay.before = change


@pytest.mark.parametrize("configured", [True, False])
def test_a_change_between_reading_and_writing_is_read_again(
    tmp_path: Path, configured: bool
) -> None:
    """What somebody set in that moment is what belongs there, and it is what comes back."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            if configured:
                here.sandbox.preconfigure(HOME_URL)
            changing_before(here, "PUT", OTHERS)
            registration = here.registration()
            home, _ = await registration.register(OURS)
            assert home == HomeWebhook(f"{OTHERS}?0", PARTIAL)
            assert here.journal.read() == here.entry(home)
            assert len(here.relay.calls("PUT")) == len(here.relay.calls("GET")) == 2
            first, second = (put.headers["idempotency-key"] for put in here.relay.calls("PUT"))
            assert first != second
            assert await registration.restore() is True
            assert await here.configured() == (f"{OTHERS}?0", PARTIAL)

    asyncio.run(scenario())


def test_a_change_right_before_ours_is_undone_is_left_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL)
            registration = here.registration()
            await registration.register(OURS)
            changing_before(here, "PUT", OTHERS)
            assert await registration.restore() is False
            assert await here.configured() == (f"{OTHERS}?0", PARTIAL)
            assert here.codes == ["registration_changed"]

    asyncio.run(scenario())


def test_somebody_who_changes_it_again_and_again_wins_in_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            changing_before(here, "PUT", OTHERS, times=9)
            registration = here.registration()
            with pytest.raises(ApiProblem, match="412"):
                await registration.register(OURS)
            assert len(here.relay.calls("PUT")) == 3
            assert await here.configured() == (f"{OTHERS}?6", PARTIAL)

    asyncio.run(scenario())


@pytest.mark.parametrize("home", [HOME, None])
def test_what_a_killed_session_left_is_taken_up(tmp_path: Path, home: HomeWebhook | None) -> None:
    """Its journal still says what belongs there; the new session gets another URL."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            here.journal.write(here.entry(home, ours=LEFT_OVER))
            registration = here.registration()
            found, _ = await registration.register(OURS)
            assert found == home
            assert here.codes == ["journal_taken_up"]
            assert here.journal.read() == here.entry(home, LEFT_OVER)
            assert await registration.restore() is True
            assert await here.configured() == (home and (home.url, home.events))

    asyncio.run(scenario())


def test_what_is_taken_up_is_not_lost_where_our_change_fails(tmp_path: Path) -> None:
    """The leftover URL is still there then, and the way home goes from it."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            here.journal.write(here.entry(HOME, ours=LEFT_OVER))
            killed = here.registration()
            with pytest.raises(ApiProblem, match="422"):
                await killed.register("http://localhost/gooclaim-cli/abc")
            registration = here.registration()
            assert (await registration.register(OURS))[0] == HOME
            assert here.codes == ["journal_taken_up"] * 2
            assert await registration.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_what_is_taken_up_is_put_back_even_if_ours_never_got_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            here.journal.write(here.entry(HOME, ours=LEFT_OVER))
            registration = here.registration()
            with pytest.raises(ApiProblem, match="422"):
                await registration.register("http://localhost/gooclaim-cli/abc")
            assert await registration.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_a_race_while_taking_up_does_not_lose_what_belongs_there(tmp_path: Path) -> None:
    """The leftover URL's ETag changes between reading and writing."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            here.journal.write(here.entry(HOME, ours=LEFT_OVER))
            left = [LEFT_OVER]

            async def touch(seen: Seen) -> Answer | None:
                if seen.method == "PUT" and left:
                    await here.configure(left.pop(), PARTIAL)
                return None

            here.relay.before = touch
            registration = here.registration()
            assert (await registration.register(OURS))[0] == HOME
            assert here.codes == ["journal_taken_up"]
            assert await registration.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_a_put_that_was_lost_and_forgotten_is_known_as_ours(tmp_path: Path) -> None:
    """A server that keeps no answers refuses the repeated call: the first was carried out."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            left = [OURS]

            async def forget(seen: Seen) -> Answer | None:
                if seen.method != "PUT" or not left:
                    return None
                await here.configure(left.pop(), PARTIAL)
                return Answer(503, headers=(("Retry-After", "0"),))

            here.relay.before = forget
            registration = here.registration()
            assert (await registration.register(OURS))[0] == HOME
            assert len(here.relay.calls("PUT")) == 3
            assert await registration.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_a_killed_session_with_the_same_url_is_taken_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            await here.registration().register(OURS)
            after_the_kill = here.registration()
            assert (await after_the_kill.register(OURS))[0] == HOME
            assert await after_the_kill.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


@pytest.mark.parametrize("journal", ["none", "of another url"])
def test_another_sessions_url_is_never_taken_for_home(tmp_path: Path, journal: str) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            if journal != "none":
                here.journal.write(here.entry(HOME, ours=f"{LEFT_OVER}/other"))
            known = here.journal.read()
            registration = here.registration()
            with pytest.raises(OtherSessionError, match=LEFT_OVER) as refused:
                await registration.register(OURS)
            assert refused.value.exit_code is ExitCode.CONFIGURATION
            assert not registration.begun
            assert here.journal.read() == known
            assert await here.configured() == (LEFT_OVER, PARTIAL)

    asyncio.run(scenario())


def test_of_two_sessions_at_once_the_later_one_goes_on_and_restores(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            first, second = here.registration(), here.registration()
            await first.register(LEFT_OVER)
            assert (await second.register(OURS))[0] == HOME
            assert await first.restore() is False
            assert here.codes == ["journal_taken_up", "registration_changed"]
            assert await here.configured() == (OURS, PARTIAL)
            assert await second.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_of_two_sessions_at_once_the_earlier_one_finds_all_done(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            first, second = here.registration(), here.registration()
            await first.register(LEFT_OVER)
            await second.register(OURS)
            assert await second.restore() is True
            assert await first.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_a_refused_url_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            with pytest.raises(ApiProblem, match="422 the URL is refused"):
                await registration.register("http://localhost/gooclaim-cli/abc")
            assert await registration.restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_a_client_that_may_not_register_leaves_no_journal(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path, client_id="{}_readonly") as here:
            with pytest.raises(CredentialsError):
                await here.registration().register(OURS)
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_a_put_whose_answer_is_lost_is_undone_like_any_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        lose = {"PUT": 1, "DELETE": 1}
        async with world(tmp_path, lose=lose, rotate_secret_on_put=True) as here:
            registration = here.registration()
            _, answer = await registration.register(OURS)
            assert answer.secret not in (None, here.sandbox.ready.signing_secret)
            assert await registration.restore() is True
            assert await here.configured() is None
            assert here.codes == []

    asyncio.run(scenario())


def test_what_cannot_be_undone_now_stays_in_the_journal(tmp_path: Path) -> None:
    """The API breaks down; once it is back, the journal is enough to undo the change."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            here.relay.before = scripted(Answer(500, headers=(("Retry-After", "0"),)))
            with pytest.raises(ApiProblem, match="500"):
                await registration.restore()
            assert here.journal.read() == here.entry(HOME)
            here.relay.before = None
            assert await here.registration().restore() is True
            await expected_home(here)

    asyncio.run(scenario())


def test_without_a_journal_there_is_nothing_to_undo(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            assert await here.registration().restore() is True
            assert here.relay.seen == []

    asyncio.run(scenario())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"ours":1}', b"\xff", b"[" * 10_000])
def test_a_journal_that_cannot_be_read_stops_everything_before_a_change(
    tmp_path: Path, content: bytes
) -> None:
    """It may hold what belongs there: it is not written over."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER)
            here.journal.path.parent.mkdir()
            here.journal.path.write_bytes(content)
            registration = here.registration()
            for attempt in (registration.register(OURS), registration.restore()):
                with pytest.raises(ConfigurationError, match="cannot be read") as refused:
                    await attempt
                assert "Console" in refused.value.hint
            assert here.journal.path.read_bytes() == content
            assert not here.relay.calls("PUT")

    asyncio.run(scenario())


def test_a_session_is_known_by_the_path_of_its_url() -> None:
    assert is_session_url("https://a.example/gooclaim-cli/x")
    assert not is_session_url("https://gooclaim-cli.example/hooks")
    assert not is_session_url("https://a.example/hooks?x=/gooclaim-cli/")
