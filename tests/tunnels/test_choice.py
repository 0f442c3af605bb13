"""Which tunnel a session takes, by what there is and what is allowed."""

from pathlib import Path

import pytest

from gooclaim_cli.errors import ConfigurationError, TunnelError, UsageError
from gooclaim_cli.tunnels.choice import Found, Rule, choose
from gooclaim_cli.tunnels.kinds import TLS_ENDS, TunnelKind

NGROK = Found("token", Path("/ngrok"))
CLOUDFLARED = Found(None, None, Path("/cloudflared"))
URL = "https://host.example"


def chosen(
    asked: TunnelKind = TunnelKind.AUTO,
    url: str | None = None,
    *,
    sandbox: bool = False,
    found: Found | None = None,
    allowed: set[str] | None = None,
) -> TunnelKind:
    rule = Rule(None if allowed is None else frozenset(allowed), "the rule")
    return choose(asked, url, sandbox=sandbox, rule=rule, find=lambda: found or Found())


def test_every_kind_says_where_its_tls_ends() -> None:
    assert {*TLS_ENDS, TunnelKind.AUTO} == set(TunnelKind)


@pytest.mark.parametrize("sandbox", [True, False])
def test_one_that_was_asked_for_is_taken(sandbox: bool) -> None:
    for kind in (TunnelKind.NGROK, TunnelKind.CLOUDFLARED, TunnelKind.NONE):
        assert chosen(kind, sandbox=sandbox) is kind
    assert chosen(TunnelKind.URL, URL, sandbox=sandbox) is TunnelKind.URL


def test_a_local_tunnel_is_for_the_sandbox_alone() -> None:
    assert chosen(TunnelKind.LOCAL, sandbox=True) is TunnelKind.LOCAL
    with pytest.raises(UsageError, match="--tunnel local") as refused:
        chosen(TunnelKind.LOCAL)
    assert "--sandbox" in refused.value.hint


def test_a_tunnel_of_a_public_url_needs_one() -> None:
    with pytest.raises(UsageError, match="--tunnel url") as refused:
        chosen(TunnelKind.URL)
    assert "--public-url" in refused.value.hint


@pytest.mark.parametrize(
    ("url", "sandbox", "found", "expected"),
    [
        (URL, False, NGROK, TunnelKind.URL),
        (URL, True, NGROK, TunnelKind.URL),
        (None, True, NGROK, TunnelKind.LOCAL),
        (None, False, NGROK, TunnelKind.NGROK),
        (None, False, Found("token", Path("/n"), Path("/c")), TunnelKind.NGROK),
        (None, False, Found("token", None, Path("/c"), may_download=True), TunnelKind.NGROK),
        (None, False, Found("token", None, Path("/c")), TunnelKind.CLOUDFLARED),
        (None, False, Found("token"), TunnelKind.NGROK),
        (None, False, Found(None, Path("/n"), Path("/c")), TunnelKind.CLOUDFLARED),
        (None, False, CLOUDFLARED, TunnelKind.CLOUDFLARED),
    ],
)
def test_auto_takes_the_first_that_is_there(
    url: str | None, sandbox: bool, found: Found, expected: TunnelKind
) -> None:
    assert chosen(url=url, sandbox=sandbox, found=found) is expected


@pytest.mark.parametrize("found", [Found(), Found(None, Path("/ngrok"))])
def test_where_nothing_is_there_four_lines_say_how(found: Found) -> None:
    with pytest.raises(TunnelError, match="public https URL") as refused:
        chosen(found=found)
    lines = refused.value.hint.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 78  # not broken at 80 columns, behind the two of the hint
    for line, way in zip(
        lines, ("cloudflared", "NGROK_AUTHTOKEN", "--public-url", "--sandbox"), strict=True
    ):
        assert way in line


def test_what_is_ruled_out_is_not_taken() -> None:
    for kind in (TunnelKind.NGROK, TunnelKind.CLOUDFLARED, TunnelKind.NONE):
        with pytest.raises(ConfigurationError, match=f"{kind} is ruled out by the rule") as refused:
            chosen(kind, allowed={"url"})
        assert refused.value.hint == "allowed are: url"
    with pytest.raises(ConfigurationError, match="url is ruled out"):
        chosen(url=URL, allowed={"cloudflared"})
    with pytest.raises(ConfigurationError) as refused:
        chosen(TunnelKind.NONE, allowed=set())
    assert refused.value.hint == "allowed are: none at all"


def test_auto_passes_over_what_is_ruled_out() -> None:
    both = Found("token", Path("/n"), Path("/c"))
    assert chosen(found=both, allowed={"cloudflared"}) is TunnelKind.CLOUDFLARED
    with pytest.raises(TunnelError) as refused:
        chosen(found=both, allowed={"url"})
    assert "ngrok" not in refused.value.hint
    assert "cloudflared" not in refused.value.hint
    assert "--public-url" in refused.value.hint
    assert "--sandbox" in refused.value.hint


def test_what_never_leaves_this_machine_cannot_be_ruled_out() -> None:
    assert chosen(sandbox=True, allowed=set()) is TunnelKind.LOCAL


def test_no_token_is_shown() -> None:
    assert "token" not in repr(NGROK).replace("authtoken", "")
