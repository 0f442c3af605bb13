"""gooclaim_cli.render.requests: commands that send exactly this, and show nothing hidden."""

import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.requests import As, command_for
from gooclaim_cli.sending import Outgoing
from tests.programs import needs

# Header text holds bytes as latin-1 has them.
HOSTILE = {
    "X-Escape": "a\x1b]0;mine\x07\x1b[2J",
    "X-C1": "\x9b31m",
    "X-Bidi": "\u202egpj.exe".encode().decode("latin-1"),
    "X-Latin": "caf\xe9",
    "X-Shell": "'\"$(id)`id` %s %% \\ \\n \\033 !",
    "X-File": "@/etc/hostname",
    "X-Empty": "",
}


@pytest.fixture
def seen() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A handler's URL, and the headers and bodies that it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            got.append((dict(self.headers.items()), self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/a?b=[1-2]", got
        server.shutdown()
        thread.join()


@needs("curl")
@pytest.mark.parametrize("body", [b"{}", "\u202e\x9b".encode()])
def test_hostile_headers_are_sent_as_they_are_and_never_shown(
    seen: tuple[str, list[tuple[dict[str, str], bytes]]], body: bytes
) -> None:
    url, got = seen
    outgoing = Outgoing(url, tuple(HOSTILE.items()), body)
    for program, runner in ((As.CURL, ["sh"]), (As.PYTHON, [sys.executable, "-"])):
        command = command_for(program, outgoing)
        assert visible(command, newlines=True) == command
        subprocess.run(runner, input=command.encode(), check=True, capture_output=True)
    assert len(got) == 2  # one each, whatever curl makes of brackets
    for headers, arrived in got:
        assert {name: headers[name] for name in HOSTILE} == HOSTILE
        assert arrived == body


@pytest.mark.parametrize(
    ("value", "item"),
    [
        ("@/etc/hostname", "X-A:\\@/etc/hostname"),  # else the content of the file
        ("=5", "X-A:\\=5"),  # else JSON
        ("a==b:@c", "X-A:a==b:@c"),
        ("a\\b", "X-A:a\\b"),
        ("", "X-A;"),
    ],
)
def test_httpie_is_given_no_file_and_no_json(value: str, item: str) -> None:
    words = shlex.split(
        command_for(As.HTTPIE, Outgoing("http://localhost", (("X-A", value),), b""))
    )
    assert words[-1] == item


@pytest.mark.parametrize("value", ["a\\=b", "caf\xe9", "\x1b[2J"])
def test_what_httpie_cannot_be_given_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="HTTPie cannot be given the header X-A") as refused:
        command_for(As.HTTPIE, Outgoing("http://localhost", (("X-A", value),), b""))
    assert "--as curl" in refused.value.hint


@pytest.mark.parametrize("program", As)
@pytest.mark.parametrize(
    "header", [("X-A", "yes\r\nX-Injected: yes"), ("X-A\nX-B", "c"), ("X-A", "\0"), ("X A", "b")]
)
def test_what_would_not_be_sent_is_no_command(program: As, header: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="no program sends this request"):
        command_for(program, Outgoing("http://localhost", (header,), b""))
