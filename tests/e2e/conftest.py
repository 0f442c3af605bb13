"""Sandboxes for sessions that are processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import GOOCLAIM, HOME_URL, SandboxClient, environment, running


def settled(folder: Path) -> Iterator[SandboxClient]:
    """Run a sandbox in a process of its own, whose tenant has a URL already."""
    command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", "--home-url", HOME_URL]
    with (
        running(command, environment(folder)) as program,
        SandboxClient(program.told("ready")) as client,
    ):
        yield client


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxClient]:
    """One for a test that has it emit: attempts may come later, and are for nobody else."""
    yield from settled(tmp_path / "gooclaim")


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """One for all tests of a module."""
    yield from settled(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def sandbox(module_sandbox: SandboxClient) -> SandboxClient:
    """The module's, behaving well, its tenant's configuration as it was at first."""
    module_sandbox.behave(None)
    module_sandbox.replace({"url": HOME_URL, "events": ["*"]})
    return module_sandbox
