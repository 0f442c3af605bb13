"""The examples, run for real behind `listen --sandbox`."""

import sys
from pathlib import Path

from tests.e2e.support import GOOCLAIM, SandboxClient, environment, running

EXAMPLE = Path(__file__).parents[2] / "examples" / "handler.py"


def test_the_handler_takes_what_the_sandbox_sends(tmp_path: Path) -> None:
    """It verifies by itself, processes each event once, and answers a duplicate with 200."""
    sandbox = [*GOOCLAIM, "sandbox", "--no-emit", "--json"]
    with running(sandbox, environment(tmp_path / "gooclaim")) as gooclaim:
        facts = gooclaim.told("ready")
        secret = {"GOOCLAIM_SIGNING_SECRET": facts["signing_secret"]}
        handler = [sys.executable, str(EXAMPLE), "0"]
        with (
            running(handler, environment(tmp_path, **secret)) as example,
            SandboxClient(facts) as client,
        ):
            listen = [*GOOCLAIM, "listen", "--json", "--forward-duplicates", "-f", example.line()]
            with running(listen, environment(tmp_path / "home", **client.variables)) as program:
                program.told("ready")
                first = client.emit("pending_docs.uploaded")
                assert program.told("delivery")["handler"]["status"] == 200
                client.emit("pending_docs.uploaded", idempotency_key=first["idempotency_key"])
                again = program.told("delivery", duplicate=True)
                assert again["handler"]["status"] == 200
                other = client.emit("workflow.completed")
                assert program.told("delivery")["handler"]["status"] == 200
                program.end()
            assert example.line() == f"pending_docs.uploaded {first['event_id']}"
            assert example.line() == f"workflow.completed {other['event_id']}"


def test_the_handler_does_what_is_right_whatever_arrives(tmp_path: Path) -> None:
    """Every fault is fired at it, and judged by the contract's table."""
    variables = environment(tmp_path, GOOCLAIM_SIGNING_SECRET="whsec_obviously_fake")
    with running([sys.executable, str(EXAMPLE), "0"], variables) as example:
        command = [*GOOCLAIM, "send-test", "--fault", "all", "--to", example.line(), "--json"]
        with running([*command, "--slow", "100ms"], variables) as fired:
            summary = fired.told("summary")
            assert fired.process.wait(15) == 0
    assert (summary["failed"], summary["held"]) == (0, summary["forwarded"])
