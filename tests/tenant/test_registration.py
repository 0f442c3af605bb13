"""Our URL goes into the tenant's configuration and out again, whatever happens in between."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gooclaim_cli.errors import ConfigurationError, ExitCode
from gooclaim_cli.tenant.api import Webhook
from gooclaim_cli.tenant.belonging import OtherSessionError
from gooclaim_cli.tenant.http import ApiProblem, CredentialsError
from gooclaim_cli.tenant.journal import Entry, HomeWebhook
from gooclaim_cli.tenant.registration import Registration
from gooclaim_cli.tenant.tenancy import ALL_EVENTS
from gooclaim_cli.tenant.undoing import Step

from .support import HOME_URL, NOW, OTHERS, OURS, PARTIAL, Answer, Seen, World, scripted, world

HOME = HomeWebhook(HOME_URL, PARTIAL)
LEFT_OVER = "https://old-tunnel.example.com/gooclaim-cli/abc"


async def expected_home(here: World) -> None:
    """The configuration is the home URL's, and nothing is left to undo."""
    assert await here.configured() == (HOME_URL, PARTIAL)
    assert not here.journal.path.exists()


async def undo(registration: Registration, **how: bool) -> Step:
    """Undo what there is to be undone; return what was done."""
    undone = await registration.restore(**how)
    assert undone is not None
    return undone.step


def test_where_nothing_was_configured_our_url_goes_and_nothing_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            registration = here.registration()
            entry, answer = await registration.register(OURS)
            assert entry == here.journal.read() == here.entry(None)
            assert answer.secret == here.sandbox.ready.signing_secret
            assert here.kept == [(OURS, answer.secret, None)]
            assert await here.configured() == (OURS, ALL_EVENTS)
            (put,) = here.relay.calls("PUT")
            assert put.headers["if-none-match"] == "*"
            assert "if-match" not in put.headers
            assert await undo(registration) is Step.DELETE
            assert await here.configured() is None
            (delete,) = here.relay.calls("DELETE")
            assert delete.headers["if-match"] == answer.etag
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_a_home_url_comes_back_with_the_events_that_were_subscribed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            present = await here.direct.get_webhook()
            assert present is not None
            registration = here.registration()
            entry, answer = await registration.register(OURS)
            assert entry.home == HOME
            assert await here.configured() == (OURS, PARTIAL)
            assert await undo(registration) is Step.PUT
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


def test_registering_and_undoing_cost_two_round_trips_each(tmp_path: Path) -> None:
    """Beside the token, which is asked for once."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            assert [each.method for each in here.relay.seen] == ["POST", "GET", "PUT"]
            await undo(registration)
            assert [each.method for each in here.relay.seen][3:] == ["GET", "PUT"]

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
                    if entry.undo is not None:
                        assert entry.undo.key == seen.headers["idempotency-key"]
                        assert entry.undo.etag == seen.headers["if-match"]
                elif seen.method == "GET" and not read:
                    assert not here.journal.path.exists()
                return None

            here.relay.before = look
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await undo(registration)
            (ours, before, mode), (back, after, mode_after) = read
            assert (ours, back, mode, mode_after) == (OURS, HOME_URL, 0o600, 0o600)
            assert before == here.entry(HOME) == msgspec.structs.replace(after, undo=None)
            await expected_home(here)

    asyncio.run(scenario())


def test_the_journal_and_its_folder_are_synced_before_our_put_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the PUT finds the journal: what counts is the order of the two."""
    import os
    import stat

    order: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real(descriptor)

    async def scenario() -> None:
        async with world(tmp_path) as here:

            async def note(seen: Seen) -> Answer | None:
                order.append(seen.method)
                return None

            here.relay.before = note
            monkeypatch.setattr(os, "fsync", fsync)
            await here.registration().register(OURS)
            monkeypatch.undo()

    asyncio.run(scenario())
    assert [each for each in order if each != "POST"] == ["GET", "file", "folder", "PUT"]


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
            undone = await registration.restore()
            assert undone is not None
            assert (undone.step, undone.restored) == (Step.LEAVE, False)
            assert undone.found is not None
            assert undone.found.url == OTHERS
            assert await here.configured() == (OTHERS, ("workflow.started",))
            assert (len(here.relay.calls("PUT")), here.relay.calls("DELETE")) == (changes, [])
            assert not here.journal.path.exists()
            assert await registration.restore() is None

    asyncio.run(scenario())


def test_a_later_change_is_undone_by_force_only(tmp_path: Path) -> None:
    """What is left alone can be kept in mind, until somebody decides."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await here.configure(OTHERS)
            assert await undo(registration, forget=False) is Step.LEAVE
            assert await undo(registration, dry_run=True) is Step.LEAVE
            assert await undo(registration, dry_run=True, force=True) is Step.PUT
            assert await here.configured() == (OTHERS, ALL_EVENTS)
            assert await undo(registration, force=True) is Step.PUT
            await expected_home(here)

    asyncio.run(scenario())


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            calls = len(here.relay.seen)
            assert await undo(registration, dry_run=True) is Step.PUT
            assert [each.method for each in here.relay.seen[calls:]] == ["GET"]
            assert here.journal.read() == here.entry(HOME)

    asyncio.run(scenario())


def test_a_configuration_that_somebody_removed_stays_removed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            _, answer = await registration.register(OURS)
            await here.direct.delete_webhook(etag=answer.etag)
            assert await undo(registration) is Step.LEAVE
            assert await here.configured() is None

    asyncio.run(scenario())


def test_a_home_url_that_somebody_put_back_already_is_fine(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            await here.configure(HOME_URL, PARTIAL)
            assert await undo(registration) is Step.NOTHING
            await expected_home(here)
            assert len(here.relay.calls("PUT")) == 1

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
            entry, _ = await registration.register(OURS)
            assert entry.home == HomeWebhook(f"{OTHERS}?0", PARTIAL)
            assert here.journal.read() == here.entry(entry.home)
            assert len(here.relay.calls("PUT")) == len(here.relay.calls("GET")) == 2
            first, second = (put.headers["idempotency-key"] for put in here.relay.calls("PUT"))
            assert first != second
            assert await undo(registration) is Step.PUT
            assert await here.configured() == (f"{OTHERS}?0", PARTIAL)

    asyncio.run(scenario())


def test_a_change_right_before_ours_is_undone_is_left_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL)
            registration = here.registration()
            await registration.register(OURS)
            changing_before(here, "PUT", OTHERS)
            assert await undo(registration) is Step.LEAVE
            assert await here.configured() == (f"{OTHERS}?0", PARTIAL)

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
def test_what_a_killed_session_left_is_put_right(tmp_path: Path, home: HomeWebhook | None) -> None:
    """Its journal says what belongs there; the session itself is not needed any more."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            here.journal.write(here.entry(home, ours=LEFT_OVER))
            assert await undo(here.registration()) is (Step.PUT if home else Step.DELETE)
            assert await here.configured() == (home and (home.url, home.events))
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def test_a_killed_session_with_the_same_url_is_taken_up(tmp_path: Path) -> None:
    """Should it still be there when we register, its home is ours, too."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            await here.registration().register(OURS)
            after_the_kill = here.registration()
            assert (await after_the_kill.register(OURS))[0].home == HOME
            assert await undo(after_the_kill) is Step.PUT
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
            assert (await registration.register(OURS))[0].home == HOME
            assert len(here.relay.calls("PUT")) == 3
            assert await undo(registration) is Step.PUT
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
            assert "--take-over" in refused.value.hint
            assert not registration.begun
            assert here.journal.read() == known
            assert await here.configured() == (LEFT_OVER, PARTIAL)

    asyncio.run(scenario())


@pytest.mark.parametrize("home_url", [HOME_URL, None])
def test_another_session_is_taken_over_where_that_is_permitted(
    tmp_path: Path, home_url: str | None
) -> None:
    """Its URL is never what belongs there: that is asked for, and not known otherwise."""
    asked: list[str] = []

    async def home_of(found: Webhook) -> str | None:
        asked.append(found.url)
        return home_url

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(LEFT_OVER, PARTIAL)
            registration = here.registration()
            entry, _ = await registration.register(OURS, home_of)
            assert asked == [LEFT_OVER]
            assert entry == here.entry(HOME if home_url else None, home_known=home_url is not None)
            assert await here.configured() == (OURS, PARTIAL)
            assert LEFT_OVER not in here.journal.path.read_text()
            assert await undo(registration) is (Step.PUT if home_url else Step.DELETE)
            assert await here.configured() == ((HOME_URL, PARTIAL) if home_url else None)

    asyncio.run(scenario())


async def nobody_knows(_found: Webhook) -> str | None:
    return None


async def must_not_be_asked(found: Webhook) -> str | None:
    raise AssertionError(found)


def test_who_is_taken_over_leaves_the_home_url_to_the_last_one_out(tmp_path: Path) -> None:
    """The other one knows no home and leaves nothing behind: then we are the last one out."""

    async def scenario() -> None:
        async with world(tmp_path / "a") as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            first = here.registration()
            await first.register(OURS)
            await here.configure(LEFT_OVER, PARTIAL)  # another machine's session
            assert await undo(first) is Step.WAIT
            assert here.journal.read() == here.entry(HOME, taken_over=True)
            assert await here.configured() == (LEFT_OVER, PARTIAL)
            present = await here.direct.get_webhook()
            assert present is not None
            await here.direct.delete_webhook(etag=present.etag)
            assert await undo(first) is Step.PUT
            await expected_home(here)

    (tmp_path / "a").mkdir()
    asyncio.run(scenario())


def test_who_was_taken_over_takes_over_with_the_home_that_it_knows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            await here.registration().register(OURS)
            await here.configure(LEFT_OVER, PARTIAL)
            again = here.registration()
            entry, _ = await again.register(f"{OURS}-2", must_not_be_asked)
            assert entry.home == HOME
            assert await undo(again) is Step.PUT
            await expected_home(here)

    asyncio.run(scenario())


def test_a_moved_url_keeps_the_way_home(tmp_path: Path) -> None:
    """A tunnel that came back under another name: one PUT, and home is as it was."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(LEFT_OVER)
            moved = await registration.move(OURS)
            assert moved is not None
            assert moved.url == OURS
            assert here.journal.read() == here.entry(HOME, LEFT_OVER)
            assert await here.configured() == (OURS, PARTIAL)
            back = await registration.move(LEFT_OVER)
            assert back is not None
            assert here.journal.read() == here.entry(HOME, OURS, ours=LEFT_OVER)
            assert await undo(registration) is Step.PUT
            await expected_home(here)

    asyncio.run(scenario())


@pytest.mark.parametrize("now", [OTHERS, f"{LEFT_OVER}/other", None])
def test_a_url_that_is_no_longer_there_is_not_moved(tmp_path: Path, now: str | None) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            registration = here.registration()
            _, answer = await registration.register(LEFT_OVER)
            if now is None:
                await here.direct.delete_webhook(etag=answer.etag)
            else:
                await here.configure(now)
            assert await registration.move(OURS) is None
            assert await here.configured() == ((now, ALL_EVENTS) if now else None)
            assert here.journal.read() == here.entry(None, ours=LEFT_OVER)

    asyncio.run(scenario())


def test_a_move_whose_put_fails_is_undone_from_the_url_of_before(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(LEFT_OVER)
            with pytest.raises(ApiProblem, match="422"):
                await registration.move("http://localhost/gooclaim-cli/abc")
            assert await undo(registration) is Step.PUT
            await expected_home(here)

    asyncio.run(scenario())


def test_a_refused_url_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            with pytest.raises(ApiProblem, match="422 the URL is refused"):
                await registration.register("http://localhost/gooclaim-cli/abc")
            assert await undo(registration) is Step.NOTHING
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
    """The same key gives the same answer again, the new secret in it."""

    async def scenario() -> None:
        lose = {"PUT": 1, "DELETE": 1}
        async with world(tmp_path, lose=lose, rotate_secret_on_put=True) as here:
            registration = here.registration()
            _, answer = await registration.register(OURS)
            assert answer.secret not in (None, here.sandbox.ready.signing_secret)
            first, second = here.relay.calls("PUT")
            assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
            assert await undo(registration) in (Step.DELETE, Step.NOTHING)
            assert await here.configured() is None
            assert not here.journal.path.exists()

    asyncio.run(scenario())


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_put_that_is_never_answered_is_undone_by_what_is_found(
    tmp_path: Path, carried_out: bool
) -> None:
    """All its answers are lost: what is configured tells whether there is something to undo."""

    async def scenario() -> None:
        async with world(tmp_path, lose={"PUT": 4}) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            if not carried_out:
                here.relay.before = scripted(None, Answer(504, headers=(("Retry-After", "0"),)))
            registration = here.registration()
            with pytest.raises(ApiProblem):
                await registration.register(OURS)
            here.relay.before = None
            assert await undo(registration) is (Step.PUT if carried_out else Step.NOTHING)
            puts = [each.members["url"] for each in here.relay.calls("PUT")]
            assert puts == [OURS] * 4 + [HOME_URL] * carried_out
            await expected_home(here)

    asyncio.run(scenario())


def test_a_put_that_arrives_late_is_waited_for(tmp_path: Path) -> None:
    """Its sender was killed; what is configured looks untouched, until it is carried out."""

    async def scenario() -> None:
        async with world(tmp_path) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            here.journal.write(here.entry(HOME))
            looked = 0

            async def late(seen: Seen) -> Answer | None:
                nonlocal looked
                looked += seen.method == "GET"
                if looked == 2 and seen.method == "GET":
                    await here.configure(OURS, PARTIAL)
                return None

            here.relay.before = late
            assert await undo(here.registration(now=NOW + 3)) is Step.PUT
            await expected_home(here)
            here.journal.write(here.entry(HOME))
            assert await undo(here.registration(now=NOW + 60)) is Step.NOTHING
            assert [each.method for each in here.relay.seen[1:]] == ["GET", "GET", "PUT", "GET"]

    asyncio.run(scenario())


@pytest.mark.parametrize("remembers", [True, False])
def test_the_secret_of_a_restoring_put_is_asked_for_again_after_a_kill(
    tmp_path: Path, remembers: bool
) -> None:
    """It was carried out, and the process died before it had read the answer."""

    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            registration = here.registration()
            await registration.register(OURS)
            entry: list[Any] = []

            async def keep(seen: Seen) -> Answer | None:
                if seen.method == "PUT" and not entry:
                    entry.append(here.journal.read())
                return None

            here.relay.before = keep
            await undo(registration)
            (_, ours, _), (_, home, _) = here.kept
            assert ours != home
            if not remembers:
                entry[0] = msgspec.structs.replace(entry[0], undo=None)
            here.journal.write(entry[0])  # as it was when the PUT left
            here.kept.clear()
            assert await undo(here.registration(now=NOW + 60)) is Step.NOTHING
            assert here.kept == ([(HOME_URL, home, HOME)] if remembers else [])
            await expected_home(here)

    asyncio.run(scenario())


def test_a_server_that_has_forgotten_a_restoring_put_is_not_made_to_repeat_it(
    tmp_path: Path,
) -> None:
    """The request names a state that is gone: it is refused, and nothing changes."""

    async def scenario() -> None:
        async with world(tmp_path, rotate_secret_on_put=True) as here:
            here.sandbox.preconfigure(HOME_URL, PARTIAL)
            known = await here.direct.get_webhook()
            undone = {"key": "never-seen", "etag": '"gone"'}
            here.journal.write(msgspec.convert({**_raw(here.entry(HOME)), "undo": undone}, Entry))
            assert await undo(here.registration()) is Step.NOTHING
            assert here.kept == []
            assert await here.direct.get_webhook() == known
            assert not here.journal.path.exists()

    asyncio.run(scenario())


def _raw(entry: Entry) -> dict[str, Any]:
    raw: dict[str, Any] = msgspec.to_builtins(entry)
    return raw


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
            assert await undo(here.registration()) is Step.PUT
            await expected_home(here)

    asyncio.run(scenario())


def test_without_a_journal_there_is_nothing_to_undo(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            assert await here.registration().restore() is None
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
                assert "gooclaim webhook show" in refused.value.hint
            assert here.journal.path.read_bytes() == content
            assert not here.relay.calls("PUT")

    asyncio.run(scenario())


def test_what_was_done_at_another_api_is_not_undone_at_this_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world(tmp_path) as here:
            other = msgspec.structs.replace(here.entry(HOME), api_url="https://api.example.com")
            here.journal.write(other)
            with pytest.raises(ConfigurationError, match=r"api\.example\.com"):
                await here.registration().restore()
            assert here.relay.seen == []
            assert here.journal.read() == other

    asyncio.run(scenario())
