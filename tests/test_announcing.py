"""Announcements: running sessions tell where their events go, dead ones tell nothing."""

import os
import stat
import sys
from pathlib import Path

from gooclaim_cli.announcing import FOLDER, announced, running_sessions
from gooclaim_cli.happenings import Handler, Ready, SandboxFacts
from gooclaim_cli.sessions import Sessions

HANDLERS = (Handler("pending_docs.*", "http://localhost:3001/"), Handler("*", "http://h:3000/"))
SANDBOX = SandboxFacts("http://localhost:1", "id", "shh", "tnt_s", "whsec_sandbox", "/ca.pem")


def ready(at: float = 1.0, sandbox: SandboxFacts | None = None) -> Ready:
    return Ready(
        at=at,
        environment="sandbox",
        tenant_id="tnt_s",
        public_url=None,
        local_url="http://127.0.0.1:1/x",
        handlers=HANDLERS,
        tunnel="local",
        registered=False,
        previous_url=None,
        deadline=5.0,
        sandbox=sandbox,
    )


def test_what_is_told_while_a_session_runs(tmp_path: Path) -> None:
    """The newest first; a secret only of a sandbox; nobody else can read it."""
    assert running_sessions(tmp_path) == ()
    sessions, others = Sessions(tmp_path / FOLDER), Sessions(tmp_path / FOLDER)
    with sessions.hold("a"), others.hold("b"):
        with (
            announced(tmp_path, "a", ready()),
            announced(tmp_path, "b", ready(at=2.0, sandbox=SANDBOX)),
        ):
            newest, older = running_sessions(tmp_path)
            assert newest.handlers == older.handlers == HANDLERS
            assert (newest.signing_secret, older.signing_secret) == ("whsec_sandbox", None)
            assert "whsec_sandbox" not in repr(newest)
            assert newest.named == f"process {os.getpid()} (tnt_s)"
            if sys.platform != "win32":
                mode = (tmp_path / FOLDER / "b.json").stat().st_mode
                assert stat.S_IMODE(mode) == 0o600
        assert running_sessions(tmp_path) == ()


def test_what_a_dead_session_left_is_removed(tmp_path: Path) -> None:
    with announced(tmp_path, "dead", ready()):  # no lock is held: its process is gone
        file = tmp_path / FOLDER / "dead.json"
        assert file.exists()
        assert running_sessions(tmp_path) == ()
        assert not file.exists()


def test_the_next_session_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    with (
        announced(tmp_path, "dead", ready(sandbox=SANDBOX)),
        Sessions(tmp_path / FOLDER).hold("a"),
        announced(tmp_path, "a", ready()),
    ):
        assert [each.name for each in (tmp_path / FOLDER).glob("*.json")] == ["a.json"]


def test_a_file_that_is_no_announcement_is_passed_over(tmp_path: Path) -> None:
    with Sessions(tmp_path / FOLDER).hold("a"):
        (tmp_path / FOLDER / "a.json").write_bytes(b'{"at":')
        assert running_sessions(tmp_path) == ()
