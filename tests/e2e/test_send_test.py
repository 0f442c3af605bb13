"""`send-test` beside a running `listen`: it knows the handler, the secret and the tenant."""

import json
import subprocess
from pathlib import Path

from tests.e2e.support import (
    GOOCLAIM,
    PATIENCE,
    environment,
    handler,
    openssl_signature,
    running,
)
from tests.programs import needs

SEND = [*GOOCLAIM, "send-test", "pending_docs.uploaded", "--json"]


@needs("openssl")
def test_a_running_listen_tells_where_and_with_which_secret(tmp_path: Path) -> None:
    """Nothing is set, and nothing is said: the event goes to the handler of its type."""
    env = environment(tmp_path)
    with handler() as docs, handler() as others:
        command = [*GOOCLAIM, "listen", "--sandbox", "--no-emit", "--json"]
        handlers = ["-f", f"pending_docs.*=:{docs.port}/docs", "-f", str(others.port)]
        with running([*command, *handlers], env) as listen:
            sandbox = listen.told("ready")["sandbox"]
            done = subprocess.run(SEND, env=env, capture_output=True, timeout=PATIENCE, check=True)
            forward = json.loads(done.stdout.splitlines()[0])
            assert forward["to"] == f"http://localhost:{docs.port}/docs"
            headers, body = docs.request()
            secret = sandbox["signing_secret"]
            assert headers["x-gooclaim-signature"] == openssl_signature(body, secret)
            assert json.loads(body)["tenant_id"] == sandbox["tenant_id"]
            listen.end()
    done = subprocess.run(SEND, env=env, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert b"nothing says where to send it" in done.stderr
