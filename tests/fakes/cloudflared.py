"""A fake cloudflared: the command line, log, metrics server and order of events of the real one.

Its source is what each line mirrors (github.com/cloudflare/cloudflared, 2026.8): the file stands
beside the line. FAKE_TUNNEL names a folder: `edge.pem` is the edge's certificate and key, `plan`
a JSON list of what is to go wrong in each run, `run-N.json` tells what a run was given. SIGUSR1
cuts its connection to the edge, or has it again; SIGUSR2 takes the edge off the network, or brings
it back.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.fakes.edge import Edge

# cmd/cloudflared/main.go: app.Version is "VERSION (built TIME)", printed by urfave/cli.
VERSION = "cloudflared version 2026.8.0 (built 2026-08-20-10:37 UTC)"
# Cloudflare's edge, of a tunnel without a connection: error 1033, status 530.
OFFLINE = b"HTTP/1.1 530 <none>\r\nserver: cloudflare\r\ncontent-length: 16\r\n\r\nerror code: 1033"


class Log:
    """zerolog's lines: JSON where TUNNEL_LOG_OUTPUT says so (cliutil/logger.go), else console."""

    def __init__(self, *, plain: bool) -> None:
        self._json = os.environ.get("TUNNEL_LOG_OUTPUT") == "json" and not plain

    def __call__(self, level: str, message: str, **fields: Any) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self._json:  # logger/console.go: a map, so its keys are sorted
            record = {"level": level, "message": message, "time": now, **fields}
            text = json.dumps(dict(sorted(record.items())), separators=(",", ":"))
        else:
            extra = "".join(f" {name}={value}" for name, value in fields.items())
            text = f"{now} {level[:3].upper()} {message}{extra}"
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def read_arguments() -> argparse.Namespace:
    """cmd/cloudflared/tunnel/cmd.go and subcommands.go: the flags that matter here."""
    parser = argparse.ArgumentParser("cloudflared", exit_on_error=False)
    parser.add_argument("--config")
    parser.add_argument("--no-autoupdate", action="store_true")
    parser.add_argument("--metrics", default="localhost:0")
    parser.add_argument("--grace-period")
    parser.add_argument("--url")
    parser.add_argument("--credentials-file")
    parser.add_argument("words", nargs="*")
    try:
        return parser.parse_intermixed_args()
    except (argparse.ArgumentError, SystemExit):
        # urfave/cli of a version that does not know a flag
        sys.stderr.write("Incorrect Usage: flag provided but not defined\n")
        sys.exit(1)


class Cloudflared:
    """One run."""

    def __init__(self, arguments: argparse.Namespace, folder: Path, plan: dict[str, Any]) -> None:
        self._arguments = arguments
        self._plan = plan
        self._log = Log(plain=bool(plan.get("plain")))  # before 2025 it knew no JSON
        self._edge = Edge(folder / "edge.pem", OFFLINE)
        self._named = "run" in arguments.words
        self._target = arguments.url.removeprefix("http://")
        self._connected = False
        self._there = True
        self._hostname = ""

    async def run(self) -> int:
        """Do what the real one does, in its order: URL, metrics server, connection."""
        if self._plan.get("hang"):
            await asyncio.Event().wait()
        if self._plan.get("fail") == "old":  # urfave/cli, of a flag that it does not know
            sys.stderr.write("Incorrect Usage: flag provided but not defined: -grace-period\n")
            return 1
        await asyncio.sleep(self._plan.get("delay", 0.0))
        hostname = await self._edge.open()
        if not self._named:
            failed = await self._ask_for_a_quick_tunnel(hostname)
            if failed:
                return 1
        elif self._plan.get("fail") == "token":  # subcommands.go, runCommand
            sys.stderr.write("Provided Tunnel token is not valid.\n")
            return 255
        # cliutil/build_info.go
        self._log("info", "Version 2026.8.0 (Checksum 0000)")
        self._log("info", "GOOS: linux, GOVersion: go1.26.4, GoArch: amd64")
        await self._serve_metrics("" if self._named else hostname)
        if self._plan.get("never_ready"):
            # supervisor/tunnel.go, serveConnection
            error = "timeout: no recent network activity"
            self._log("error", "Failed to dial a quic connection", error=error)
            await asyncio.Event().wait()
        await asyncio.sleep(self._plan.get("register_after", 0.0))
        self._connect()
        return await self._until_stopped()

    async def _ask_for_a_quick_tunnel(self, hostname: str) -> bool:
        """cmd/cloudflared/tunnel/quick_tunnel.go, RunQuickTunnel."""
        self._log(
            "info",
            "Thank you for trying Cloudflare Tunnel. Doing so, without a ...",
        )
        self._log("info", "Requesting new quick Tunnel on trycloudflare.com...")
        if self._plan.get("fail") == "429":
            error = "invalid character 'e' looking for beginning of value"
            self._log(
                "error",
                "Error unmarshaling QuickTunnel response: error code: 1015",
                error=error,
                status_code="429 Too Many Requests",
            )
            sys.stderr.write(f"failed to unmarshal quick Tunnel: {error}\n")
            return True
        if self._plan.get("fail") == "crash":
            sys.stderr.write("panic: runtime error\n")
            return True
        if self._plan.get("fail") == "network":
            sys.stderr.write(
                'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel":'
                " dial tcp: lookup api.trycloudflare.com: no such host\n"
            )
            return True
        created = "Your quick Tunnel has been created! Visit it at (it may take some time to be"
        for line in ("+---+", f"|  {created} reachable):  |", f"|  https://{hostname}  |", "+---+"):
            self._log("info", line)
        return False

    async def _serve_metrics(self, hostname: str) -> None:
        """metrics/metrics.go: /ready (readiness.go) and /quicktunnel, on the address it logs."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while request := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                path = request.split()[1].decode()
                status, body = 404, "404 page not found\n"
                if path == "/quicktunnel":
                    status, body = 200, f'{{"hostname":"{hostname}"}}'
                elif path == "/ready":
                    status = 200 if self._connected else 503
                    body = json.dumps(
                        {
                            "status": status,
                            "readyConnections": int(self._connected),
                            "connectorId": "00000000-0000-0000-0000-000000000000",
                        }
                    )
                head = f"HTTP/1.1 {status} .\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body.encode())
                await writer.drain()
            writer.close()

        host, _, port = self._arguments.metrics.rpartition(":")
        self._metrics = await asyncio.start_server(serve, host, int(port))
        address = "{}:{}".format(*self._metrics.sockets[0].getsockname()[:2])
        self._log("info", f"Starting metrics server on {address}/metrics")

    def _swallows(self) -> bool:
        """ingress/ingress.go: rules of a configuration go before --url.

        config/configuration.go, FindDefaultConfigPath: without --config that is the user's own.
        """
        default = Path.home() / ".cloudflared" / "config.yml"
        path = Path(self._arguments.config) if self._arguments.config else default
        return path.exists() and "http_status:404" in path.read_text()

    def _connect(self) -> None:
        """connection/observer.go, logConnected."""
        self._connected = True
        if not self._swallows():
            self._edge.connect(self._target)
        self._log(
            "info",
            "Registered tunnel connection",
            connIndex=0,
            connection="00000000",
            event=0,
            ip="198.51.100.1",
            location="bom01",
            protocol="quic",
        )

    def _toggle_connection(self) -> None:
        """connection/http2.go and supervisor/tunnel.go: lost, then tried again."""
        if not self._connected:
            self._connect()
            return
        self._connected = False
        self._edge.connect(None)
        if self._plan.get("forgets_quietly"):  # the far end alone knows that it is gone
            return
        self._log("info", "Lost connection with the edge", connIndex=0)
        self._log("info", "Retrying connection in up to 1s", connIndex=0)

    def _toggle_network(self) -> None:
        self._there = not self._there
        if self._there:
            self._again = asyncio.ensure_future(self._edge.open())
        else:
            self._edge.vanish()

    async def _until_stopped(self) -> int:
        """cmd/cloudflared/tunnel/signal.go: SIGTERM and SIGINT end it gracefully."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._toggle_connection)
        loop.add_signal_handler(signal.SIGUSR2, self._toggle_network)
        if self._plan.get("stubborn"):
            loop.add_signal_handler(signal.SIGTERM, lambda: None)
        else:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stopped.set)
        await stopped.wait()
        self._log("info", "Initiating graceful shutdown due to signal terminated ...")
        self._log("info", "Unregistered tunnel connection", connIndex=0, event=0, ip="198.51.100.1")
        return 0


def main() -> int:
    if "--version" in sys.argv:
        print(VERSION)
        return 0
    arguments = read_arguments()
    folder = Path(os.environ["FAKE_TUNNEL"])
    number = len(list(folder.glob("run-*.json"))) + 1
    seen = {"pid": os.getpid(), "arguments": sys.argv[1:], "environment": dict(os.environ)}
    half = folder / f"run-{number}.half"
    half.write_text(json.dumps(seen))
    half.replace(folder / f"run-{number}.json")
    plans = json.loads((folder / "plan").read_text()) if (folder / "plan").exists() else [{}]
    plan = plans[min(number, len(plans)) - 1]
    return asyncio.run(Cloudflared(arguments, folder, plan).run())


if __name__ == "__main__":
    sys.exit(main())
