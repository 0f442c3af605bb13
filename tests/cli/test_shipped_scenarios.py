"""The shipped stories, played to the shipped handler: it is right, and so it passes each."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gooclaim_cli.stories.library import NAMES, find
from gooclaim_cli.stories.planning import plan
from tests.e2e.support import environment, running

from .support import RunHere

EXAMPLE = Path(__file__).parents[2] / "examples" / "handler.py"
ENV = {"GOOCLAIM_SIGNING_SECRET": "whsec_obviously_fake"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    variables = environment(tmp_path_factory.mktemp("handler"), **ENV)
    with running([sys.executable, str(EXAMPLE), "0"], variables) as example:
        yield example.line()


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_handler_passes(run_here: RunHere, port: str, name: str) -> None:
    """A story of 72 hours takes no time here; each delivery is signed when it is sent."""
    done = run_here(["scenario", "run", name, "--to", port, "--speed", "1e6", "--json"], **ENV)
    *forwards, summary = [json.loads(line) for line in done.stdout.splitlines()]
    story = find(name).read()
    assert (done.code, done.stderr) == (0, "")
    assert summary["held"] == len(story.steps)
    assert {each["step"] for each in forwards} == {each.number for each in story.steps}
    assert len(forwards) >= sum(beat.count for beat in plan(story).beats)
