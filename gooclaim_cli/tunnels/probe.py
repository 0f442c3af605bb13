"""The probe: proof that a public URL leads to this very session.

A signed request goes out through the URL to a path below the receiver's, which only this session
can sign for and only this session can recognise. That it arrives is the proof; the answer, signed
too, tells whether the way back works. It is no delivery: nothing is stored or shown.
"""

import asyncio
import hashlib
import hmac
import secrets
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gooclaim_cli import __version__
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.serving import AsgiApp

_HEADER: Final = "gooclaim-cli-probe"
_ONCE: Final = 5.0


class Way(StrEnum):
    """What became of a probe."""

    ARRIVED = "arrived"
    NO_NAME = "no_name"  # DNS does not know the host
    NO_CONNECTION = "no_connection"  # refused, reset, timed out: perhaps no network at all
    BLOCKED = "blocked"  # a proxy on this side refused, or TLS was not the host's own
    ASTRAY = "astray"  # something answered that is not us


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a probe, and in words what was seen."""

    way: Way
    seen: str = ""


class Probe:
    """One session's probe.

    `path` is the receiver's; `trust` makes what checks public certificates, once it is needed.
    """

    def __init__(
        self, path: str, *, trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        self._key = secrets.token_bytes(32)
        self._trust = trust
        self._path = f"{path}/probe"
        self._awaited: dict[str, asyncio.Event] = {}
        self._tls: ssl.SSLContext | None = None

    def door(self, app: AsgiApp) -> AsgiApp:
        """The app, with the probe's path served in front of it."""
        return _Door(self, self._path, app)

    async def send(
        self, origin: str, tls: ssl.SSLContext | None = None, *, within: float = _ONCE
    ) -> Outcome:
        """Send one through `https://host[:port]` and see whether it arrives within so many seconds.

        `tls`: how its certificate is checked; None: as any public one.
        """
        nonce = secrets.token_urlsafe(16)
        arrived = self._awaited[nonce] = asyncio.Event()
        asking = asyncio.create_task(self._ask(origin, nonce, tls or self._public(), within))
        arriving = asyncio.create_task(arrived.wait())
        try:
            async with asyncio.timeout(within):
                await asyncio.wait({asking, arriving}, return_when=asyncio.FIRST_COMPLETED)
                if arrived.is_set():
                    return Outcome(Way.ARRIVED)
                return await asking
        except TimeoutError:
            return Outcome(Way.NO_CONNECTION, f"no answer within {within:g} s")
        finally:
            del self._awaited[nonce]
            asking.cancel()
            arriving.cancel()
            await asyncio.wait({asking, arriving})

    async def _ask(self, origin: str, nonce: str, tls: ssl.SSLContext, within: float) -> Outcome:
        headers = {
            _HEADER: f"{nonce}.{self._sign('there', nonce)}",
            "user-agent": f"gooclaim-cli/{__version__}",
        }
        own = not is_loopback(urlsplit(origin).hostname)
        try:
            async with httpx.AsyncClient(verify=tls, trust_env=own, timeout=within) as client:
                answer = await client.post(f"{origin}{self._path}", headers=headers)
        except httpx.HTTPError as error:
            return explain(error)
        if hmac.compare_digest(answer.text, self._sign("back", nonce)):
            return Outcome(Way.ARRIVED)
        return Outcome(Way.ASTRAY, _what_answered(answer))

    def recognise(self, sent: str) -> bytes | None:
        """The answer to a probe of ours that is under way; None to all else."""
        nonce, _, signature = sent.partition(".")
        awaited = self._awaited.get(nonce)
        signed = hmac.compare_digest(signature.encode(), self._sign("there", nonce).encode())
        if awaited is None or not signed:
            return None
        awaited.set()
        return self._sign("back", nonce).encode()

    def _sign(self, direction: str, nonce: str) -> str:
        message = f"{direction}:{nonce}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def _public(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._trust()
        return self._tls


class _Door:
    """An app behind the probe's path, and its direct entrance, which is for other paths."""

    def __init__(self, probe: Probe, path: str, app: AsgiApp) -> None:
        self._probe = probe
        self._path = path
        self._app = app
        self.direct = getattr(app, "direct", None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] == self._path:
            sent = dict(scope["headers"]).get(_HEADER.encode(), b"").decode("latin-1")
            answer = self._probe.recognise(sent)
            if answer is not None:
                await _respond(send, answer)
                return
        await self._app(scope, receive, send)


def explain(error: httpx.HTTPError) -> Outcome:
    """What an HTTP client's error tells of the way. Pure."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, socket.gaierror):
            if link.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
                return Outcome(Way.NO_NAME, "DNS does not know the name")
            return Outcome(Way.NO_CONNECTION, "DNS cannot be asked")
        if isinstance(link, ssl.SSLCertVerificationError):
            return Outcome(Way.BLOCKED, f"its certificate is not trusted: {link.verify_message}")
        link = link.__cause__ or link.__context__
    if isinstance(error, httpx.ProxyError):
        return Outcome(Way.BLOCKED, f"the proxy refuses: {error}")
    return Outcome(Way.NO_CONNECTION, str(error) or type(error).__name__)


def _what_answered(answer: httpx.Response) -> str:
    who = answer.headers.get("ngrok-error-code") or answer.headers.get("server")
    return f"{who or 'something else'} answered {answer.status_code}"


async def _respond(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
