"""The example on a page, behind `listen`. Faults: `tests/examples/test_readme.py`."""

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
