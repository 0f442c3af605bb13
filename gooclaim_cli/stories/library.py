"""Where scenarios are: the built-in ones, which are data files, and those of the user's files."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from gooclaim_cli.errors import ConfigurationError, UsageError
from gooclaim_cli.stories.scenario import Scenario

# In the order in which they are listed.
NAMES: Final = (
    *("claim-status", "pending-documents", "query-reason", "consent-first"),
    *("documents-never-come", "policy-block", "fraud-suspicion", "modes", "retry-storm"),
    "out-of-order",
)
_READ_AT_MOST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario's name, what its file is called in errors, and its content."""

    name: str
    source: str
    content: bytes

    def read(self) -> Scenario:
        """Raises UsageError, which tells the line of each mistake."""
        from gooclaim_cli.stories.reading import read_scenario  # yaml costs start-up

        return read_scenario(self.content, name=self.name, source=self.source)


def find(named: str) -> ScenarioFile:
    """A built-in scenario, else a file; `-` is standard input.

    Raises UsageError where there is neither, ConfigurationError for a file that cannot be read.
    """
    if named in NAMES:
        return ScenarioFile(named, named, _data(f"{named}.yaml"))
    if named == "-":
        return ScenarioFile("-", "standard input", sys.stdin.buffer.read(_READ_AT_MOST))
    path = Path(named)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        raise UsageError(
            f"no scenario is called {named!r}, and there is no such file",
            f"there are {', '.join(NAMES)}; or give a file of your own",
        )
    try:
        with path.open("rb") as stream:
            return ScenarioFile(path.stem, named, stream.read(_READ_AT_MOST))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {named}: {error.strerror}", "give a file that can be read"
        ) from None


def built_in() -> Iterator[Scenario]:
    """The built-in scenarios."""
    return (find(name).read() for name in NAMES)


def _data(name: str) -> bytes:
    return (resources.files("gooclaim_cli.stories") / "data" / name).read_bytes()
