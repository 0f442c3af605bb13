"""Several sessions listen: an event is signed with the secret that they share, or not at all."""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gooclaim_cli.announcing import FOLDER, announced
from gooclaim_cli.happenings import Handler, Ready, SandboxFacts
from gooclaim_cli.sessions import Sessions

from .support import Done, RunHere


@contextlib.contextmanager
def listening(
    home: Path, name: str, secret: str, url: str = "http://localhost:1/"
) -> Iterator[None]:
    facts = SandboxFacts("http://localhost:1", "id", "shh", f"tnt_{name}", secret, "/ca.pem")
    ready = Ready(
        at=float(len(name)),
        environment="sandbox",
        tenant_id=f"tnt_{name}",
        public_url=None,
        local_url="http://127.0.0.1:1/x",
        handlers=(Handler("*", "http://localhost:1/"),),
        tunnel="local",
        registered=False,
        previous_url=None,
        deadline=5.0,
        sandbox=facts,
    )
    with Sessions(home / FOLDER).hold(name), announced(home, name, ready):
        yield


def is_signed(done: Done, secret: str) -> bool:
    assert (done.code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    expected = hmac.new(secret.encode(), told["body"].encode(), hashlib.sha256).hexdigest()
    return bool(dict(told["headers"])["X-Gooclaim-Signature"] == expected)


@pytest.mark.parametrize("to", [[], ["--to", "1"]])
def test_secrets_that_differ_need_a_choice(home: Path, run_here: RunHere, to: list[str]) -> None:
    command = ["send-test", "workflow.completed", "--dry-run", "--json", *to]
    (chosen := home.parent / "secret").write_text("whsec_b")
    with listening(home, "a", "whsec_a"):
        with listening(home, "newer", "whsec_a"):
            assert is_signed(run_here(command), "whsec_a")
        with listening(home, "newest", "whsec_b"):
            refused = run_here(command)
            assert is_signed(run_here([*command, "--secret-file", str(chosen)]), "whsec_b")
    refused.refused(2, "different secrets", "(tnt_a)", "(tnt_newest)", "--secret-file")
    assert "whsec" not in refused.stderr
