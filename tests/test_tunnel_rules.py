"""Which tunnels are allowed: the machine's file, and what a user can do about it (nothing)."""

from pathlib import Path

import pytest

from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.settings import load
from gooclaim_cli.tunnel_rules import FURTHER_FILE, rule, system_file


def ruled(
    tmp_path: Path, *, system: str | None = None, user: str = "", variable: str | None = None
) -> set[str] | None:
    """The rule with a machine's file and a user's of these contents."""
    environment = {"GOOCLAIM_HOME": str(tmp_path)}
    if system is not None:
        file = tmp_path / "system.toml"
        file.write_text(system)
        environment[FURTHER_FILE] = str(file)
    if variable is not None:
        environment["GOOCLAIM_TUNNELS_ALLOWED"] = variable
    (tmp_path / "config.toml").write_text(user)
    allowed = rule(load({}, environment), environment).allowed
    return None if allowed is None else set(allowed)


def test_without_a_rule_everything_is_allowed(tmp_path: Path) -> None:
    assert ruled(tmp_path) is None


def test_the_users_own_rule(tmp_path: Path) -> None:
    assert ruled(tmp_path, user='[tunnels]\nallowed = ["url", "none"]') == {"url", "none"}
    assert ruled(tmp_path, variable="ngrok, url") == {"ngrok", "url"}


def test_a_user_can_narrow_the_machines_rule_and_never_widen_it(tmp_path: Path) -> None:
    system = 'tunnels.allowed = ["url", "cloudflared"]'
    assert ruled(tmp_path, system=system) == {"url", "cloudflared"}
    assert ruled(tmp_path, system=system, variable="cloudflared,ngrok") == {"cloudflared"}
    assert ruled(tmp_path, system=system, variable="ngrok") == set()
    user = '[tunnels]\nallowed = ["ngrok", "url"]'
    assert ruled(tmp_path, system=system, user=user) == {"url"}


def test_a_machine_can_allow_nothing(tmp_path: Path) -> None:
    assert ruled(tmp_path, system="tunnels.allowed = []", variable="ngrok") == set()


def test_the_variable_adds_a_file_and_takes_none_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a user would point it at a file that allows everything."""
    machines = tmp_path / "machine.toml"
    machines.write_text('tunnels.allowed = ["url"]')
    monkeypatch.setattr("gooclaim_cli.tunnel_rules.system_file", lambda: machines)
    assert ruled(tmp_path, system='tunnels.allowed = ["url", "ngrok"]') == {"url"}
    assert ruled(tmp_path) == {"url"}


def test_the_machines_file_is_where_no_variable_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    before = system_file()
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "HOME", "GOOCLAIM_HOME", "ProgramData"):
        monkeypatch.setenv(name, "/elsewhere")
    assert system_file() == before
    assert before.is_absolute()


@pytest.mark.parametrize(
    "system",
    [
        "tunnels.allowed = ",
        "tunnels.alowed = []",
        'tunnel.allowed = ["url"]',
        "tunnels = 1",
        'tunnels.allowed = "url"',
        'tunnels.allowed = ["urls"]',
        "tunnels.allowed = [1]",
        'api_url = "https://x"\ntunnels.allowed = ["url"]',
        "",
        "\xff",
    ],
)
def test_a_machines_file_that_cannot_be_understood_allows_nothing(
    tmp_path: Path, system: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"system\.toml"):
        ruled(tmp_path, system=system)


def test_a_users_slip_of_the_pen_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tunnels\.allowed.*'urls'") as refused:
        ruled(tmp_path, variable="url,urls")
    assert "cloudflared" in refused.value.hint


def test_who_rules_something_out_is_named(tmp_path: Path) -> None:
    file = tmp_path / "system.toml"
    file.write_text('tunnels.allowed = ["url", "none"]')
    environment = {"GOOCLAIM_HOME": str(tmp_path), FURTHER_FILE: str(file)}
    assert rule(load({}, environment), environment).by == str(file)
    narrowed = environment | {"GOOCLAIM_TUNNELS_ALLOWED": "url"}
    assert rule(load({}, narrowed), narrowed).by == f"{file} and the setting tunnels.allowed"
