"""`gooclaim listen` as other programs see it: its JSON lines, its endings, its files."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.support import (
    GOOCLAIM,
    HOME_URL,
    PATIENCE,
    SandboxClient,
    environment,
    handler,
    running,
)

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def url_of(sandbox: SandboxClient) -> str | None:
    """What the tenant has configured now."""
    found = sandbox.webhook()
    return found["url"] if found else None


def test_json_lines_are_what_the_readme_says(tmp_path: Path) -> None:
    """The members of each kind, all of them; nothing else on stdout, nothing on stderr."""
    with (
        handler() as hooks,
        running(
            [*GOOCLAIM, "listen", "--sandbox", "--json", "-f", f"{hooks.port}/x"],
            environment(tmp_path),
        ) as program,
    ):
        ready = program.told("ready")
        delivery = program.told("delivery")
        code, out, err = program.end()
    assert set(ready) == {
        *("kind", "at", "environment", "tenant_id", "public_url", "local_url", "handler"),
        *("handlers", "tunnel", "inspector", "registered", "previous_url", "deadline", "events"),
        *("home_known", "restore_command", "home_url", "answer_from", "copy_to", "keeps_bodies"),
        "sandbox",
        "ends_at",
    }
    facts = ("api_url", "client_id", "client_secret", "tenant_id", "signing_secret", "ca_file")
    assert set(ready["sandbox"]) == set(facts)
    assert ready["handler"] == f"http://localhost:{hooks.port}/x"
    assert ready["public_url"].startswith("https://localhost:")
    assert ready["local_url"].startswith("http://127.0.0.1:")
    assert ready["public_url"].split("/", 3)[3] == ready["local_url"].split("/", 3)[3]
    assert set(delivery) == {
        *("kind", "at", "delivery_id", "event_id", "event_type", "idempotency_key", "bytes"),
        *("verdict", "reasons", "duplicate", "disposition", "attempt", "response_status"),
        *("handler", "home"),
    }
    assert delivery["handler"]["status"] == 200
    assert (code, err) == (0, "")
    summary = out.splitlines()[-1]
    assert '"kind":"summary"' in summary
    assert '"restored":true' in summary


def test_one_run_s_events_are_no_duplicates_in_the_next(tmp_path: Path) -> None:
    """Each sandbox is a tenant of its own, in one and the same history."""
    seen = []
    command = [*GOOCLAIM, "listen", "--sandbox", "--json", "--emit-every", "0.1s"]
    for _ in range(2):
        with running(command, environment(tmp_path)) as program:
            first, second = program.told("delivery"), program.told("delivery")
            assert not first["duplicate"]
            assert not second["duplicate"]
            seen += [first["event_id"], second["event_id"]]
            program.end()
    assert len(set(seen)) == 4


def test_the_path_and_the_sandbox_s_secret_survive_a_restart(tmp_path: Path) -> None:
    """A URL that was pasted into the Console stays right, and so does what a handler was given."""
    paths, secrets = [], []
    for _ in range(2):
        command = [*GOOCLAIM, "listen", "--sandbox", "--no-emit", "--json"]
        with running(command, environment(tmp_path)) as program:
            ready = program.told("ready")
            paths.append(ready["local_url"].split("/", 3)[3])
            secrets.append(ready["sandbox"]["signing_secret"])
            program.end()
    assert secrets[0] == secrets[1]
    assert paths[0] == paths[1]
    assert paths[0].startswith("gooclaim-cli/")
    assert len(paths[0]) > 40


@POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_ending_puts_the_old_url_back(
    tmp_path: Path, sandbox: SandboxClient, name: str
) -> None:
    """However it is told to end, the tenant's configuration is what it was."""
    env = environment(tmp_path / "home", **sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        assert program.told("ready")["previous_url"] == HOME_URL
        assert url_of(sandbox) != HOME_URL
        code, _out, err = program.end(getattr(signal, name))
    assert (code, err) == (0, "")
    assert url_of(sandbox) == HOME_URL
    assert not list((tmp_path / "home" / "journal").iterdir())


@POSIX
def test_a_closed_pipe_ends_the_session(tmp_path: Path, own_sandbox: SandboxClient) -> None:
    """When nobody reads any more, it undoes everything and goes, without a word or an event."""
    env = environment(tmp_path / "home", **own_sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        program.stdout.close()
        if sys.platform != "linux":  # there the next write tells
            own_sandbox.emit("workflow.started")
        program.process.wait(PATIENCE)
        assert program.stderr.read() == ""
    assert url_of(own_sandbox) == HOME_URL


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_an_output_that_is_full_ends_the_session_and_is_told(
    tmp_path: Path, sandbox: SandboxClient
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*GOOCLAIM, "listen", "--json"],
            env=environment(tmp_path / "home", **sandbox.variables),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        3,
        "error: no space is left to write to",
    )
    assert url_of(sandbox) == HOME_URL
    assert not list((tmp_path / "home" / "journal").iterdir())


def test_somebody_else_s_change_is_left_alone(tmp_path: Path, sandbox: SandboxClient) -> None:
    """Never put back over a later change: it is told, and stays."""
    theirs = "https://cms.example.test/new"
    env = environment(tmp_path / "home", **sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        sandbox.configure(theirs)
        code, out, _err = program.end()
    assert code == 0
    assert '"code":"registration_changed"' in out
    assert '"restored":false' in out
    assert url_of(sandbox) == theirs


@pytest.mark.parametrize("where", ["this machine", "another machine"])
def test_a_second_session_for_the_tenant_is_refused(
    tmp_path: Path, sandbox: SandboxClient, where: str
) -> None:
    """The first goes on; nobody's URL of before is lost."""
    first = environment(tmp_path / "home", **sandbox.variables)
    other = tmp_path / ("home" if where == "this machine" else "other")
    with running([*GOOCLAIM, "listen", "--json"], first) as program:
        program.told("ready")
        ours = url_of(sandbox)
        second = subprocess.run(
            [*GOOCLAIM, "listen", "--json"],
            env=environment(other, **sandbox.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 3
        assert "another gooclaim" in second.stderr
        if where == "this machine":
            assert f"process {program.process.pid}" in second.stderr
        assert url_of(sandbox) == ours
        assert program.end()[0] == 0
    assert url_of(sandbox) == HOME_URL


@POSIX
def test_one_ctrl_c_that_arrives_twice_still_restores(
    tmp_path: Path, sandbox: SandboxClient
) -> None:
    """`timeout` and its like relay what the terminal has sent already."""
    env = environment(tmp_path / "home", **sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        program.process.send_signal(signal.SIGINT)
        assert program.end()[0] == 0
    assert url_of(sandbox) == HOME_URL


@POSIX
def test_what_is_under_way_at_the_end_is_told_and_counted(
    tmp_path: Path, own_sandbox: SandboxClient
) -> None:
    """Gooclaim is told 503, so that it tries again; the summary knows of it."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:  # a handler that never answers
        port = str(silent.getsockname()[1])
        env = environment(tmp_path / "home", **own_sandbox.variables)
        with running([*GOOCLAIM, "listen", "--json", "-f", port], env) as program:
            program.told("ready")
            own_sandbox.emit("workflow.started")
            connection, _address = silent.accept()
            with connection:
                code, out, err = program.end()
    assert (code, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    (delivery,) = [each for each in told if each["kind"] == "delivery"]
    assert delivery["response_status"] == 503
    assert delivery["handler"]["error"] == "session_ended"
    assert told[-1]["received"] == 1
    assert own_sandbox.deliveries()[0]["attempts"][0]["status"] == 503


@POSIX
def test_after_kill_9_the_next_session_takes_up_what_was_left(
    tmp_path: Path, sandbox: SandboxClient
) -> None:
    """The journal knows the home URL; the dead session's URL is never taken for it."""
    env = environment(tmp_path / "home", **sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        program.told("ready")
        program.process.kill()
        program.process.wait()
    assert url_of(sandbox) != HOME_URL
    with running([*GOOCLAIM, "listen", "--json"], env) as program:
        assert program.told("ready")["previous_url"] == HOME_URL
        assert program.end()[0] == 0
    assert url_of(sandbox) == HOME_URL


@POSIX
def test_a_gone_api_is_told_and_the_journal_stays(tmp_path: Path) -> None:
    """Exit 4, a sentence, and what is needed to finish later."""
    home = tmp_path / "home"
    command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", "--home-url", HOME_URL]
    with running(command, environment(tmp_path / "gooclaim")) as api:
        with SandboxClient(api.told("ready")) as client:
            env = environment(home, **client.variables)
        with running([*GOOCLAIM, "listen", "--json", "--restore-within", "0.3s"], env) as program:
            program.told("ready")
            api.end()
            code, out, err = program.end()
    assert code == 4
    assert '"restored":false' in out
    assert "could not be put back" in err
    assert "Traceback" not in err
    (journal,) = (home / "journal").iterdir()
    assert HOME_URL in journal.read_text()
    assert journal.stat().st_mode & 0o777 == 0o600


def test_without_registering_it_says_what_to_paste(tmp_path: Path, sandbox: SandboxClient) -> None:
    """The configuration is left alone; the URL, its path and the steps are told."""
    env = environment(
        tmp_path / "home", **sandbox.variables, GOOCLAIM_SIGNING_SECRET="whsec_obviously_fake"
    )
    with running([*GOOCLAIM, "listen", "--json", "--no-register"], env) as program:
        ready = program.told("ready")
        told = program.told("notice", code="register_by_hand")
        assert url_of(sandbox) == HOME_URL
        program.end()
    assert not ready["registered"]
    assert ready["public_url"] in told["message"]
    assert "/gooclaim-cli/" in told["hint"]


@POSIX
def test_interrupted_before_it_is_ready(tmp_path: Path) -> None:
    """A stop while it starts undoes what has begun: exit 130, no traceback."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:  # an API that never answers
        env = environment(
            tmp_path,
            GOOCLAIM_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}",
            GOOCLAIM_CLIENT_ID="client",
            GOOCLAIM_CLIENT_SECRET="obviously-fake",
            GOOCLAIM_TENANT_ID="tnt_any",
        )
        with running([*GOOCLAIM, "listen", "--json"], env) as program:
            connection, _address = silent.accept()
            with connection:
                code, out, err = program.end()
    assert (code, out, err) == (130, "", "")


def test_in_a_pipe_there_is_no_colour_and_no_body(tmp_path: Path) -> None:
    """Plain text for programs and logs; claims data stays out of it."""
    with running([*GOOCLAIM, "listen", "--sandbox"], environment(tmp_path)) as program:
        lines = [program.line()]
        while "verified" not in lines[-1]:
            lines.append(program.line())
        code, out, err = program.end()
    text = "\n".join([*lines, out])
    assert (code, err) == (0, "")
    assert "\x1b" not in text
    assert "claim_id_hash" not in text


def test_print_body_shows_headers_and_the_body(tmp_path: Path) -> None:
    """On request only."""
    command = [*GOOCLAIM, "listen", "--sandbox", "--print-body"]
    with running(command, environment(tmp_path)) as program:
        seen = program.line()
        while '"claim_id_hash"' not in seen:
            seen += program.line()
        program.end()
    assert "x-gooclaim-signature: " in seen


def test_it_ends_by_itself_when_its_time_is_over(tmp_path: Path, sandbox: SandboxClient) -> None:
    """As Ctrl-C would end it: everything is undone."""
    env = environment(tmp_path / "home", **sandbox.variables)
    with running([*GOOCLAIM, "listen", "--json", "--for", "300ms"], env) as program:
        ready = program.told("ready")
        assert ready["ends_at"] > ready["at"]
        program.told("notice", code="time_is_over")
        assert program.told("summary")["restored"] is True
        assert program.process.wait(PATIENCE) == 0
    assert url_of(sandbox) == HOME_URL


def test_patterns_choose_the_handler_and_events_filter(tmp_path: Path) -> None:
    """First match wins; what --events leaves out is stored and answered, not shown."""
    with handler() as docs, handler() as rest:
        command = [*GOOCLAIM, "listen", "--sandbox", "--json", "--emit-every", "0.1s"]
        command += ["--events", "[pw]*"]
        command += ["-f", f"pending_docs.*={docs.port}", "-f", str(rest.port)]
        with running(command, environment(tmp_path)) as program:
            assert program.told("ready")["events"] == "[pw]*"
            shown = [program.told("delivery") for _ in range(5)]
            program.end()
        assert docs.request()[0]["x-gooclaim-event"] == "pending_docs.uploaded"
        assert rest.request()[0]["x-gooclaim-event"].startswith("workflow.")
    assert all(each["event_type"].startswith(("p", "w")) for each in shown)
    listed = subprocess.run(
        [*GOOCLAIM, "history", "--json"], env=environment(tmp_path), capture_output=True, check=True
    )
    assert len(listed.stdout.splitlines()) >= 5
