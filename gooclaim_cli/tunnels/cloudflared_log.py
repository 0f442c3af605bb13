"""What cloudflared writes, read. Pure.

Facts from its source (logger/create.go, metrics/metrics.go, connection/observer.go and control.go,
supervisor/tunnel.go, cmd/cloudflared/tunnel/quick_tunnel.go): with TUNNEL_LOG_OUTPUT=json each log
line is an object with `level`, `message`, `time` and fields; versions before 2025 know plain lines
only. The error that ends it is a last line of plain text.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.tunnels.base import News

_PLAIN: Final = re.compile(r"\S+Z (?P<level>[A-Z]{3}) (?P<message>.*)")
_METRICS: Final = re.compile(r"Starting metrics server on (\S+)/metrics")
_NEWS: Final = (
    ("Registered tunnel connection", News.BACK),
    ("Lost connection with the edge", News.LOST),
    ("Retrying connection in up to", News.LOST),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log: the level's first three letters in upper case, and all that it says."""

    level: str
    message: str


def read_line(text: str) -> Line:
    """Read a line, whichever form it has."""
    if text.startswith("{"):
        try:
            found = msgspec.json.decode(text, type=dict[str, Any])
        except ValueError:
            return Line("", text)
        error = found.get("error")
        message = str(found.get("message", ""))
        level = str(found.get("level", ""))[:3].upper()
        return Line(level, f"{message}: {error}" if error else message)
    plain = _PLAIN.fullmatch(text)
    return Line(plain["level"], plain["message"].strip()) if plain else Line("", text)


def metrics_address(line: Line) -> str | None:
    """The `host:port` of its metrics server, where this line tells it."""
    found = _METRICS.search(line.message)
    return found[1] if found else None


def news(line: Line) -> News | None:
    """What became of its connection, where this line tells it."""
    return next((each for start, each in _NEWS if line.message.startswith(start)), None)


def failure(lines: list[str]) -> TunnelError:
    """Why it ended before it was ready, told by what it wrote."""
    text = "\n".join(read_line(line).message for line in lines)
    last = next((line for line in reversed(lines) if line.strip()), "nothing")
    said = read_line(last).message
    if "429 Too Many Requests" in text or "error code: 1015" in text:
        return TunnelError(
            "Cloudflare gives no further quick tunnels for now (429: too many were asked for)",
            "wait some minutes, or use another way: --tunnel ngrok, --public-url https://HOST",
        )
    if "flag provided but not defined" in text or "Incorrect Usage" in text:
        return TunnelError(
            f"this cloudflared is too old: {said}",
            "update it: cloudflared update",
        )
    if "Tunnel token is not valid" in text or "Unauthorized" in text:
        return TunnelError(
            "Cloudflare does not know this tunnel, or its token or credentials are not valid",
            "check cloudflared.token or cloudflared.tunnel in the settings",
        )
    if "failed to request quick Tunnel" in text:
        return TunnelError(
            f"cloudflared cannot reach Cloudflare: {said}",
            "check the network; behind a proxy cloudflared needs a direct way out (port 7844)",
        )
    return TunnelError(
        f"cloudflared ended before its tunnel was there; it last said: {said}",
        "run it by hand to see more: cloudflared tunnel --url http://localhost:1",
    )
