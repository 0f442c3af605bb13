"""A fake ngrok agent: the command line, configuration file, log and API of the real one.

The agent is not open source; what each part mirrors stands beside it: its documentation
(ngrok.com/docs/agent), logs of it that people published, and what pyngrok reads of it. FAKE_TUNNEL
names a folder, as for the fake cloudflared; so do the signals.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.edge import Edge

VERSION = "ngrok version 3.39.8"
# What ngrok's edge answers where no agent serves the endpoint: 404 and ERR_NGROK_3200.
OFFLINE = b"HTTP/1.1 404 Not Found\r\nngrok-error-code: ERR_NGROK_3200\r\ncontent-length: 0\r\n\r\n"
# ngrok.com/docs/agent/config/v2: since 3.0 an agent refuses a file with keys that it does not know.
KEYS = {
    *("authtoken", "api_key", "connect_timeout", "console_ui", "console_ui_color"),
    *("crl_noverify", "dns_resolver_ips", "heartbeat_interval", "heartbeat_tolerance"),
    *("inspect_db_size", "log_level", "log_format", "log", "metadata", "proxy_url"),
    *("remote_management", "root_cas", "server_addr", "update_channel", "update_check"),
    *("version", "web_addr", "web_allow_hosts", "tunnels", "region"),
}
# Texts of ngrok.com/docs/errors/reference; the form "authentication failed: TEXT\r\n\r\nCODE\r\n"
# is that of published logs of agents 3.x.
AUTHENTICATION = {
    "4018": "Usage of ngrok requires a verified account and authtoken.\n\nSign up for an account:"
    " https://dashboard.ngrok.com/signup\nInstall your authtoken:"
    " https://dashboard.ngrok.com/get-started/your-authtoken",
    "105": "The authtoken you specified does not look like a proper ngrok authtoken.\n"
    "Your authtoken: {token}\nInstructions to install your authtoken are on your ngrok dashboard:"
    "\nhttps://dashboard.ngrok.com/get-started/your-authtoken",
    "107": "The authtoken you specified is properly formed, but it is invalid.\n"
    "Your authtoken: {token}",
    "108": "Your account is limited to 1 simultaneous ngrok agent sessions.\nYou can run multiple"
    " simultaneous tunnels from a single agent session by defining the tunnels in your agent"
    " configuration file and starting them with the command `ngrok start --all`.",
    "121": 'Your ngrok-agent version "3.2.1" is too old. The minimum supported agent version for'
    ' your account is "3.20.0". Update to a newer version with `ngrok update`',
    "123": 'The account "x" may not start an ngrok agent session until the admin\'s email address'
    " is verified.",
    "9999": "Something that nobody has seen, of {token}.",
}
ENDPOINT = {
    "334": "The endpoint 'https://{domain}' is already online. Either\n1. stop your existing"
    " endpoint first, or\n2. start both endpoints with `--pooling-enabled` to load balance.",
    "320": "This domain is reserved for another account.\nFailed to create an endpoint with the"
    " domain '{domain}'.",
}


def log(level: str, message: str, **fields: str) -> None:
    """logfmt, as `--log stdout` gives it where that is no terminal."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime())
    parts = [f"t={now}", f"lvl={level}", f"msg={_quoted(message)}"]
    parts += [f"{name}={_quoted(value)}" for name, value in fields.items()]
    print(" ".join(parts), flush=True)


def _quoted(value: str) -> str:
    plain = value and not set(value) & set(' "=\n\r\\')
    return value if plain else json.dumps(value)


class Ngrok:
    """One run."""

    def __init__(self, config: dict[str, Any], folder: Path, plan: dict[str, Any]) -> None:
        self._config = config
        self._plan = plan
        self._edge = Edge(folder / "edge.pem", OFFLINE)
        self._connected = False
        self._there = True
        self._target = ""
        self._tunnel: dict[str, Any] = {}
        self._kept: list[str] = []  # what the inspector keeps

    async def run(self) -> int:
        """Do what the real one does, in its order."""
        if self._plan.get("hang"):
            await asyncio.Event().wait()
        await asyncio.sleep(self._plan.get("delay", 0.0))
        host, _, port = str(self._config["web_addr"]).rpartition(":")
        self._web = await asyncio.start_server(self._serve, host, int(port))
        address = "{}:{}".format(*self._web.sockets[0].getsockname()[:2])
        log("info", "starting web service", obj="web", addr=address, allow_hosts="[]")
        code = str(self._plan.get("fail", ""))
        if not self._config.get("authtoken"):
            code = code or "4018"
        if code in AUTHENTICATION:
            return self._refuse(code)
        if code == "network":  # it tries again for ever
            while True:
                error = 'failed to dial ngrok server with address "connect.ngrok-agent.com:443"'
                log("eror", "failed to reconnect session", obj="tunnels.session", err=error)
                await asyncio.sleep(0.1)
        log("info", "tunnel session started", obj="tunnels.session")
        self._establish()
        return await self._until_stopped()

    def _refuse(self, code: str) -> int:
        text = AUTHENTICATION[code].replace("{token}", str(self._config.get("authtoken")))
        error = f"authentication failed: {text}\r\n\r\nERR_NGROK_{code}\r\n"
        log("eror", "failed to reconnect session", obj="tunnels.session", err=error)
        log("eror", "session closing", obj="tunnels.session", err=error)
        log("eror", "terminating with error", obj="app", err=error)
        log("crit", "command failed", err=error)
        return 1

    def _establish(self) -> None:
        log("info", "client session established", obj="csess", id="1c907e548f56")
        self._connected = True
        self._edge.connect(self._target or None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The agent's API (ngrok.com/docs/agent/api). pyngrok opens a connection for each call."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = next(
            (
                line.split(":")[1]
                for line in head.lower().split("\r\n")
                if line.startswith("content-length")
            ),
            "0",
        )
        body = await reader.readexactly(int(length))
        status, answer = 404, {"status_code": 404, "msg": "Resource not found"}
        if path == "/api/tunnels" and method == "GET":
            tunnels = [self._tunnel] if self._tunnel else []
            status, answer = 200, {"tunnels": tunnels, "uri": "/api/tunnels"}
        elif path == "/api/tunnels" and method == "POST":
            status, answer = await self._start_tunnel(json.loads(body))
        content = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} .\r\ncontent-type: application/json\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()

    async def _start_tunnel(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        code = str(self._plan.get("fail", ""))
        if code in ENDPOINT:
            text = ENDPOINT[code].replace("{domain}", str(asked.get("domain")))
            error = f"failed to start tunnel: {text}\r\n\r\nERR_NGROK_{code}\r\n"
            details = {"err": error}
            log("warn", "failed to start tunnel", pg="/api/tunnels", id="0", err=error)
            return 502, {
                "error_code": 103,
                "status_code": 502,
                "msg": "failed to start tunnel",
                "details": details,
            }
        hostname = await self._edge.open()
        self._target = asked["addr"].removeprefix("http://")
        self._edge.connect(self._target)
        self._tunnel = {
            "name": asked["name"],
            "ID": "0",
            "uri": f"/api/tunnels/{asked['name']}",
            "public_url": f"https://{hostname}",
            "proto": "https",
            "config": {"addr": asked["addr"], "inspect": asked.get("inspect", True)},
            "metrics": {},
        }
        log(
            "info",
            "started tunnel",
            obj="tunnels",
            name=asked["name"],
            addr=asked["addr"],
            url=self._tunnel["public_url"],
        )
        return 201, self._tunnel

    def _toggle_connection(self) -> None:
        if not self._connected:
            self._establish()
            return
        self._connected = False
        self._edge.connect(None)
        log("eror", "heartbeat timeout, terminating session", obj="tunnels.session", obj2="csess")
        log(
            "eror",
            "session closed, starting reconnect loop",
            obj="tunnels.session",
            err="session closed",
        )

    def _toggle_network(self) -> None:
        self._there = not self._there
        if self._there:
            self._again = asyncio.ensure_future(self._edge.open())
        else:
            self._edge.vanish()

    async def _until_stopped(self) -> int:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._toggle_connection)
        loop.add_signal_handler(signal.SIGUSR2, self._toggle_network)
        on_stop = (lambda: None) if self._plan.get("stubborn") else stopped.set
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_stop)
        await stopped.wait()
        log("info", "received stop request", obj="app", stopReq="{err:<nil> restart:false}")
        return 0


def read_config(path: Path) -> dict[str, Any]:
    """Read the file as the agent does; it says what it minds and ends."""
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    unknown = set(found) - KEYS
    if str(found.get("version")) != "2" or unknown:
        print(f"ERROR:  Error reading configuration file '{path}': {sorted(unknown)}")
        sys.exit(1)
    log("info", "open config file", path=str(path), err="nil")
    return found


def main() -> int:
    if "--version" in sys.argv:
        print(VERSION)
        return 0
    folder = Path(os.environ["FAKE_TUNNEL"])
    number = len(list(folder.glob("run-*.json"))) + 1
    seen = {"pid": os.getpid(), "arguments": sys.argv[1:], "environment": dict(os.environ)}
    # `ngrok start --none --log stdout --config PATH`, as pyngrok calls it
    path = Path(sys.argv[sys.argv.index("--config") + 1])
    seen |= {"config": path.read_text(), "config_mode": path.stat().st_mode & 0o777}
    half = folder / f"run-{number}.half"
    half.write_text(json.dumps(seen))
    half.replace(folder / f"run-{number}.json")
    plans = json.loads((folder / "plan").read_text()) if (folder / "plan").exists() else [{}]
    return asyncio.run(Ngrok(read_config(path), folder, plans[min(number, len(plans)) - 1]).run())


if __name__ == "__main__":
    sys.exit(main())
