"""Reading scenarios from the text of a test."""

from textwrap import dedent

import pytest

from gooclaim_cli.errors import ExitCode, UsageError
from gooclaim_cli.stories.reading import read_scenario
from gooclaim_cli.stories.scenario import Scenario


def read(text: str | bytes, *, name: str = "mine") -> Scenario:
    content = text if isinstance(text, bytes) else dedent(text).encode()
    return read_scenario(content, name=name, source="mine.yaml")


def mistakes_in(text: str | bytes) -> list[tuple[int, str]]:
    """The mistakes of a file as they are told: line and sentence."""
    with pytest.raises(UsageError) as raised:
        read(text)
    error = raised.value
    assert error.exit_code == ExitCode.USAGE
    assert error.hint
    assert "\n" not in error.message
    if not error.details:
        where, _, said = error.message.removeprefix("mine.yaml, line ").partition(": ")
        return [(int(where), said)]
    assert error.message.startswith("mine.yaml has ")
    found = []
    for line in error.details:
        if line.startswith("and "):
            continue
        where, _, said = line.removeprefix("line ").partition(": ")
        found.append((int(where), said))
    return found
