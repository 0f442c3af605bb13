"""What doctor makes of what it found."""

from pathlib import Path

import pytest

from gooclaim_cli import checkup
from gooclaim_cli.checkup import Check, Programs, State
from gooclaim_cli.tenant.tokens import Token
from gooclaim_cli.tunnels.choice import Found, Rule

HOME = "https://cms.example.test/hooks"
SESSION = "https://x.example.test/gooclaim-cli/abc"


def token(*scopes: str, tenant: str | None = None) -> Token:
    return Token("secret", 3600.0, scopes, tenant)


def test_every_failure_comes_with_a_fix() -> None:
    found = [
        checkup.scope(token("workflow:read")),
        checkup.tenant("tnt_a", token(tenant="tnt_b")),
        checkup.registered(SESSION, None, "refused"),
        checkup.registered(SESSION, 404, ""),
        checkup.clock((400.0, 402.0)),
        checkup.clock((-402.0, -400.0)),
        checkup.tunnel(Found(), Programs(), Rule(), sandbox=False),
        checkup.leftovers(["ngrok"]),
        checkup.journals(["development-tnt_a"]),
    ]
    assert all(check.state is State.FAILED and check.fix and check.found for check in found)
    assert checkup.failed(found)


def test_what_is_well_needs_no_fix() -> None:
    found = [
        checkup.token(token()),
        checkup.scope(token("tenant:admin", "workflow:read")),
        checkup.scope(token()),
        checkup.tenant("tnt_a", token(tenant="tnt_a")),
        checkup.tenant("tnt_a", token()),
        checkup.registered(None, None, ""),
        checkup.registered(HOME, 405, ""),
        checkup.registered(HOME, 401, ""),
        checkup.registered(SESSION, 405, ""),
        checkup.clock((-2.0, 0.5)),
        checkup.leftovers([]),
        checkup.journals([]),
        checkup.tunnel(Found(), Programs(), Rule(), sandbox=True),
        checkup.terminal(is_terminal=True, width=80, encoding="utf-8", colour=True),
        checkup.terminal(is_terminal=False, width=10, encoding="ascii", colour=False),
    ]
    assert [check for check in found if check.state is not State.OK or check.fix] == []
    assert not checkup.failed(found)


@pytest.mark.parametrize(
    "check",
    [
        checkup.registered(HOME, None, "refused"),
        checkup.registered(HOME, 503, ""),
        checkup.terminal(is_terminal=True, width=79, encoding="utf-8", colour=True),
        checkup.terminal(is_terminal=True, width=80, encoding="ascii", colour=False),
    ],
)
def test_what_is_only_to_be_looked_at_does_not_fail(check: Check) -> None:
    assert check.state is State.WARNING
    assert check.fix
    assert not checkup.failed([check])


def test_a_clock_that_could_not_be_compared_is_said_to_be_so() -> None:
    assert checkup.clock(None).state is State.SKIPPED


BOTH = Found("token", Path("/ngrok"), Path("/cloudflared"))


@pytest.mark.parametrize(
    ("found", "rule", "words"),
    [
        (
            BOTH,
            Rule(),
            "ngrok 3.39.8, with an authtoken; cloudflared 2026.8.0; --tunnel auto takes ngrok",
        ),
        (Found(None, Path("/n"), Path("/c")), Rule(), "without an authtoken; cloudflared 2026.8.0"),
        (
            BOTH,
            Rule(frozenset({"cloudflared"}), "/etc/x"),
            "takes cloudflared (/etc/x allows cloudflared)",
        ),
    ],
)
def test_which_tunnel_is_taken_is_told(found: Found, rule: Rule, words: str) -> None:
    versions = Programs(ngrok="3.39.8", cloudflared="2026.8.0")
    check = checkup.tunnel(found, versions, rule, sandbox=False)
    assert check.state is State.OK
    assert words in check.found
    assert "token" not in check.found.replace("authtoken", "")


def test_tunnels_that_are_ruled_out_do_not_count() -> None:
    check = checkup.tunnel(BOTH, Programs(), Rule(frozenset({"url"}), "/etc/x"), sandbox=False)
    assert check.state is State.FAILED
    assert "/etc/x allows url" in check.found
