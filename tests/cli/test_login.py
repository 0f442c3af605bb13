"""`gooclaim login`, `whoami` and `logout`, against a sandbox's API over HTTP."""

import base64
import io
import json
import stat
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import keyring.core
import pytest
import trustme

from gooclaim_cli.happenings import SandboxFacts
from tests.tenant.proxies import inspecting_proxy
from tests.tenant.support import Answer, Seen, relaying

from . import fake_keyring
from .beside import beside
from .support import Done, RunHere, started
from .test_sandbox import call, token_of

PRODUCTION = "api.gooclaim.com"
ADMIN = ["workflow:read", "audit:read", "tenant:admin"]


@pytest.fixture
def run_here(run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Run a command in this process, which loads its keyring anew, as another one would."""

    def here(arguments: Sequence[str], **variables: str) -> Done:
        monkeypatch.setattr(keyring.core, "_keyring_backend", None)
        done: Done = run_here(arguments, **variables)
        return done

    return here


def keyring_variables(home: Path, mode: str = "good", kind: str = "Keyring") -> dict[str, str]:
    return {
        "PYTHON_KEYRING_BACKEND": f"{fake_keyring.__name__}.{kind}",
        "FAKE_KEYRING": str(home.parent / "keyring.json"),
        "FAKE_KEYRING_MODE": mode,
        "GOOCLAIM_SECRETS_WAIT": "300ms",
    }


def no_keyring() -> dict[str, str]:
    return {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def in_keyring(home: Path) -> dict[str, str]:
    file = home.parent / "keyring.json"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return kept


def secret_file(home: Path, secret: str) -> str:
    file = home.parent / "secret.txt"
    file.write_text(f"{secret}\n")
    return str(file)


def log_in(
    run_here: RunHere, home: Path, facts: SandboxFacts, *more: str, **variables: str
) -> Done:
    arguments = ["login", "--api-url", facts.api_url, "--client-id", facts.client_id]
    arguments += ["--secret-file", secret_file(home, facts.client_secret), *more]
    done: Done = run_here(arguments, **variables)
    assert facts.client_secret not in done.stdout + done.stderr
    return done


def one_object(done: Done) -> dict[str, Any]:
    assert (done.code, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def whole_text(folder: Path) -> str:
    """All that lies in a folder, in one text."""
    return "".join(each.read_text() for each in folder.rglob("*") if each.is_file())


def test_a_login_without_a_keyring_keeps_the_secret_in_a_file_and_says_so(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    done = log_in(run_here, home, sandbox, **no_keyring())
    assert (done.code, done.stderr) == (0, "")
    (file,) = (home / "secrets").iterdir()
    assert f"in a file that you alone can read, below {file.parent}" in done.stdout
    assert "not in a keyring: this machine has no keyring" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "config.toml").stat().st_mode) == 0o600
    assert sandbox.client_secret not in (home / "config.toml").read_text()
    assert sandbox.tenant_id in (home / "config.toml").read_text()  # told by the token


def test_a_login_with_a_keyring_keeps_the_secret_there_alone_and_says_so(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    variables = keyring_variables(home)
    done = log_in(run_here, home, sandbox, **variables)
    assert done.code == 0
    assert "in the keyring (" in done.stdout
    account = f"gooclaim {sandbox.client_id}@{sandbox.api_url.removeprefix('http://')}"
    assert in_keyring(home) == {account: sandbox.client_secret}
    assert sandbox.client_secret not in whole_text(home)
    found = one_object(run_here(["whoami", "--json"], **variables))
    assert found["secret"]["in"] == "keyring"


def test_whoami_tells_the_environment_the_tenant_the_scopes_and_the_tokens_end(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, **no_keyring())
    found = one_object(run_here(["whoami", "--json"]))
    assert found.pop("at") < found.pop("token_expires_at")
    assert found.pop("secret")["in"] == "file"
    assert found == {
        "kind": "whoami",
        "environment": "sandbox",
        "api_url": sandbox.api_url,
        "profile": None,
        "client_id": sandbox.client_id,
        "tenant_id": sandbox.tenant_id,
        "token_tenant_id": sandbox.tenant_id,
        "scopes": ADMIN,
        "admin": True,
    }
    done = run_here(["whoami"], COLUMNS="80")
    for words in ("sandbox", sandbox.tenant_id, " ".join(ADMIN), "for 60 min"):
        assert words in done.stdout


def test_listen_uses_what_login_kept(home: Path, run_here: RunHere, sandbox: SandboxFacts) -> None:
    log_in(run_here, home, sandbox, **no_keyring())
    with started(["listen", "--json"], home) as process:
        assert process.stdout is not None
        while (ready := json.loads(process.stdout.readline()))["kind"] != "ready":
            pass
        assert ready["tenant_id"] == sandbox.tenant_id
        assert ready["registered"]
        process.terminate()
        assert Done.of(process).code == 0


def test_profiles_are_accounts_of_their_own(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, "--profile", "mine", **no_keyring())
    assert "[profiles.mine]" in (home / "config.toml").read_text()
    run_here(["whoami"]).refused(3, "not logged in", "gooclaim login")
    done = run_here(["whoami", "--profile", "mine", "--api-url", "http://127.0.0.1:9"])
    done.refused(3, "gooclaim login --profile mine")
    assert one_object(run_here(["whoami", "--profile", "mine", "--json"]))["profile"] == "mine"
    assert one_object(run_here(["whoami", "--json"], GOOCLAIM_PROFILE="mine"))["profile"] == "mine"
    assert run_here(["config", "set", "profile", "mine"]).code == 0
    assert one_object(run_here(["whoami", "--json"]))["profile"] == "mine"


def test_logout_forgets_the_secret_and_nothing_else(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, "--profile", "other", **no_keyring())
    variables = keyring_variables(home)
    log_in(run_here, home, sandbox, **variables)
    done = run_here(["logout"], **variables)
    assert done.code == 0
    assert "is gone from the keyring" in done.stdout
    assert in_keyring(home) == {}
    run_here(["whoami"], **variables).refused(3, f"not logged in as {sandbox.client_id}")
    assert sandbox.tenant_id in (home / "config.toml").read_text()
    again = one_object(run_here(["logout", "--json"], **variables))
    assert (again["kind"], again["client_id"], again["secret"]) == (
        "logout",
        sandbox.client_id,
        None,
    )


def test_logout_removes_a_secret_that_the_file_has(home: Path, run_here: RunHere) -> None:
    (home / "config.toml").write_text('client_id = "a" # mine\nclient_secret = "s3cr3t-of-a"\n')
    done = run_here(["logout"], GOOCLAIM_CLIENT_SECRET="stays")
    assert f"gone from {home / 'config.toml'}" in done.stdout
    assert (home / "config.toml").read_text() == 'client_id = "a" # mine\n'


@pytest.mark.parametrize("mode", ["hanging", "locked", "broken", "forgetful"])
def test_a_keyring_that_does_not_work_is_none_and_login_says_why(
    home: Path, run_here: RunHere, sandbox: SandboxFacts, mode: str
) -> None:
    done = log_in(run_here, home, sandbox, **keyring_variables(home, mode))
    assert done.code == 0
    assert "not in a keyring: " in done.stdout
    assert sandbox.client_secret in whole_text(home / "secrets")
    if mode == "hanging":
        assert "did not answer within 0.3 s" in done.stdout
        assert "waiting for the keyring" in done.stderr


@pytest.mark.parametrize("kind", ["Weak", "fail"])
def test_a_keyring_that_keeps_nothing_safe_counts_as_none(
    home: Path, run_here: RunHere, sandbox: SandboxFacts, kind: str
) -> None:
    variables = keyring_variables(home, kind="Weak")
    if kind == "fail":
        variables["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    assert "not in a keyring: " in log_in(run_here, home, sandbox, **variables).stdout
    assert in_keyring(home) == {}


def test_without_the_package_a_login_says_how_to_have_it(
    home: Path, run_here: RunHere, sandbox: SandboxFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # an import that fails
    done = log_in(run_here, home, sandbox)
    assert done.code == 0
    assert "pip install 'gooclaim-cli[keyring]'" in done.stdout


def test_where_a_keyring_is_wanted_a_file_will_not_do(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    done = log_in(run_here, home, sandbox, "--store", "keyring", **no_keyring())
    done.refused(3, "this machine has no keyring", "--store file")
    assert not (home / "config.toml").exists()
    weak = keyring_variables(home, kind="Weak")
    assert log_in(run_here, home, sandbox, "--store", "keyring", **weak).code == 0
    assert len(in_keyring(home)) == 1  # asked for by name


def test_a_file_that_is_wanted_takes_the_secret_out_of_the_keyring(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    variables = keyring_variables(home)
    log_in(run_here, home, sandbox, **variables)
    log_in(run_here, home, sandbox, "--store", "file", **variables)
    assert in_keyring(home) == {}
    assert one_object(run_here(["whoami", "--json"], **variables))["secret"]["in"] == "file"


def test_a_keyring_that_hangs_later_is_told_with_the_ways_out(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, **keyring_variables(home))
    hanging = keyring_variables(home, "hanging")
    done = run_here(["whoami"], **hanging)
    assert (done.code, done.stdout) == (3, "")
    done.told("did not answer within 0.3 s", "gooclaim login --store file")
    # A secret that is set goes over it, and asks for no keyring.
    variables = hanging | {"GOOCLAIM_CLIENT_SECRET": sandbox.client_secret}
    assert one_object(run_here(["whoami", "--json"], **variables))["secret"] == {
        "in": "environment",
        "name": "GOOCLAIM_CLIENT_SECRET",
    }


@pytest.mark.parametrize("way", ["environment", "stdin"])
def test_a_script_logs_in_without_a_secret_on_its_command_line(
    home: Path,
    run_here: RunHere,
    sandbox: SandboxFacts,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    arguments = ["login", "--json", "--client-id", sandbox.client_id]
    variables = no_keyring() | {"GOOCLAIM_API_URL": sandbox.api_url}
    if way == "environment":
        variables["GOOCLAIM_CLIENT_SECRET"] = sandbox.client_secret
        variables["GOOCLAIM_TENANT_ID"] = sandbox.tenant_id
    else:
        arguments += ["--secret-file", "-"]
        stdin = io.TextIOWrapper(io.BytesIO(f"{sandbox.client_secret}\r\n".encode()))
        monkeypatch.setattr("sys.stdin", stdin)
    found = one_object(run_here(arguments, **variables))
    assert (found["kind"], found["client_id"]) == ("login", sandbox.client_id)
    assert one_object(run_here(["whoami", "--json"]))["tenant_id"] == sandbox.tenant_id


def test_a_login_that_is_refused_keeps_nothing(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    arguments = ["login", "--api-url", sandbox.api_url, "--client-id", sandbox.client_id]
    done = run_here(
        [*arguments, "--secret-file", secret_file(home, "wrong-s3cr3t")], **no_keyring()
    )
    done.refused(3, "401")
    assert "s3cr3t" not in done.stderr
    assert list(home.iterdir()) == []


def test_a_tenant_that_the_client_does_not_belong_to_is_refused(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    done = log_in(run_here, home, sandbox, "--tenant-id", "tnt_other", **no_keyring())
    done.refused(3, f"belongs to the tenant {sandbox.tenant_id}, not to tnt_other")
    assert list(home.iterdir()) == []


def test_what_a_token_names_is_not_believed_blindly(home: Path, run_here: RunHere) -> None:
    """A tenant off the wire becomes neither a setting nor a command to the terminal."""
    claims = base64.urlsafe_b64encode(json.dumps({"tenant_id": "tnt\x1b[2J"}).encode()).decode()
    granted = Answer.json({"access_token": f"e30.{claims}.x", "expires_in": 1e300, "scope": "\x1b"})

    async def grant(_seen: Seen) -> Answer | None:
        return granted

    with beside(relaying(before=grant)) as relay:
        arguments = ["login", "--api-url", relay.url, "--client-id", "a", "--secret-file"]
        arguments.append(secret_file(home, "obviously-fake"))
        run_here(arguments, **no_keyring()).refused(3, "the setting tenant_id holds characters")
        (home / "config.toml").write_text('tenant_id = "tnt_a"\n')
        done = run_here(
            ["whoami", "--api-url", relay.url],
            GOOCLAIM_CLIENT_ID="a",
            GOOCLAIM_CLIENT_SECRET="obviously-fake",
        )
    assert done.code == 0
    assert "tnt_a, but the token is for tnt\\x1b[2J" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_client_without_the_scope_is_told_what_it_cannot_do(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    arguments = ["login", "--api-url", sandbox.api_url, "--secret-file"]
    arguments += [secret_file(home, sandbox.client_secret)]
    done = run_here([*arguments, "--client-id", f"{sandbox.client_id}_readonly"], **no_keyring())
    assert done.code == 0
    assert "Without the scope tenant:admin" in done.stdout
    assert not one_object(run_here(["whoami", "--json"]))["admin"]


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        (["--client-id", "a"], None, "the client's secret is missing"),
        ([], "x", "the client id is missing"),
        (["--client-id", "a"], "", "holds no secret"),
        (["--client-id", "a"], "one\ntwo", "holds more than a secret"),
        (["--client-id", "a"], b"\xff\xfe", "holds more than a secret"),
        (["--client-id", "a"], "x" * 70_000, "holds more than a secret"),
    ],
)
def test_what_a_script_leaves_out_is_told(
    home: Path, run_here: RunHere, arguments: list[str], content: str | bytes | None, words: str
) -> None:
    file = home.parent / "secret.txt"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        arguments = [*arguments, "--secret-file", str(file)]
    done = run_here(["login", "--api-url", "http://127.0.0.1:9", *arguments])
    done.refused(2, words)


def test_a_secret_file_that_is_not_there_is_told(home: Path, run_here: RunHere) -> None:
    missing = str(home / "missing")
    done = run_here(["login", "--client-id", "a", "--secret-file", missing])
    done.refused(3, f"cannot read {missing}")


@pytest.mark.parametrize("command", [["whoami"], ["login", "--profile", "p", "--client-id", "a"]])
@pytest.mark.parametrize("way", ["flag", "environment", "profile", "file"])
def test_production_is_refused_without_live_wherever_it_was_named(
    home: Path, run_here: RunHere, command: list[str], way: str
) -> None:
    url, variables = "https://api.gooclaim.com", {"GOOCLAIM_PROFILE": "p"}
    text = "[profiles.p]\n"
    if way == "file":
        text, variables = f'api_url = "{url}"\n', {}
        command = [each for each in command if each not in ("--profile", "p")]
    elif way == "profile":
        text += f'api_url = "{url}"\n'
    elif way == "environment":
        variables["GOOCLAIM_API_URL"] = url
    else:
        command = [*command, "--api-url", url]
    (home / "config.toml").write_text(text)
    names = {"flag": "--api-url", "environment": "GOOCLAIM_API_URL", "profile": "profile p"}
    done = run_here(
        [*command, *(["--secret-file", "-"] if "login" in command else [])], **variables
    )
    done.refused(3, "api.gooclaim.com counts as production and needs --live")
    assert names.get(way, "config.toml") in done.stderr


def test_production_never_becomes_the_default_account(home: Path, run_here: RunHere) -> None:
    arguments = ["login", "--live", "--api-url", "https://api.gooclaim.com", "--client-id", "a"]
    done = run_here([*arguments, "--secret-file", "-"])
    done.refused(2, "production are kept in a profile of their own", "--profile production")
    assert list(home.iterdir()) == []


@asynccontextmanager
async def production(facts: SandboxFacts, authority: trustme.CA) -> AsyncIterator[str]:
    """A proxy that answers in the place of the production API, which nothing is sent to."""
    async with (
        relaying(facts.api_url) as relay,
        inspecting_proxy(authority, relay, PRODUCTION) as (url, _asked),
    ):
        yield url


def test_production_is_an_account_that_needs_live_at_every_command(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    authority, file = trustme.CA(), home.parent / "authority.pem"
    authority.cert_pem.write_to_path(file)
    arguments = ["login", "--live", "--profile", "prod", "--api-url", f"https://{PRODUCTION}"]
    arguments += ["--client-id", sandbox.client_id, "--json"]
    arguments += ["--secret-file", secret_file(home, sandbox.client_secret)]
    with beside(production(sandbox, authority)) as proxy:
        variables = no_keyring() | {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(file)}
        found = one_object(run_here(arguments, **variables))
        assert (found["environment"], found["profile"]) == ("production", "prod")
        refused = run_here(["whoami", "--profile", "prod"], **variables)
        refused.refused(3, "needs --live", "profile prod")
        who = one_object(run_here(["whoami", "--live", "--profile", "prod", "--json"], **variables))
        assert who["environment"] == "production"
    run_here(["whoami"]).refused(3, "not logged in to https://api.dev.gooclaim.com")


def test_a_broken_config_file_is_left_as_it_is_by_a_login(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    (home / "config.toml").write_text("client_id = \n# mine")
    log_in(run_here, home, sandbox, **no_keyring()).refused(3, "line 1, column 13")
    assert (home / "config.toml").read_text() == "client_id = \n# mine"
    assert not (home / "secrets").exists()


def test_a_secret_is_not_sent_to_an_api_that_it_was_not_given_for(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, **no_keyring())
    done = run_here(["whoami", "--api-url", "http://127.0.0.1:9"])
    done.refused(3, f"not logged in as {sandbox.client_id} to http://127.0.0.1:9")


def test_a_file_that_holds_no_secret_of_ours_is_told(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, **no_keyring())
    (file,) = (home / "secrets").iterdir()
    for content in (b"\x00", b"[]", b'{"name": "another", "client_secret": "x"}'):
        file.write_bytes(content)
        run_here(["whoami"]).refused(3, f"{file} holds no secret of ours", "gooclaim login")


def test_a_call_that_is_tried_again_is_told(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    log_in(run_here, home, sandbox, **no_keyring())
    token = token_of(vars_of(sandbox))
    behaviour = {"api": {"status": 500, "times": 1, "paths": "/v1/auth/*"}}
    assert call(f"{sandbox.api_url}/v1/sandbox/behaviour", behaviour, token)[0] == 200
    done = run_here(["whoami"])
    assert done.code == 0
    assert "500" in done.stderr
    assert "again in 0." in done.stderr


def vars_of(facts: SandboxFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in facts.__dataclass_fields__}
