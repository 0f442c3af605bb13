"""`gooclaim listen` through tunnels: other programs, real TLS, an https URL on this machine."""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import trustme

from tests.e2e.support import (
    GOOCLAIM,
    PATIENCE,
    Program,
    SandboxClient,
    environment,
    handler,
    running,
)
from tests.fakes.programs import FakeProgram
from tests.programs import needs

if sys.platform == "win32":
    pytest.skip("POSIX programs", allow_module_level=True)

HOME_URL = "https://cms.example.test/gooclaim"
TOKEN = "2abcdefTOKEN_obviously_fake"


@contextlib.contextmanager
def sandbox(tmp_path: Path, ca_file: Path) -> Iterator[SandboxClient]:
    """A sandbox of its own process that trusts the tunnel's far end."""
    options = ["--no-emit", "--json", "--retry-schedule", "0.1s,0.2s,0.4s,0.8s,1.6s"]
    options += ["--home-url", HOME_URL, "--trust", str(ca_file)]
    with (
        running([*GOOCLAIM, "sandbox", *options], environment(tmp_path / "gooclaim")) as program,
        SandboxClient(program.told("ready")) as client,
    ):
        yield client


@contextlib.contextmanager
def listening(
    tmp_path: Path, client: SandboxClient, *options: str, **variables: str
) -> Iterator[Program]:
    env = environment(tmp_path / "home", **client.variables | variables)
    with running([*GOOCLAIM, "listen", "--json", *options], env) as program:
        yield program


def url_of(client: SandboxClient) -> Any:
    found = client.webhook()
    return found and found["url"]


@pytest.mark.parametrize("name", ["cloudflared", "ngrok"])
def test_a_session_through_a_tunnel_that_dies(tmp_path: Path, name: str) -> None:
    """Registered, delivered; the program dies; the new URL is registered, the retry arrives."""
    fake = FakeProgram(name, tmp_path)
    ready_file = tmp_path / "ready.json"
    with (
        sandbox(tmp_path, fake.ca_file) as client,
        listening(
            tmp_path,
            client,
            *("--tunnel", name, "--ready-file", str(ready_file)),
            **fake.variables,
            NGROK_AUTHTOKEN=TOKEN,
        ) as listen,
    ):
        ready = listen.told("ready")
        assert ready["tunnel"] == name
        assert url_of(client) == ready["public_url"]
        first = client.emit("workflow.completed")
        assert listen.told("delivery")["event_id"] == first["event_id"]

        me = psutil.Process(listen.process.pid)
        everybody = [me, *me.children(recursive=True)]
        assert TOKEN not in " ".join(word for each in everybody for word in each.cmdline())

        fake.signal(signal.SIGKILL)
        missed = client.emit("workflow.completed")  # to the URL that is dead
        moved = listen.told("notice", code="tunnel_moved")
        assert url_of(client) == moved["public_url"] != ready["public_url"]
        assert "registered anew" in moved["message"]
        assert json.loads(ready_file.read_text())["public_url"] == moved["public_url"]
        arrived = listen.told("delivery", event_id=missed["event_id"])
        assert (arrived["verdict"], arrived["response_status"]) == ("verified", 200)

        code, out, err = listen.end()
        assert (code, err) == (0, "")
        assert '"restored":true' in out
        assert url_of(client) == HOME_URL
    assert fake.left() == []


@pytest.mark.parametrize("name", ["cloudflared", "ngrok"])
def test_a_killed_session_leaves_no_tunnel_behind(tmp_path: Path, name: str) -> None:
    fake = FakeProgram(name, tmp_path)
    with (
        sandbox(tmp_path, fake.ca_file) as client,
        listening(
            tmp_path, client, "--tunnel", name, **fake.variables, NGROK_AUTHTOKEN=TOKEN
        ) as listen,
    ):
        listen.told("ready")
        program = psutil.Process(fake.runs[0]["pid"])
        listen.process.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            program.wait(PATIENCE)
        assert fake.left() == []


def test_a_terminals_control_c_is_ours_alone(tmp_path: Path) -> None:
    """The tunnel is in no process group that the terminal interrupts; we undo first."""
    fake = FakeProgram("cloudflared", tmp_path)
    with (
        sandbox(tmp_path, fake.ca_file) as client,
        listening(tmp_path, client, "--tunnel", "cloudflared", **fake.variables) as listen,
    ):
        listen.told("ready")
        family = psutil.Process(listen.process.pid).children(recursive=True)
        ours = os.getpgid(listen.process.pid)
        assert family
        assert all(os.getpgid(each.pid) != ours for each in family)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def background(command: list[str], port: int) -> Iterator[None]:
    """A program that serves on a port; it does not outlive the test."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        wait_for_port(port, process)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > until:
            assert process.stdout is not None
            raise AssertionError(f"{process.args!r} does not serve: {process.stdout.read()!r}")
        time.sleep(0.02)


def sshd_program() -> str:
    return shutil.which("sshd") or "/usr/sbin/sshd"


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[tuple[int, Path]]:
    """OpenSSH's server on loopback, for one key; yields its port and the key."""
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    port = free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\n"
        f"AuthorizedKeysFile {folder / 'user.pub'}\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nAllowTcpForwarding remote\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # the superuser's sshd wants it
    with background([sshd_program(), "-D", "-e", "-f", str(config)], port):
        yield port, folder / "user"


@contextlib.contextmanager
def terminator(folder: Path, target: int) -> Iterator[tuple[int, Path]]:
    """stunnel: TLS in, plain out to a port. Yields its port and the certificate to trust."""
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        folder / "cert.pem"
    )
    port = free_port()
    config = folder / "stunnel.conf"
    config.write_text(
        f"foreground = yes\npid =\ncert = {folder / 'cert.pem'}\n"
        f"[in]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{target}\n"
    )
    with background(["stunnel", str(config)], port):
        yield port, folder / "ca.pem"


@needs("sshd", "/usr/sbin")
@needs("stunnel")
def test_a_tunnel_out_of_well_known_parts(tmp_path: Path) -> None:
    """https → stunnel → sshd → ssh -R → gooclaim: a delivery arrives byte for byte."""
    remote, local = free_port(), free_port()
    with ssh_server(tmp_path / "ssh") as (port, key):
        ssh = ["ssh", "-N", "-p", str(port), "-i", str(key), "-F", "none"]
        ssh += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        ssh += ["-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes"]
        forward = f"127.0.0.1:{remote}:127.0.0.1:{local}"
        with (
            background([*ssh, "-R", forward, "127.0.0.1"], remote),
            terminator(tmp_path / "tls", remote) as (https, ca_file),
            sandbox(tmp_path, ca_file) as client,
            handler() as hooks,
            listening(
                tmp_path,
                client,
                *("--public-url", f"https://localhost:{https}", "--port", str(local)),
                *("-f", f"{hooks.port}/hooks"),
                SSL_CERT_FILE=str(ca_file),
            ) as listen,
        ):
            ready = listen.told("ready")
            assert ready["tunnel"] == "url"
            assert ready["public_url"].startswith(f"https://localhost:{https}/gooclaim-cli/")
            assert url_of(client) == ready["public_url"]
            sent = client.emit("pending_docs.uploaded", data={"note": "é ✓ \u2028 \\u00e9"})
            told = listen.told("delivery")
            assert (told["event_id"], told["verdict"]) == (sent["event_id"], "verified")
            headers, body = hooks.request()
            assert headers["x-gooclaim-idempotency-key"] == sent["idempotency_key"]
            assert len(body) == told["bytes"]
            secret = client.facts["signing_secret"].encode()
            signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
            assert headers["x-gooclaim-signature"] == signature
            assert listen.end()[0] == 0
            assert url_of(client) == HOME_URL
