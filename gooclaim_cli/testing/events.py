"""Signed deliveries for the tests of a handler: good ones, broken ones, and the same one again."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import SystemRandom
from types import MappingProxyType
from typing import Any, Final

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import SINGLE, Fault, Means
from gooclaim_cli.firing.samples import Recipe, type_meant
from gooclaim_cli.firing.shots import Sample, Shot, Signer, envelope_of, signed_shot
from gooclaim_cli.fixtures import Setting
from gooclaim_cli.testing import clients
from gooclaim_cli.wire import SignedContent, SigningSecret
from gooclaim_cli.wire.handling import HANDLING, Arriving, holds

FAULTS: Final = tuple(fault for fault in SINGLE if fault is not Fault.SLOW_BODY)
_TAKEN: Final = frozenset((Arriving.GOOD, Arriving.LARGE, Arriving.REPEATED, Arriving.RETRIED))
_NOT_ONE_DELIVERY: Final = MappingProxyType(
    {
        Fault.SLOW_BODY: "a test client sends a body at once: gooclaim send-test --fault slow-body",
        Fault.DUPLICATE: "send a delivery, and then its again()",
        Fault.CONCURRENT_DUPLICATES: "send a delivery and its again() from threads or tasks",
        Fault.REORDERED: "make two events with data={'workflow_id': …}, and send the later first",
        Fault.RETRY: "send one with fault='tampered-body', and then its again()",
    }
)


def present() -> float:
    """The time, UNIX seconds; looked up at each call, since tests put other clocks in its place."""
    return time.time()


@dataclass(frozen=True, slots=True, repr=False)
class SignedDelivery:
    """One delivery as it would come from Gooclaim, or broken: `headers` and the exact `body`.

    `_sample` is what a handler has of it: where it must be refused, what it was before it broke.
    """

    _sample: Sample
    _shot: Shot
    _signer: Signer
    _clock: Callable[[], float]
    fault: str | None = None

    def __repr__(self) -> str:
        broken = f" with the fault {self.fault}" if self.fault else ""
        return f"<SignedDelivery {self.event_type} {self.event_id}{broken}>"

    @property
    def event_type(self) -> str:
        """The event's type, as the header says it of a whole one."""
        return self._sample.event_type

    @property
    def event_id(self) -> str | None:
        """The event's id; None where the body that was given tells none."""
        return self._sample.event_id

    @property
    def idempotency_key(self) -> str:
        """The key that retries have in common."""
        return self._sample.idempotency_key

    @property
    def headers(self) -> dict[str, str]:
        """The headers, Content-Type among them."""
        return dict(self._shot.delivery.headers)

    @property
    def body(self) -> bytes:
        """The body's bytes."""
        return self._shot.delivery.body

    @property
    def event(self) -> dict[str, Any]:
        """The members of the event. Raises UsageError where the body that was given is none."""
        return envelope_of(self._sample)

    @property
    def expected(self) -> str:
        """What a correct handler answers, in words."""
        return HANDLING[self._shot.what].answers

    def send(self, to: Any, path: str = "", **options: Any) -> Any:
        """Post it through a test client, or to a URL, and return the client's own response.

        `options` go to the client's `post`. Raises TypeError for a client that is none.
        """
        return clients.post(to, path, headers=self.headers, body=self.body, options=options)

    def check(self, answer: Any) -> None:
        """Raise AssertionError unless a response (or its status) is what a correct one would be.

        Raises TypeError for what is no response.
        """
        __tracebackhide__ = True  # pytest then shows the line of the test
        status = answer if isinstance(answer, int) else _status(answer)
        if not holds(self._shot.what, status):
            what = (
                f"with the fault {self.fault}" if self.fault else HANDLING[self._shot.what].arrives
            )
            raise AssertionError(
                f"the handler answered {status} to {self.event_type} ({what}),"
                f" and this is right: {self.expected}"
            )

    def again(self) -> "SignedDelivery":
        """The same event once more, as Gooclaim retries: same body and key, whole, signed now."""
        shot = signed_shot(self._sample, self._signer, at=self._clock())
        if shot.what is Arriving.GOOD:
            taken = self._shot.what in _TAKEN
            shot = replace(shot, what=Arriving.REPEATED if taken else Arriving.RETRIED)
        return SignedDelivery(self._sample, shot, self._signer, self._clock)


@dataclass(frozen=True, slots=True)
class EventFactory:
    """Makes signed deliveries. `clock` gives UNIX seconds."""

    signing_secret: str = field(repr=False)
    tenant_id: str | None = None
    signed_content: SignedContent = SignedContent.BODY
    clock: Callable[[], float] = field(default=present, repr=False)

    def __call__(
        self,
        event_type: str | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        fault: str | None = None,
        event_id: str | None = None,
        idempotency_key: str | None = None,
        tenant_id: str | None = None,
        body: bytes | None = None,
        any_type: bool = False,
    ) -> SignedDelivery:
        """Make a delivery of a sample event (`workflow.completed`), signed now.

        `data` goes over the sample's data. `body` is sent as it is. `fault` breaks the delivery: a
        name of `send-test --fault`. Raises UsageError for what cannot be, and, unless `any_type`,
        for an event type that looks like a slip of the pen.
        """
        __tracebackhide__ = True
        require_no_slip(event_type, any_type=any_type)
        recipe = Recipe(
            event_type=event_type,
            tenant_id=tenant_id or self.tenant_id,
            body=body,
            settings=tuple(_setting(*each) for each in (data or {}).items()),
            event_id=event_id,
            idempotency_key=idempotency_key,
        )
        now, random = self.clock(), SystemRandom()
        sample = recipe.make(now=now, random=random)
        signer = Signer(SigningSecret(self.signing_secret), self.signed_content)
        if fault is None:
            return SignedDelivery(sample, signed_shot(sample, signer, at=now), signer, self.clock)
        name = _fault(fault)
        shot = SINGLE[name](sample, Means(signer=signer, at=now, random=random))
        whole = shot.sample if shot.what in _TAKEN else sample
        return SignedDelivery(whole, shot, signer, self.clock, str(name))


def require_no_slip(event_type: str | None, *, any_type: bool) -> None:
    """Raise UsageError for what looks like a slip of the pen, unless `any_type` is meant.

    Other unknown types may be of a later version of Gooclaim's.
    """
    __tracebackhide__ = True
    meant = type_meant(event_type) if event_type and not any_type else None
    if meant is not None:
        raise UsageError(
            f"there is no event type {event_type!r}: did you mean {meant!r}?"
            " To send it all the same: any_type=True"
        )


def _setting(name: str, value: Any) -> Setting:
    return Setting(f"data.{name}", ("data", name), value)


def _fault(name: str) -> Fault:
    """Read a fault's name; in Python, underscores are at hand. Raises UsageError."""
    __tracebackhide__ = True
    written = name.replace("_", "-")
    if written in FAULTS:
        return Fault(written)
    choice = f"choose from {', '.join(FAULTS)}"
    if written in _NOT_ONE_DELIVERY:
        hint = _NOT_ONE_DELIVERY[Fault(written)]
        raise UsageError(f"the fault {name!r} is not one of a single delivery: {hint}", choice)
    raise UsageError(f"there is no fault {name!r}: {choice}")


def _status(answer: Any) -> int:
    """The status of a response: `status_code` in most libraries, `status` in aiohttp.

    Raises TypeError for what is no response.
    """
    __tracebackhide__ = True
    for name in ("status_code", "status"):
        status = getattr(answer, name, None)
        if isinstance(status, int):
            return int(status)
    await_it = ": await it first" if inspect.isawaitable(answer) else ""
    raise TypeError(
        f"check takes a response, or its status, and not {type(answer).__qualname__}{await_it}"
    )
