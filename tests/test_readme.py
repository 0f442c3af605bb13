"""The README says what there is: commands, settings, exit codes, reasons."""

import re
from pathlib import Path

import pytest
import yaml

from gooclaim_cli.cli.app import COMMANDS
from gooclaim_cli.errors import ExitCode
from gooclaim_cli.settings import HOME_VARIABLE, KEYS
from gooclaim_cli.stories.grammar import EXPECT, STEP
from gooclaim_cli.stories.library import NAMES
from gooclaim_cli.stories.reading import read_scenario
from gooclaim_cli.tunnel_rules import FURTHER_FILE
from gooclaim_cli.tunnels import TunnelKind
from gooclaim_cli.wire import Reason, SignedContent

README = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_mentioned(name: str) -> None:
    assert f"gooclaim {name}" in README


@pytest.mark.parametrize("name", KEYS)
def test_every_setting_is_mentioned_with_its_variable_and_its_entry(name: str) -> None:
    rows = [line for line in README.splitlines() if f"`{KEYS[name].variable}`" in line]
    assert any(f"`{name}`" in row for row in rows)


def test_every_variable_that_is_mentioned_exists() -> None:
    known = {key.variable for key in KEYS.values()} | {HOME_VARIABLE, FURTHER_FILE}
    assert set(re.findall(r"GOOCLAIM_[A-Z_]+", README)) == known


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    table = README.partition("| exit code |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)] == list(ExitCode)


@pytest.mark.parametrize("code", [*Reason, *SignedContent])
def test_every_code_is_mentioned(code: str) -> None:
    assert f"`{code}`" in README


@pytest.mark.parametrize("kind", [kind for kind in TunnelKind if kind is not TunnelKind.AUTO])
def test_every_tunnel_is_mentioned(kind: TunnelKind) -> None:
    assert f"| `{kind}` |" in README


def test_every_option_that_is_mentioned_exists() -> None:
    """Of the commands' sources: an option is written there as it is typed."""
    sources = "".join(
        path.read_text("utf-8").replace("_", "-")
        for path in (Path(__file__).parents[1] / "gooclaim_cli" / "cli").glob("*.py")
    )
    for option in set(re.findall(r"`(--[a-z-]+)", README)) - {"--help"}:
        assert option.removeprefix("--") in sources, option


def test_every_code_of_a_diagnosis_is_mentioned() -> None:
    """Of the sources: a code is written there as it is told."""
    folder = Path(__file__).parents[1] / "gooclaim_cli" / "wire" / "diagnosis"
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    table = README.partition("| code | what was found |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`([a-z0-9_]+)`", table))
    written = set(re.findall(r'"((?:body|secret|signature|header|timestamp)_[a-z0-9_]+)"', sources))
    assert written <= told
    assert {code for code in told if f'"{code}"' not in sources} == set()


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_scenario_is_mentioned(name: str) -> None:
    assert f"`{name}`" in README


def test_the_example_of_a_scenario_is_one_and_shows_every_member() -> None:
    example = README.partition("```yaml\n")[2].partition("```")[0]
    story = read_scenario(example.encode(), name="example", source="README.md")
    assert len(story.steps) == 6
    members = {name for step in yaml.safe_load(example)["steps"] for name in step}
    assert {*members, "at_once"} == set(STEP)
    assert all(f"{name}:" in example for name in (*members, *EXPECT, "title", "values"))
