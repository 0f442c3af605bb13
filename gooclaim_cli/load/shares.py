"""Reads how much a person wants: `500/s`, `5%`, `stale=1%,no-signature=0.5%`. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import SINGLE, Fault

# One request each, at once. What is left out takes time on purpose (slow-body), or several requests
# in an order: duplicates have a share of their own.
UNDER_LOAD: Final = tuple(fault for fault in SINGLE if fault is not Fault.SLOW_BODY)
# Only by name: two megabytes a request measure the wire, not the handler.
_BY_ITSELF: Final = tuple(fault for fault in UNDER_LOAD if fault is not Fault.HUGE)
_NUMBER: Final = r"(\d{1,12}(?:\.\d{1,9})?)"
_RATE: Final = re.compile(rf"{_NUMBER}\s*(?:/\s*(s|sec|second|m|min|minute|h|hour))?", re.ASCII)
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_WHOLE: Final = re.compile(r"0*[1-9]\d{0,18}", re.ASCII)
_SOME: Final = 1000
_FASTEST: Final = 1e6
_PERCENT: Final = re.compile(rf"{_NUMBER}\s*%", re.ASCII)
_PART: Final = re.compile(r"0(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class FaultShare:
    """The share of requests (0 to 1) that are broken by these faults, by each as often."""

    faults: tuple[Fault, ...]
    share: Fraction


def parse_number(option: str, text: str, most: int = 10**12) -> int:
    """Read `10000`: a whole number from 1. Raises UsageError."""
    given = text.strip()
    if not _WHOLE.fullmatch(given):
        raise UsageError(f"{option} {text!r} is no number", f"write a whole one: {option} {_SOME}")
    if int(given) > most:
        raise UsageError(f"{option} {given} is over {most}", f"write {most} or less")
    return int(given)


def parse_rate(text: str) -> float:
    """Read `500/s`, `500`, `30/m`, `1000/h`: requests a second. Raises UsageError."""
    match = _RATE.fullmatch(text.strip().lower())
    rate = float(match[1]) / _SECONDS[(match[2] or "s")[0]] if match else 0.0
    if not 0 < rate <= _FASTEST:
        why = "is no rate" if match is None else "is out of reach" if rate else "is none at all"
        raise UsageError(f"--rate {text!r} {why}", "write 500/s, 30/m or 1000/h")
    return rate


def parse_share(option: str, text: str) -> Fraction:
    """Read `5%` or `0.05`: a share, 0 to 1. Raises UsageError."""
    given = text.strip()
    percent = _PERCENT.fullmatch(given)
    if percent is not None:
        share = Fraction(percent[1]) / 100
    elif _PART.fullmatch(given):
        share = Fraction(given)
    else:
        bare = re.fullmatch(_NUMBER, given, re.ASCII)
        hint = f"write {given}%, or a part of one like 0.05" if bare else "write 5% or 0.05"
        raise UsageError(f"{option} {text!r} is no share", hint)
    if share > 1:
        raise UsageError(f"{option} {text!r} is more than all", "write 5% or 0.05")
    return share


def parse_fault_shares(text: str) -> tuple[FaultShare, ...]:
    """Read `1%`, spread evenly over the faults, or `stale=1%,wrong-secret=0.5%`.

    Raises UsageError.
    """
    if "=" not in text and not text.lstrip()[:1].isalpha():
        return _some(FaultShare(_BY_ITSELF, parse_share("--faults", text)))
    shares: dict[Fault, Fraction] = {}
    for part in text.split(","):
        name, equals, share = (each.strip() for each in part.partition("="))
        if not equals:
            raise UsageError(f"--faults: {part.strip()!r} says no share", _with_share(name))
        fault = _fault(name)
        if fault in shares:
            raise UsageError(f"--faults names {fault} twice", "give it one share")
        shares[fault] = parse_share(f"--faults {fault}:", share)
    return _some(*(FaultShare((fault,), share) for fault, share in shares.items()))


def _with_share(name: str) -> str:
    spelled = name.lower().replace("_", "-")
    if spelled in UNDER_LOAD:
        return f"write how many: --faults {spelled}=1%"
    return "write a name and a share: --faults stale=1%,wrong-secret=0.5%"


def _some(*shares: FaultShare) -> tuple[FaultShare, ...]:
    return tuple(each for each in shares if each.share)


def _fault(name: str) -> Fault:
    spelled = name.lower().replace("_", "-")
    if spelled in UNDER_LOAD:
        return Fault(spelled)
    if spelled in (Fault.DUPLICATE, Fault.CONCURRENT_DUPLICATES):
        raise UsageError(f"--faults has no {spelled}", "repeat events with --duplicates 5%")
    if spelled in tuple(Fault):
        raise UsageError(
            f"--faults has no {spelled}: it is a matter of time, or of an order",
            f"fire it alone: gooclaim send-test --fault {spelled}",
        )
    raise UsageError(f"--faults {name!r} is unknown", f"choose from {_list(UNDER_LOAD)}")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
