"""`gooclaim webhook secret`: masked, unless the whole is asked for."""

import json
from pathlib import Path

import pytest

from gooclaim_cli.happenings import SandboxFacts

from .support import CREDENTIALS, SIGNING_SECRET, Done, RunHere, started

MASKED = f"****{SIGNING_SECRET[-4:]}"


def test_the_secret_that_is_set_is_masked_with_where_it_comes_from(run_here: RunHere) -> None:
    done = run_here(["webhook", "secret"], **CREDENTIALS)
    assert done.stdout == f"{MASKED}  GOOCLAIM_SIGNING_SECRET\n"
    found = json.loads(run_here(["webhook", "secret", "--json"], **CREDENTIALS).stdout)
    assert found.pop("at")
    assert found == {
        "kind": "signing_secret",
        "value": MASKED,
        "masked": True,
        "source": "GOOCLAIM_SIGNING_SECRET",
    }


def test_the_whole_is_shown_where_it_is_asked_for(run_here: RunHere) -> None:
    variables = CREDENTIALS | {"GOOCLAIM_SIGNING_SECRET": f"{SIGNING_SECRET},old"}
    assert run_here(["webhook", "secret", "--reveal"], **variables).stdout == (
        f"{SIGNING_SECRET}\nold\n"
    )
    shown = run_here(["webhook", "secret", "--reveal", "--json"], **variables).stdout
    assert [json.loads(line)["value"] for line in shown.splitlines()] == [SIGNING_SECRET, "old"]


def test_what_the_api_told_at_a_registration_is_known_afterwards(
    home: Path, run_here: RunHere, sandbox: SandboxFacts
) -> None:
    account = {
        "GOOCLAIM_API_URL": sandbox.api_url,
        "GOOCLAIM_CLIENT_ID": sandbox.client_id,
        "GOOCLAIM_CLIENT_SECRET": sandbox.client_secret,
        "GOOCLAIM_TENANT_ID": sandbox.tenant_id,
    }
    with started(["listen", "--json"], home, **account) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["kind"] != "ready":
            pass
        process.terminate()
        assert Done.of(process).code == 0
    done = run_here(["webhook", "secret"], **account)
    assert done.stdout == f"****{sandbox.signing_secret[-4:]}  told by Gooclaim's API\n"
    done = run_here(["webhook", "secret", "--reveal"], **account)
    assert done.stdout == f"{sandbox.signing_secret}\n"
    (file,) = (home / "secrets").iterdir()
    file.write_text("{}")
    run_here(["webhook", "secret"], **account).refused(3, f"{file} cannot be read")


@pytest.mark.parametrize("tenant", [{}, {"GOOCLAIM_TENANT_ID": "tnt_a"}])
def test_where_none_is_known_it_is_told_how_to_set_it(
    run_here: RunHere, tenant: dict[str, str]
) -> None:
    done = run_here(["webhook", "secret"], **tenant)
    done.refused(3, "no signing secret is known", "gooclaim config set signing_secret")
