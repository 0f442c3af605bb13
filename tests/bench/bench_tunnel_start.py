"""From `gooclaim listen --tunnel cloudflared` to "ready", beside what others take of that time.

    python -m tests.bench.bench_tunnel_start

Baseline: the tunnel program itself (a fake cloudflared, from its start until it says that it is
ready), one probe through its https URL, and the three calls of the API (token, GET, PUT), each
measured alone, one after the other, in the same run. The difference is gooclaim's own: Python's
start, imports, the history, the order in which things are done. It is to be at most 300 ms.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from gooclaim_cli.tunnels.children import Children
from gooclaim_cli.tunnels.cloudflared import CloudflaredTunnel
from gooclaim_cli.tunnels.probe import Probe, Way
from tests.e2e.support import GOOCLAIM, SandboxClient, environment, running
from tests.fakes.programs import FakeProgram

AT_MOST = 0.3


class Direct(Children):
    """Starts a program without our leash: what that costs is ours."""

    def command(self, program: Path, *arguments: str) -> list[str]:
        return [str(program), *arguments]


def whole(home: Path, client: SandboxClient, fake: FakeProgram) -> float:
    """Seconds from the command to the ready line."""
    env = environment(home, **client.variables | fake.variables)
    started = time.perf_counter()
    with running([*GOOCLAIM, "listen", "--tunnel", "cloudflared", "--json"], env) as listen:
        listen.told("ready")
        seconds = time.perf_counter() - started
        assert listen.end()[0] == 0
    return seconds


async def tunnel_and_probe(folder: Path, fake: FakeProgram) -> tuple[float, float]:
    """Seconds that the program takes until it is ready, and that one probe through it takes."""
    from gooclaim_cli.serving import serve

    probe = Probe("/x")

    async def nobody(scope: object, receive: object, send: object) -> None:
        raise AssertionError("only the probe comes here")

    async with serve(probe.door(nobody)) as port:
        tunnel = CloudflaredTunnel(
            fake.program,
            Direct(folder / "records"),
            target=f"http://127.0.0.1:{port}",
            environment=os.environ | fake.variables,
        )
        started = time.perf_counter()
        async with tunnel.open(lambda _what: None) as opened:
            ready = time.perf_counter()
            assert (await probe.send(opened.origin)).way is Way.ARRIVED
            return ready - started, time.perf_counter() - ready


def api_calls(client: SandboxClient) -> float:
    """Seconds for a token, a GET and a PUT (and, unmeasured, a DELETE) on a new connection."""
    facts = client.facts
    path = f"/v1/tenants/{facts['tenant_id']}/webhook"
    credentials = {
        "grant_type": "client_credentials",
        "client_id": facts["client_id"],
        "client_secret": facts["client_secret"],
    }
    with httpx.Client(base_url=facts["api_url"], trust_env=False) as http:
        started = time.perf_counter()
        token = http.post("/v1/auth/token", json=credentials).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        http.get(path, headers=headers)
        change = {"url": "https://example.test/x", "events": ["*"]}
        put = http.put(path, json=change, headers=headers | {"If-None-Match": "*"})
        seconds = time.perf_counter() - started
        http.delete(path, headers=headers | {"If-Match": put.headers["etag"]}).raise_for_status()
    return seconds


def python_alone() -> float:
    """Seconds for the interpreter to start and do nothing."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measured: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fake = FakeProgram("cloudflared", folder)
        os.environ["SSL_CERT_FILE"] = str(fake.ca_file)
        command = [*GOOCLAIM, "sandbox", "--no-emit", "--json", "--trust", str(fake.ca_file)]
        with (
            running(command, environment(folder / "gooclaim")) as program,
            SandboxClient(program.told("ready")) as client,
        ):
            for _ in range(rounds):
                others = asyncio.run(tunnel_and_probe(folder, fake))
                total = whole(folder / "home", client, fake)
                measured.append((total, *others, api_calls(client), python_alone()))
    total, tunnel, probe, api, python = (
        statistics.median(each) * 1000 for each in zip(*measured, strict=True)
    )
    own = total - tunnel - probe - api
    print(
        f"ready after {total:.0f} ms: tunnel program {tunnel:.0f}, probe {probe:.0f}, API calls"
        f" {api:.0f}, gooclaim itself {own:.0f} (of it Python's start {python:.0f};"
        f" at most {AT_MOST * 1000:.0f})  ratio {own / (tunnel + probe + api):.2f} to the others"
    )


if __name__ == "__main__":
    main()
