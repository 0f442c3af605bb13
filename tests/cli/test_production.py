"""What production asks for, before a single call is made: named, typed, and nothing less."""

import sys
from pathlib import Path

import pytest

from .support import CREDENTIALS, GOOCLAIM, RunHere, environment

API = "https://api.gooclaim.com"
# Where a request would go that must not be made: nothing listens there.
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
LIVE = {**CREDENTIALS, **NOWHERE, "GOOCLAIM_API_URL": API}
LISTEN = ["listen", "--public-url", "https://a.example", "--no-probe"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("", 3, "api.gooclaim.com counts as production and needs --live"),
        ("--live", 3, "--accept-secret-rotation"),
        ("--live --accept-secret-rotation", 2, "nobody is there to type the tenant's id (tnt_a)"),
        (
            "--live --accept-secret-rotation --yes yes",
            2,
            "--yes 'yes' is not the id of the tenant, which is 'tnt_a'",
        ),
        (
            "--live --accept-secret-rotation --yes tnt_b",
            2,
            "--yes 'tnt_b' is not the id of the tenant",
        ),
        ("--live --yes tnt_a", 3, "--accept-secret-rotation"),
        ("--live --yes tnt_a --no-register", 2, "leave out --no-register"),
        (
            "--live --accept-secret-rotation --yes tnt_a --answer-from handler",
            2,
            "the home URL answers Gooclaim",
        ),
        (
            "--live --accept-secret-rotation --yes tnt_a --copy-to http://10.0.0.5/",
            2,
            "over a network in the clear",
        ),
    ],
)
def test_each_condition_is_told(run_here: RunHere, options: str, code: int, said: str) -> None:
    for json in ([], ["--json"]):
        run_here([*LISTEN, *options.split(), *json], **LIVE).refused(code, said)


def test_a_bare_yes_is_none(run_here: RunHere) -> None:
    assert run_here([*LISTEN, "--live", "--yes"], **LIVE).code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--live --tunnel none", "leave out --no-register and --tunnel none"),
        ("--live --public-url https://a.example", "--live is for production, and https://api.dev."),
        ("--yes tnt_a --tunnel none", "--yes goes with --live"),
        ("--live --sandbox", "--live is for production, and --sandbox is not"),
        ("--tunnel none --answer-from home", "add --pass-on"),
        ("--tunnel none --answer-from both", "--answer-from 'both' is unknown"),
        ("--tunnel none --copy-to :0/x", "--copy-to ':0/x' is not an address"),
        ("--tunnel none --copy-to http://u:p@localhost/", "--copy-to: a user name or password"),
    ],
)
def test_what_does_not_go_together_is_told(run_here: RunHere, options: str, said: str) -> None:
    run_here(["listen", *options.split()], **CREDENTIALS).refused(2, said)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("yes", "That is not it. Nothing was changed."),
        ("", "That is not it. Nothing was changed."),
        ("tnt_a", "api.gooclaim.com cannot be reached"),
    ],
)
def test_a_person_types_the_tenant_s_id(home: Path, typed: str, said: str) -> None:
    """In a terminal; what would happen is said first, in words that need no colour."""
    import pexpect

    child = pexpect.spawn(
        GOOCLAIM[0],
        [*GOOCLAIM[1:], *LISTEN, "--live", "--accept-secret-rotation"],
        env=environment(home, **LIVE),
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 100),
    )
    try:
        child.expect_exact("!! PRODUCTION !! every delivery to tnt_a will come by this machine")
        child.expect_exact("Type the tenant's id, tnt_a, to go on: ")
        child.sendline(typed)
        child.expect_exact(said)
        if "Nothing" in said:
            child.expect(pexpect.EOF)
            child.close()
            assert child.exitstatus == 1
    finally:
        child.close(force=True)
