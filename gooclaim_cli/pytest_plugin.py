"""A pytest plugin for whoever writes a webhook handler: signed deliveries, and a sandbox.

Opt-in: `pytest -p gooclaim_cli.pytest_plugin`, or `pytest_plugins = ["gooclaim_cli.pytest_plugin"]`
in the topmost conftest.py. Importing it costs nothing; what a fixture needs is imported when it is
used.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from gooclaim_cli.testing import EventFactory, RunningSandbox
    from gooclaim_cli.wire import SignedContent

_SECRET: Final = "whsec_obviously_fake"  # noqa: S105 - what it says
_TENANT: Final = "tnt_test"
_FAULT_FIXTURE: Final = "gooclaim_fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The entries of the ini file."""
    parser.addini(
        "gooclaim_signing_secret", "The secret that deliveries are signed with.", default=_SECRET
    )
    parser.addini(
        "gooclaim_signed_content", "What is signed: body, or timestamp.body.", default="body"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that wants `gooclaim_fault` once for every fault."""
    if _FAULT_FIXTURE in metafunc.fixturenames:
        from gooclaim_cli.testing.events import FAULTS

        metafunc.parametrize(_FAULT_FIXTURE, [str(fault) for fault in FAULTS])


@pytest.fixture(scope="session")
def gooclaim_signing_secret(pytestconfig: pytest.Config) -> str:
    """The signing secret that the handler under test has. Override it, or set the ini entry."""
    return str(pytestconfig.getini("gooclaim_signing_secret"))


@pytest.fixture(scope="session")
def gooclaim_tenant_id() -> str:
    """The tenant whose events `gooclaim_event` makes. Override it where the handler looks at it."""
    return _TENANT


@pytest.fixture
def gooclaim_event(
    gooclaim_signing_secret: str, gooclaim_tenant_id: str, pytestconfig: pytest.Config
) -> "EventFactory":
    """A factory of signed deliveries: `gooclaim_event("workflow.completed").send(client, "/")`."""
    from gooclaim_cli.testing import EventFactory

    return EventFactory(
        gooclaim_signing_secret, gooclaim_tenant_id, signed_content=_signed_content(pytestconfig)
    )


@pytest.fixture
def gooclaim_sandbox_options() -> Mapping[str, Any]:
    """Override it to start the sandbox otherwise: {"retry_schedule": (0.01, 0.02)}."""
    return {}


@pytest.fixture
def gooclaim_sandbox(
    gooclaim_signing_secret: str,
    gooclaim_sandbox_options: Mapping[str, Any],
    pytestconfig: pytest.Config,
) -> "Iterator[RunningSandbox]":
    """A sandbox that runs, of this test alone; it signs with `gooclaim_signing_secret`."""
    from gooclaim_cli.testing import running_sandbox

    content = _signed_content(pytestconfig)
    options = {"signing_secret": gooclaim_signing_secret, **gooclaim_sandbox_options}
    with running_sandbox(signed_content=content, **options) as sandbox:
        yield sandbox


def _signed_content(config: pytest.Config) -> "SignedContent":
    from gooclaim_cli.wire import SignedContent

    given = str(config.getini("gooclaim_signed_content"))
    if given not in tuple(SignedContent):
        choice = ", ".join(SignedContent)
        raise pytest.UsageError(f"gooclaim_signed_content is {given!r}: choose from {choice}")
    return SignedContent(given)
