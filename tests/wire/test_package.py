"""gooclaim_cli.wire as others import it: pure, light, and with the catalogue as published."""

import subprocess
import sys

from gooclaim_cli import wire

HEAVY = (
    "simdjson",
    "typer",
    "rich",
    "httpx",
    "aiohttp",
    "uvicorn",
    "starlette",
    "asyncio",
    "sqlite3",
    "ssl",
)


def test_importing_it_brings_in_nothing_heavy() -> None:
    """A handler that verifies with it pays for msgspec and the standard library alone."""
    program = (
        "import sys, gooclaim_cli.wire\n"
        "ours = {name for name in sys.modules if name.startswith('gooclaim_cli')}\n"
        "print(*sorted(name for name in ours if not name.startswith('gooclaim_cli.wire')))\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n") == ["gooclaim_cli", "", ""]
    assert run.stderr == ""


def test_reading_and_diagnosing_bring_in_nothing_heavy() -> None:
    program = (
        "import sys, gooclaim_cli.wire.captures, gooclaim_cli.wire.diagnosis\n"
        "ours = {name for name in sys.modules if name.startswith('gooclaim_cli')}\n"
        "print(*sorted(name for name in ours if not name.startswith('gooclaim_cli.wire')))\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n") == ["gooclaim_cli", "", ""]


def test_everything_it_offers_is_there() -> None:
    assert all(hasattr(wire, name) for name in wire.__all__)


def test_the_catalogue_is_the_published_one() -> None:
    assert list(wire.CATALOGUE) == [
        "workflow.started",
        "workflow.consent_required",
        "workflow.consent_granted",
        "workflow.completed",
        "workflow.policy_blocked",
        "workflow.timed_out",
        "pending_docs.uploaded",
        "claim.fraud_suspect",
        "operational_mode.changed",
    ]
    assert all(name == each.name and each.description for name, each in wire.CATALOGUE.items())
    assert wire.WORKFLOW_TYPES == ("claim-status", "pending-documents", "query-reason")
    assert wire.OPERATIONAL_MODES == ("OPERATIONAL", "RESTRICTED", "SUSPENDED")
