"""Event: the envelope that every payload has, decoded and checked.

Unknown members and unknown event types are kept, never an error. What is checked is what the
contract publishes: five members, their types, and a time of RFC 3339. A body that is nested more
than 256 levels deep (`nesting.DEEPEST`) is not taken for JSON, whatever its size.
"""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from gooclaim_cli.wire.nesting import DEEPEST, on_enough_stack, too_deep

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Envelope(msgspec.Struct):
    event_id: _Text
    event_type: _Text
    tenant_id: _Text
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    data: dict[str, Any]


ENVELOPE_MEMBERS: Final = _Envelope.__struct_fields__


class Event(msgspec.Struct, frozen=True):
    """The five members of the envelope. Other members stay in the raw body only."""

    event_id: str
    event_type: str
    tenant_id: str
    occurred_at: datetime
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """What the event is about, decoded anew at each call: most callers only pass it on."""
        return on_enough_stack(_checked, self.body).data

    def __repr__(self) -> str:
        """All but the body: it concerns people."""
        return f"Event({self.event_id!r}, {self.event_type!r}, {self.tenant_id!r})"


class BodyNotJsonError(ValueError):
    """The body is not JSON text; the message says where it stops being so."""


class EnvelopeInvalidError(ValueError):
    """The body is JSON, but not an envelope. `problems` names each member that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


_decode = msgspec.json.Decoder(_Envelope).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)
_LARGE: Final = 16 * 1024  # bytes


def decode_event(body: bytes) -> Event:
    """Decode a raw body. Raises BodyNotJsonError or EnvelopeInvalidError, and nothing else."""
    return on_enough_stack(_decoded, body)


def _decoded(body: bytes) -> Event:
    try:
        found = (_of_large(body) if len(body) >= _LARGE else None) or _checked(body)
    except msgspec.ValidationError as error:
        # A member given twice, wrong and then right, leaves no problem to name but the decoder's.
        raise EnvelopeInvalidError(_problems(body) or (str(error),)) from None
    except _NOT_JSON as error:
        raise BodyNotJsonError(_in_words(error)) from None
    return Event(found.event_id, found.event_type, found.tenant_id, found.occurred_at, body)


def _of_large(body: bytes) -> _Envelope | None:
    """The envelope of a large body without its data; None where it is for `_checked` to say."""
    from gooclaim_cli.wire.large_json import members  # loaded only where it serves

    try:
        return msgspec.convert(members(body, ENVELOPE_MEMBERS), _Envelope)
    except msgspec.ValidationError:
        return None


def member_names(body: bytes) -> tuple[str, ...]:
    """The names of all members of a body that is an envelope, in order."""
    if len(body) >= _LARGE:
        from gooclaim_cli.wire.large_json import names

        found = names(body)
        if found is not None:
            return found
    return tuple(on_enough_stack(_decode_members, body))


def _checked(body: bytes) -> _Envelope:
    if too_deep(body):
        raise BodyNotJsonError(f"it is nested more than {DEEPEST} levels deep")
    # Decoding the text first also checks the members that the envelope does not name.
    return _decode(body if body.isascii() else body.decode("utf-8"))


def _problems(body: bytes) -> tuple[str, ...]:
    """Name every member that is wrong, not only the first one."""
    try:
        members = msgspec.json.decode(body)
    except _NOT_JSON as error:  # what the checked decoder had not reached yet
        raise BodyNotJsonError(_in_words(error)) from None
    if not isinstance(members, dict):
        return (f"expected an object, got {_json_type(members)}",)
    fields = msgspec.structs.fields(_Envelope)
    return tuple(filter(None, (_problem(members, field) for field in fields)))


def _in_words(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error)


def _problem(members: dict[str, Any], field: msgspec.structs.FieldInfo) -> str | None:
    if field.name not in members:
        return f"{field.name} is missing"
    try:
        msgspec.convert(members[field.name], field.type)
    except msgspec.ValidationError as error:
        return f"{field.name}: {error}"
    return None


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
