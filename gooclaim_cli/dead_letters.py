"""Tells of events that the session's own sandbox has given up, which nothing else would show."""

import shlex
from typing import TYPE_CHECKING, Final

from gooclaim_cli.happenings import Level
from gooclaim_cli.told import Told

if TYPE_CHECKING:  # loaded only where a sandbox is asked for
    from gooclaim_cli.sandbox import OutboundDelivery

_PREFIX: Final = "evt_"
_ENDING: Final = 8  # characters of an id, as lists shorten it


class DeadLetters:
    """Observes a sandbox's deliveries. What to type is told with the first one alone."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._hinted = False

    def observe(self, delivery: "OutboundDelivery") -> None:
        """Tell of it, where its final attempt has failed."""
        from gooclaim_cli.sandbox import DeliveryState

        if delivery.state is not DeliveryState.DEAD_LETTER:
            return
        tries = delivery.attempts[-1].number
        self._told.notice(
            Level.WARNING,
            "dead_letter",
            f"{_short(delivery.event_id)} is given up after {tries}"
            f" {'try' if tries == 1 else 'tries'}: a dead letter",
            "" if self._hinted else _hint(delivery.event_id),
            event_id=delivery.event_id,
        )
        self._hinted = True


def _short(event_id: str) -> str:
    return f"{_PREFIX}…{event_id[-_ENDING:]}" if _is_usual(event_id) else event_id


def _hint(event_id: str) -> str:
    name = event_id[-_ENDING:] if _is_usual(event_id) else shlex.quote(event_id)
    return (
        f"gooclaim replay {name} sends it again\n"
        "gooclaim replay --failed sends all that no handler has taken"
    )


def _is_usual(event_id: str) -> bool:
    """Whether it is long enough to be shortened, and nothing that a shell would take apart."""
    rest = event_id.removeprefix(_PREFIX)
    return event_id.startswith(_PREFIX) and len(rest) > _ENDING and rest.isalnum()
