"""ngrok's agent is downloaded only after a yes, whole, and then used.

pyngrok's own installer asks for its usual address; a proxy on this machine leads it to a server
that has an archive with the fake agent.
"""

import contextlib
import io
import socket
import ssl
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect

from tests.e2e.support import GOOCLAIM, PATIENCE, SandboxClient, environment, running
from tests.fakes.programs import FakeProgram


class Proxy:
    """Answers CONNECT to any host, speaks TLS as that host, and serves one archive."""

    def __init__(self, archive: bytes, *, cut: bool = False) -> None:
        self.authority = trustme.CA()
        self._archive = archive
        self._cut = cut
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends what waits in accept
        self._listener.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE)
                host = _head(connection).split()[1].partition(":")[0]
                self.asked.append(host)
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._answer(connection, host)

    def _answer(self, connection: socket.socket, host: str) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(host).configure_cert(context)
        with context.wrap_socket(connection, server_side=True) as secured:
            _head(secured)
            length = len(self._archive)
            secured.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n".encode())
            secured.sendall(self._archive[: length // 2] if self._cut else self._archive)


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(4096)
        if not chunk:
            break
        head += chunk
    return head.decode()


def archive_of(program: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(program, "ngrok")
    return buffer.getvalue()


class Offer:
    """A terminal in which `listen --tunnel ngrok` runs on a machine without ngrok."""

    def __init__(
        self, tmp_path: Path, client: SandboxClient, fake: FakeProgram, proxy: Proxy
    ) -> None:
        authorities = tmp_path / "authorities.pem"
        authorities.write_bytes(proxy.authority.cert_pem.bytes() + fake.ca_file.read_bytes())
        self.home = tmp_path / "home"
        self.env = environment(
            self.home,
            **client.variables,
            **fake.variables
            | {
                "SSL_CERT_FILE": str(authorities),
                "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
                "NGROK_AUTHTOKEN": "tok_obviously_fake",
                "PATH": "/usr/bin:/bin",
            },
        )

    @property
    def installed(self) -> Path:
        return self.home / "bin" / "ngrok"

    @contextlib.contextmanager
    def listen(self) -> "Iterator[pexpect.spawn[str]]":
        command = [*GOOCLAIM, "listen", "--tunnel", "ngrok"]
        child = pexpect.spawn(
            command[0],
            command[1:],
            env=self.env,
            timeout=PATIENCE,
            encoding="utf-8",
            dimensions=(40, 100),
        )
        try:
            yield child
        finally:
            child.close(force=True)


@pytest.fixture
def ngrok(tmp_path: Path) -> FakeProgram:
    return FakeProgram("ngrok", tmp_path)


@pytest.fixture
def client(tmp_path: Path, ngrok: FakeProgram) -> Iterator[SandboxClient]:
    options = ["--no-emit", "--json", "--trust", str(ngrok.ca_file)]
    with (
        running([*GOOCLAIM, "sandbox", *options], environment(tmp_path / "sandbox")) as program,
        SandboxClient(program.told("ready")) as found,
    ):
        yield found


def test_after_a_yes_it_is_downloaded_and_used(
    tmp_path: Path, client: SandboxClient, ngrok: FakeProgram
) -> None:
    with Proxy(archive_of(ngrok.program)) as proxy:
        offer = Offer(tmp_path, client, ngrok, proxy)
        with offer.listen() as child:
            child.expect("Download it from ngrok")
            assert proxy.asked == []
            child.sendline("y")
            child.expect("Downloading ngrok")
            child.expect("Ready")
            child.sendintr()
            child.expect(pexpect.EOF)
        assert proxy.asked == ["bin.ngrok.com"]
        assert offer.installed.stat().st_mode & 0o777 == 0o700
        assert list(offer.installed.parent.iterdir()) == [offer.installed]
        with offer.listen() as child:  # it is there now: nobody is asked
            child.expect("Ready")
            child.sendintr()
            child.expect(pexpect.EOF)
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("answer", ["n", ""])
def test_after_a_no_nothing_is_downloaded(
    tmp_path: Path, client: SandboxClient, ngrok: FakeProgram, answer: str
) -> None:
    with Proxy(b"") as proxy:
        offer = Offer(tmp_path, client, ngrok, proxy)
        with offer.listen() as child:
            child.expect("Download it from ngrok")
            child.sendline(answer)
            child.expect("ngrok is not installed")
            child.expect(pexpect.EOF)
            child.close()
            assert child.exitstatus == 5
        assert proxy.asked == []
        assert not offer.installed.exists()


def test_a_download_that_breaks_off_leaves_nothing(
    tmp_path: Path, client: SandboxClient, ngrok: FakeProgram
) -> None:
    with Proxy(archive_of(ngrok.program), cut=True) as proxy:
        offer = Offer(tmp_path, client, ngrok, proxy)
        with offer.listen() as child:
            child.expect("Download it from ngrok")
            child.sendline("y")
            child.expect("ngrok cannot be downloaded")
            child.expect("https://ngrok.com/download")
            child.expect(pexpect.EOF)
            child.close()
            assert child.exitstatus == 5
        assert list(offer.installed.parent.iterdir()) == []


def test_a_program_is_never_asked(
    tmp_path: Path, client: SandboxClient, ngrok: FakeProgram
) -> None:
    """Neither with --json, nor without a terminal."""
    import subprocess

    with Proxy(b"") as proxy:
        offer = Offer(tmp_path, client, ngrok, proxy)
        done = subprocess.run(
            [*GOOCLAIM, "listen", "--tunnel", "ngrok"],
            env=offer.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 5
        assert done.stderr.startswith("error: ngrok is not installed\n")
        command = [*GOOCLAIM, "listen", "--tunnel", "ngrok", "--json"]
        child = pexpect.spawn(
            command[0], command[1:], env=offer.env, timeout=PATIENCE, encoding="utf-8"
        )
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 5
        assert "Download" not in (child.before or "")
        assert proxy.asked == []
