"""Fixtures of the command's tests."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gooclaim_cli.__main__ import main
from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.sandbox import SandboxOptions, run_sandbox

from .beside import beside
from .support import Done, RunBoth, RunHere, environment, run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of all files; what lies around it is the test's too."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def run_here(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunHere:
    """Run a command in this process."""

    def here(arguments: Sequence[str], **variables: str) -> Done:
        with monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in environment(home, **variables).items():
                patch.setenv(name, value)
            code = main(arguments)
        return Done(code, *capsys.readouterr())

    return here


@pytest.fixture
def run_both(home: Path, run_here: RunHere) -> RunBoth:
    """Run a command for a person in this process, and with --json in one of its own."""

    def both(arguments: Sequence[str], **variables: str) -> tuple[Done, Done]:
        return run_here(arguments, **variables), run([*arguments, "--json"], home, **variables)

    return both


@pytest.fixture
def run_twice(run_here: RunHere) -> RunBoth:
    """Run a command in this process: for a person, and with --json."""

    def twice(arguments: Sequence[str], **variables: str) -> tuple[Done, Done]:
        return run_here(arguments, **variables), run_here([*arguments, "--json"], **variables)

    return twice


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxFacts]:
    """A local Gooclaim beside the tests of a module: its API, and nothing that it emits."""
    options = SandboxOptions(emit=False, token_rate=10_000)
    with beside(run_sandbox(options, folder=tmp_path_factory.mktemp("sandbox"))) as running:
        yield running.ready
