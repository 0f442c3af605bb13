"""Shells complete commands, subcommands and options."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gooclaim_cli.cli.app import COMMANDS
from gooclaim_cli.settings import KEYS
from gooclaim_cli.wire import CATALOGUE

from .support import RunHere, run

Complete = Callable[[str, str], str]


def asked(shell: str, typed: str) -> dict[str, str]:
    """The environment in which a shell asks what may stand behind what was typed."""
    return {
        "_GOOCLAIM_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": typed,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": typed.split(" ")[-1],
        "COMP_WORDS": typed,
        "COMP_CWORD": str(typed.count(" ")),
    }


@pytest.fixture
def complete(run_here: RunHere) -> Complete:
    """What a shell (its name) is offered behind what was typed."""

    def offered(shell: str, typed: str) -> str:
        done = run_here([], **asked(shell, typed))
        assert (done.code, done.stderr) == (0, "")
        return done.stdout

    return offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_offered(home: Path, shell: str) -> None:
    done = run([], home, **asked(shell, "gooclaim "))
    assert (done.code, done.stderr) == (0, "")
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_commands_are_offered_with_what_they_do(complete: Complete, shell: str) -> None:
    offered = complete(shell, "gooclaim ").replace("\\\\:", ":")
    assert all(line in offered for line in COMMANDS.values())


def test_what_begins_as_typed_is_offered(complete: Complete) -> None:
    assert complete("bash", "gooclaim his").split() == ["history"]
    assert complete("bash", "gooclaim listen --forward-t").split() == ["--forward-to"]
    assert complete("bash", "gooclaim history ").split() == ["show", "export", "prune"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("command", ["send-test", "events show"])
def test_event_types_are_offered(complete: Complete, shell: str, command: str) -> None:
    offered = complete(shell, f"gooclaim {command} workflow.")
    for name, each in CATALOGUE.items():
        assert (name in offered) is name.startswith("workflow.")
        if name in offered and shell != "bash":
            assert each.description in offered


def test_settings_and_profiles_are_offered(home: Path, complete: Complete) -> None:
    offered = complete("fish", "gooclaim config set secrets.")
    assert "secrets.store" in offered
    assert "secrets.wait" in offered
    assert KEYS["secrets.wait"].meaning in offered
    (home / "config.toml").write_text('[profiles.shared]\ntenant_id = "a"\n[profiles.mine]\n')
    offered = complete("bash", "gooclaim whoami --profile ")
    assert offered.split() == ["shared", "mine", "default"]
    assert complete("bash", "gooclaim listen --profile s").split() == ["shared"]
    (home / "config.toml").write_text("broken")
    assert complete("bash", "gooclaim whoami --profile ").strip() == ""


def test_faults_are_offered(complete: Complete) -> None:
    offered = complete("bash", "gooclaim send-test --fault s").split()
    assert offered == ["stale", "slow-body"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_a_script_that_asks(home: Path, shell: str) -> None:
    done = run([], home, _GOOCLAIM_COMPLETE=f"source_{shell}")
    assert (done.code, done.stderr) == (0, "")
    assert f"complete_{shell}" in done.stdout


def test_the_help_says_which_option_edits_a_file(run_here: RunHere) -> None:
    shown = " ".join(run_here(["--help"]).stdout.replace("│", " ").split())
    assert "--install-completion" in shown
    assert "a line is put into its start-up file" in shown
    assert "Print the script that completes, and change nothing." in shown
