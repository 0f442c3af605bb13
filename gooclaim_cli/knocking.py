"""Does a webhook URL answer as an endpoint? Found out with one request that can do no harm.

It is not signed and carries no event, so that no endpoint may process it, whosever it is: a correct
one refuses it. What it is refused with tells whether anybody is there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli import __version__
from gooclaim_cli.sending import Outgoing, Sender, client_tls
from gooclaim_cli.sending.outcome import Outcome
from gooclaim_cli.wire.handling import DEADLINE, Arriving, holds

_BODY: Final = b'{"note":"gooclaim webhook test: not signed, no event, to be refused"}'
_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("User-Agent", f"gooclaim-cli/{__version__} (webhook test)"),
)
_NOBODY: Final = {404: "nothing receives there", 405: "it takes no POST", 410: "it has gone"}


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of it. `held`: whether it is what a correct endpoint answers; `message` says it.

    `outcome` is None where nothing was sent.
    """

    url: str
    outcome: Outcome | None
    held: bool
    message: str
    hint: str = ""


async def knock(url: str, *, cacert: Path | None = None, within: float = DEADLINE) -> Knock:
    """Send it and judge the answer. Raises ConfigurationError for a file without certificates."""
    if urlsplit(url).scheme != "https":
        return Knock(url, None, held=False, message="it is not https", hint=_UNREACHABLE)
    async with Sender(tls=client_tls(cacert=cacert)) as sender:
        return judge(url, await sender.send(Outgoing(url, _HEADERS, _BODY), within=within))


def judge(url: str, outcome: Outcome) -> Knock:
    """Tell what an answer to the request means. Pure."""
    status = outcome.status
    if outcome.failure is not None or status is None:
        return Knock(url, outcome, held=False, message=outcome.message, hint=_UNREACHABLE)
    if status in _NOBODY:
        return Knock(url, outcome, held=False, message=f"{status}: {_NOBODY[status]}", hint=_LOST)
    if holds(Arriving.UNSIGNED, status):
        return Knock(url, outcome, held=True, message=f"{status}: it refuses what is not signed")
    if 200 <= status < 300:
        message = f"{status}: it takes what is not signed, so anybody can send it events"
        return Knock(url, outcome, held=False, message=message, hint=_VERIFY)
    if 300 <= status < 400:
        message = f"{status}: it redirects, which counts as a failure"
        return Knock(url, outcome, held=False, message=message, hint="set the URL it leads to")
    message = f"{status}: it fails at what it should refuse"
    return Knock(url, outcome, held=False, message=message, hint=_LOST)


_UNREACHABLE: Final = "Gooclaim's deliveries would fail there, too, and be tried again"
_LOST: Final = "is it the right URL, and what is behind it running?"
_VERIFY: Final = "check X-Gooclaim-Signature before anything else: examples/handler.py does"
