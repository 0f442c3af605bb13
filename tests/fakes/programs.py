"""Fake tunnel programs as a test uses them: on a PATH of its own, told what to do, looked at."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import trustme

ROOT = Path(__file__).parents[2]


class FakeProgram:
    """An executable of a name (`cloudflared`, `ngrok`) in a folder for PATH, and its state."""

    def __init__(self, name: str, folder: Path) -> None:
        self.bin = folder / "bin"
        self.state = folder / name
        self.program = self.bin / name
        self.ca_file = folder / f"{name}-ca.pem"
        self.bin.mkdir(exist_ok=True)
        self.state.mkdir()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            self.state / "edge.pem"
        )
        # exec: the process is the fake itself, as with the real program.
        self.program.write_text(
            f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m tests.fakes.{name} \"$@\"\n"
        )
        self.program.chmod(0o755)

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which it is found and its edge is trusted."""
        return {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "FAKE_TUNNEL": str(self.state),
            "SSL_CERT_FILE": str(self.ca_file),
        }

    def plan(self, *runs: dict[str, Any]) -> None:
        """What is to go wrong in each run; the last one is for all that follow."""
        (self.state / "plan").write_text(json.dumps(runs))

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What it saw at each start: pid, arguments, environment."""
        found = sorted(self.state.glob("run-*.json"), key=lambda path: int(path.stem[4:]))
        return [json.loads(path.read_text()) for path in found]

    def signal(self, number: int) -> None:
        """Send the newest run a signal."""
        os.kill(self.runs[-1]["pid"], number)

    def cut(self) -> None:
        """Let it lose its connection to the edge, or have it again."""
        self.signal(signal.SIGUSR1)

    def toggle_network(self) -> None:
        """Take the edge off the network, or bring it back."""
        self.signal(signal.SIGUSR2)

    def left(self) -> list[int]:
        """The runs whose process is still there."""
        import psutil

        alive = []
        for run in self.runs:
            try:
                if psutil.Process(run["pid"]).status() != psutil.STATUS_ZOMBIE:
                    alive.append(run["pid"])
            except psutil.NoSuchProcess:
                pass
        return alive
