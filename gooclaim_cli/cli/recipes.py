"""What an event is made of, as the options of `send-test` say it; files are read when asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gooclaim_cli.cli.firing_options import read_input, read_template, refuse_together
from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.samples import SEND_ALL_THE_SAME, Recipe, check_type
from gooclaim_cli.fixtures import parse_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeOptions:
    """The values of the options. Raises UsageError for what cannot be meant."""

    event_type: str | None
    fixture: Path | None
    body_file: Path | None
    settings: Sequence[str]
    event_id: str | None
    idempotency_key: str | None
    any_type: bool

    def __post_init__(self) -> None:
        refuse_together(fixture=self.fixture, **{"body-file": self.body_file})
        if self.event_type is not None:
            check_type(self.event_type, all_the_same=SEND_ALL_THE_SAME)
        elif not (self.fixture or self.body_file or self.any_type):
            raise UsageError(
                "nothing says which event to send",
                "write its type: gooclaim send-test workflow.completed; gooclaim events lists them",
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that make the event."""
        return tuple(each for each in (self.fixture, self.body_file) if each is not None)

    def read(self, tenant_id: str | None) -> Recipe:
        """Read the files. Raises UsageError or ConfigurationError."""
        body = self.body_file
        return Recipe(
            event_type=self.event_type,
            tenant_id=tenant_id,
            template=read_template(self.fixture),
            body=read_input(body, "--body-file") if body is not None else None,
            settings=tuple(map(parse_setting, self.settings)),
            event_id=self.event_id,
            idempotency_key=self.idempotency_key,
        )
