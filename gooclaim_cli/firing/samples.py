"""Makes the samples that are fired: from a built-in fixture, a file with placeholders, or bytes.

Pure: files are read before, time and randomness are given.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

import msgspec

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.shots import Sample
from gooclaim_cli.fixtures import Setting, apply_settings, make_envelope
from gooclaim_cli.ulids import new_ulid
from gooclaim_cli.wire import CATALOGUE

# With a seed, time stands still too: 2026-05-20T10:14:25Z.
SEEDED_TIME: Final = 1_779_272_065.0
# Behind a question whether another type was meant.
SEND_ALL_THE_SAME: Final = (
    " To send it all the same: gooclaim send-test {meant} --set event_type={event_type}"
)
_PATTERN: Final = re.compile(r"[*?\[\]]")
_LISTED: Final = "gooclaim events lists what there is"
_ANY_TENANT: Final = "tnt_test"
_ANY_TYPE: Final = "workflow.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a sample is made of. `template` is a fixture's content, `body` the exact bytes.

    What is None is made up. Raises UsageError for what cannot be meant together.
    """

    event_type: str | None = None
    tenant_id: str | None = None
    template: Mapping[str, Any] | None = None
    body: bytes | None = None
    settings: tuple[Setting, ...] = ()
    event_id: str | None = None
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        if self.body is not None and (self.settings or self.event_id or self.template is not None):
            raise UsageError(
                "--body-file is sent byte for byte: nothing can be set in it",
                "leave out --set, --event-id and --fixture, or give the file with --fixture",
            )

    def make(self, *, now: float, random: Random) -> Sample:
        """Make a sample. The same arguments, randomness included, make the same bytes."""
        if self.body is not None:
            return self._of_body(self.body, now, random)
        envelope = make_envelope(
            self._type(),
            tenant_id=self.tenant_id or _ANY_TENANT,
            now=now,
            random=random,
            template=self.template,
        )
        if self.event_id is not None:
            envelope["event_id"] = self.event_id
        envelope = apply_settings(envelope, self.settings)
        event_type = envelope.get("event_type")
        return Sample(
            event_id=_text(envelope.get("event_id")),
            event_type=_text(event_type) or self._type(),
            idempotency_key=self._key(now, random),
            body=msgspec.json.encode(envelope),
        )

    @property
    def type_named(self) -> str:
        """The event type, as far as it is known before a sample is made."""
        return self._type() if self.body is None else self.event_type or _ANY_TYPE

    def _type(self) -> str:
        in_template = _text((self.template or {}).get("event_type"))
        if in_template and in_template != "{event_type}":
            if self.event_type not in (None, in_template):
                raise UsageError(
                    f"the fixture is a {in_template}, not a {self.event_type}",
                    f"leave {self.event_type} out, or write {{event_type}} in the fixture",
                )
            return in_template
        return self.event_type or _ANY_TYPE

    def _of_body(self, body: bytes, now: float, random: Random) -> Sample:
        try:
            members = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            members = None
        named = members if isinstance(members, dict) else {}
        event_type = self.event_type or _text(named.get("event_type"))
        if event_type is None:
            raise UsageError(
                "the body does not tell its event type",
                "say what the X-Gooclaim-Event header is to be: gooclaim send-test"
                " workflow.completed --body-file FILE",
            )
        return Sample(
            event_id=_text(named.get("event_id")),
            event_type=event_type,
            idempotency_key=self._key(now, random),
            body=body,
        )

    def _key(self, now: float, random: Random) -> str:
        return self.idempotency_key or f"idem_{new_ulid(now, random)}"


def type_meant(event_type: str) -> str | None:
    """The known event type that an unknown one was probably meant to be."""
    if event_type in CATALOGUE:
        return None
    return next(iter(get_close_matches(event_type, CATALOGUE, 1, 0.75)), None)


def check_type(event_type: str, *, all_the_same: str = "") -> None:
    """Refuse patterns and what looks like a slip of the pen; others may be of a later version.

    `all_the_same` is behind the question in the hint, `{meant}` and `{event_type}` filled in.
    Raises UsageError.
    """
    meant = type_meant(event_type)
    if _PATTERN.search(event_type):
        fitting = [each for each in CATALOGUE if fnmatchcase(each, event_type)]
        raise UsageError(
            f"{event_type!r} is a pattern, and one event type is wanted",
            f"did you mean {' or '.join(fitting)}?" if fitting else _LISTED,
        )
    if meant is not None:
        rest = all_the_same.format(meant=meant, event_type=event_type)
        raise UsageError(f"there is no event type {event_type!r}", f"did you mean {meant}?{rest}")
    if not event_type or not event_type.isascii() or not event_type.isprintable():
        raise UsageError(
            f"{event_type!r} cannot be an event type: a header holds it",
            _LISTED,
        )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
