"""What a session tells of a story that its sandbox plays: small frozen values.

Times are UNIX seconds, but `happens`: seconds from the story's beginning.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryBegins:
    """A story begins: how it is called, what happens in it, and in how many steps."""

    at: float
    scenario: str
    title: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """A step of a story: it comes next where `held` is None, else it was played.

    `step` is its number in the file, of `steps`. `problems` are sentences on what was not as
    expected.
    """

    at: float
    scenario: str
    step: int
    steps: int
    event_type: str
    happens: float
    fault: str | None = None
    note: str = ""
    held: bool | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEnds:
    """A story has ended: the numbers of the steps that did not hold, and of those not played."""

    at: float
    scenario: str
    steps: int
    failed: tuple[int, ...]
    not_played: tuple[int, ...]

    @property
    def held(self) -> int:
        """How many steps held."""
        return self.steps - len({*self.failed, *self.not_played})


StoryHappening = StoryBegins | StoryStep | StoryEnds
