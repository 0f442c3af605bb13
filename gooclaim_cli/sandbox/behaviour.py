"""Behaviour: how a sandbox misbehaves on purpose. Values and decisions, given the randomness.

The real Gooclaim, the network and the clocks between do all of this at some time; here it can be
had when it is wanted. Without anything said, a sandbox behaves.
"""

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from http import HTTPStatus
from random import Random
from typing import Annotated, Any, Final, Literal

import msgspec

from gooclaim_cli.errors import UsageError

OWN_PATHS: Final = "/v1/sandbox/"
_YEAR: Final = 366 * 86400.0
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]
_Skew = Annotated[float, msgspec.Meta(ge=-_YEAR, le=_YEAR)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Twice(StrEnum):
    """Whether an event is delivered twice: both at the same time, or one after the other."""

    NO = "no"
    TOGETHER = "together"
    AFTERWARDS = "afterwards"


class ApiBehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to calls of the contract's endpoints, the first `times` that fit (None: all).

    `delay` seconds pass first; then a call hangs, its connection is dropped (before or after it
    was carried out), or it is refused with `status`. No `methods`: every method.
    """

    status: Literal[401, 403, 429, 500, 503] | None = None
    delay: _Seconds = 0.0
    times: _Count | None = None
    hang: bool = False
    drop: Literal["before", "after"] | None = None
    methods: tuple[str, ...] = ()
    paths: str = "*"

    def concerns(self, method: str, path: str) -> bool:
        """Whether a call fits. Never one of the sandbox's own endpoints: they are the way back."""
        if path.startswith(OWN_PATHS):
            return False
        return (not self.methods or method in self.methods) and fnmatchcase(path, self.paths)

    @property
    def refusal(self) -> HTTPStatus | None:
        """The status that a call is refused with."""
        return None if self.status is None else HTTPStatus(self.status)


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How deliveries and the API misbehave. Shares are 0 to 1, times are seconds.

    `duplicates`: the share of events that are delivered twice. `reorder`: the share that is held
    back behind the next event. `clock_skew` is added to the timestamp that is signed. `burst`: so
    many events for one. `late`: the wait in the middle of a request, before its body. `drop`: the
    share of attempts whose connection ends after half of the request. `date_skew` is added to the
    API's Date header.
    """

    duplicates: _Share = 0.0
    reorder: _Share = 0.0
    clock_skew: _Skew = 0.0
    wrong_secret: bool = False
    burst: _Count = 1
    late: _Seconds = 0.0
    drop: _Share = 0.0
    date_skew: _Skew = 0.0
    api: ApiBehaviour | None = None

    def twice(self, random: Random) -> Twice:
        """Whether an event is delivered twice."""
        if random.random() >= self.duplicates:
            return Twice.NO
        return random.choice((Twice.TOGETHER, Twice.AFTERWARDS))

    def holds_back(self, random: Random) -> bool:
        """Whether an event is to come after the next one."""
        return random.random() < self.reorder

    def drops(self, random: Random) -> bool:
        """Whether an attempt's connection ends in the middle of the request."""
        return random.random() < self.drop


class Conduct:
    """The present behaviour, which may change at any time, and how often it was acted out."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._calls = 0

    @property
    def behaviour(self) -> Behaviour:
        """The behaviour as it is now."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._calls = 0

    def for_call(self, method: str, path: str) -> ApiBehaviour | None:
        """What happens to one call of the API; it counts as one of `times`."""
        api = self._behaviour.api
        if api is None or not api.concerns(method, path):
            return None
        if api.times is not None and self._calls >= api.times:
            return None
        self._calls += 1
        return api


def read_behaviour(members: Any) -> Behaviour:
    """Check a JSON value; null is the behaviour of one that behaves. Raises UsageError."""
    if members is None:
        return Behaviour()
    unknown = list(_unknown(members))
    if unknown:
        known = ", ".join((*Behaviour.__struct_fields__[:-1], *_of_api()))
        raise UsageError(f"there is no {', '.join(unknown)}", f"choose from {known}")
    try:
        return msgspec.convert(members, Behaviour)
    except msgspec.ValidationError as error:
        message = f"{error}".replace("`", "'").replace("$.", "")
        raise UsageError(message, "the README has a table of names and values") from None


def parse_behaviour(settings: Iterable[str]) -> Behaviour:
    """Read `NAME=VALUE` as people write it, `api.NAME=VALUE` for the API. Raises UsageError."""
    groups: dict[str, dict[str, Any]] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"{setting!r} is not NAME=VALUE", "write duplicates=0.3")
        group, _, inner = name.strip().rpartition(".")
        value: Any = _value(text.strip())
        if inner == "methods":
            value = [each.strip().upper() for each in str(value).split(",")]
        groups.setdefault(group, {})[inner] = value
    return read_behaviour(groups.pop("", {}) | groups)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _unknown(members: Any) -> Iterable[str]:
    if isinstance(members, dict):
        yield from sorted(members.keys() - set(Behaviour.__struct_fields__))
        if isinstance(api := members.get("api"), dict):
            names = api.keys() - set(ApiBehaviour.__struct_fields__)
            yield from sorted(f"api.{name}" for name in names)


def _of_api() -> tuple[str, ...]:
    return tuple(f"api.{name}" for name in ApiBehaviour.__struct_fields__)
