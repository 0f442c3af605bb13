"""Sandboxes for sessions that are processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import HOME_URL, SandboxClient, sandbox_program


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxClient]:
    """One for a test that has it emit: attempts may come later, and are for nobody else."""
    with sandbox_program(tmp_path / "gooclaim", "--home-url", HOME_URL) as client:
        yield client


@pytest.fixture(scope="module")
def module_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxClient]:
    """One for all tests of a module."""
    folder = tmp_path_factory.mktemp("sandbox")
    with sandbox_program(folder, "--home-url", HOME_URL) as client:
        yield client


@pytest.fixture
def sandbox(module_sandbox: SandboxClient) -> SandboxClient:
    """The module's, behaving well, its tenant's configuration as it was at first."""
    module_sandbox.behave(None)
    module_sandbox.replace({"url": HOME_URL, "events": ["*"]})
    return module_sandbox
