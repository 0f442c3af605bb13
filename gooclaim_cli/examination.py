"""What `gooclaim doctor` looks at: the settings, the API, the endpoint, this machine.

Nothing is changed. Each part fails by itself: what is asked of the API waits for nothing that is
looked at here, and is given up in time.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gooclaim_cli import checkup
from gooclaim_cli.api_examination import examine_api
from gooclaim_cli.checkup import Check, State, failure
from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.history import health
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.serving import bind
from gooclaim_cli.sessions import Sessions
from gooclaim_cli.settings import Settings
from gooclaim_cli.targets import parse_target
from gooclaim_cli.tenant.reaching import in_words
from gooclaim_cli.tunnel_rules import rule
from gooclaim_cli.tunnels import finding
from gooclaim_cli.tunnels.children import Children

_API_WITHIN: Final = 15.0
_ANSWER_WITHIN: Final = 5.0
_CONNECT_WITHIN: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person wants looked at. `port` 0: any; `live`: production may be asked."""

    forward_to: Sequence[str] = ()
    bind: str = "127.0.0.1"
    port: int = 0
    live: bool = False


async def examine(found: Settings, asked: Asked, variables: Mapping[str, str]) -> list[Check]:
    """Look at everything; return the checks in the order in which they are shown."""
    targets = asked.forward_to or found.forward_to
    of_api, of_handlers, of_tunnels = await asyncio.gather(
        examine_api(found, live=asked.live),
        asyncio.gather(*(_handler(target) for target in targets)),
        asyncio.to_thread(_tunnels, found, variables),
    )
    handlers = list(of_handlers) or [
        Check("handler", State.SKIPPED, "none is set: --forward-to, or forward_to in the settings")
    ]
    return [
        _settings(found),
        *of_api,
        *of_tunnels,
        _journals(found),
        *handlers,
        _port(asked),
        _database(found),
    ]


def _settings(found: Settings) -> Check:
    places = found.places
    file = places.config if places.config.exists() else f"no {places.config}"
    profile = f", profile {found.profile}" if found.profile else ""
    return Check("settings", State.OK, f"{file}{profile}, {found.api_url}")


# This machine.


def _tunnels(found: Settings, variables: Mapping[str, str]) -> list[Check]:
    try:
        allowed = rule(found, variables)
    except GooclaimError as error:
        return [failure("tunnel", error)]
    there = finding.find(found.places.data, found.ngrok_authtoken, variables)
    versions = checkup.Programs(
        ngrok=_version(there.ngrok, variables),
        cloudflared=_version(there.cloudflared, variables),
    )
    left = Children(found.places.data / "tunnels").leftovers()
    sandbox = is_loopback(urlsplit(found.api_url).hostname)
    return [checkup.tunnel(there, versions, allowed, sandbox=sandbox), checkup.leftovers(left)]


def _journals(found: Settings) -> Check:
    locks = Sessions(found.places.data / "leases")
    names = (path.stem for path in sorted((found.places.data / "journal").glob("*.json")))
    return checkup.journals([name for name in names if not locks.is_held(name)])


def _version(program: Path | None, variables: Mapping[str, str]) -> str | None:
    return None if program is None else finding.version_of(program, variables)


async def _handler(target: str) -> Check:
    try:
        url = parse_target(target).url
    except GooclaimError as error:
        return failure("handler", error)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_CONNECT_WITHIN), _connected(parts.hostname, port):
            return Check("handler", State.OK, f"{url} takes connections")
    except TimeoutError:
        reason = f"no answer within {_CONNECT_WITHIN:g} s"
    except OSError as error:
        reason = in_words(error)
    return Check("handler", State.FAILED, f"{url}: {reason}", "start it, or correct --forward-to")


@contextlib.asynccontextmanager
async def _connected(host: str | None, port: int) -> AsyncIterator[None]:
    _reader, writer = await asyncio.open_connection(host, port)
    try:
        yield
    finally:
        writer.close()


def _port(asked: Asked) -> Check:
    try:
        with bind(asked.bind, asked.port) as listener:
            port = listener.getsockname()[1]
    except GooclaimError as error:
        return failure("port", error)
    which = f"port {port} is" if asked.port else "a port is"
    return Check("port", State.OK, f"{which} free on {asked.bind}")


def _database(found: Settings) -> Check:
    path = found.places.history
    try:
        seen = health.examine(path)
    except GooclaimError as error:
        return failure("history", error)
    if seen.deliveries is None:
        return Check("history", State.OK, f"{path}: not there yet, and can be made")
    size = f"{seen.size / 1024 / 1024:.1f} MiB"
    return Check("history", State.OK, f"{path}: {seen.deliveries} deliveries, {size}, whole")
