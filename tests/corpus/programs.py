"""The other programs that the corpus is made with: openssl, node, curl, coreutils, http.client."""

import base64
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
Headers = Sequence[tuple[str, str]]


def run(*command: str, data: bytes = b"") -> bytes:
    """What a program makes of its standard input."""
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def node(script: str, *arguments: str, data: bytes = b"") -> bytes:
    return run("node", str(HERE / script), *arguments, data=data)


def python(code: str, data: bytes) -> bytes:
    """What a few words of Python make of it."""
    return run(sys.executable, "-X", "utf8", "-c", f"import json, sys; {code}", data=data)


def hmac_of(message: bytes, key: bytes, name: str = "sha256", *, by: str = "openssl") -> bytes:
    """The HMAC, by openssl or by node."""
    if by == "node":
        return bytes.fromhex(node("sign.js", key.hex(), name, data=message).decode())
    options = ("-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary")
    return run("openssl", "dgst", f"-{name}", *options, data=message)


class Listener:
    """A socket that keeps the bytes of one request, and answers 200."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(10)
        self.port: int = self._socket.getsockname()[1]
        self._taken = b""
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.settimeout(10)
            while not self._is_whole():
                piece = connection.recv(65536)
                if not piece:
                    break
                self._taken += piece
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def _is_whole(self) -> bool:
        head, end, body = self._taken.partition(b"\r\n\r\n")
        if not end:
            return False
        if b"chunked" in head.lower():
            return body.endswith(b"0\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        return len(body) >= int(length or b"0")

    def taken(self) -> bytes:
        self._thread.join(15)
        self._socket.close()
        return self._taken


def by_http_client(headers: Headers, body: bytes) -> bytes:
    """The bytes that Python's http.client sends."""
    listener = Listener()
    connection = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=10)
    connection.putrequest("POST", "/hooks", skip_accept_encoding=True)
    for name, value in (*headers, ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body)
    connection.getresponse().read()
    connection.close()
    return listener.taken()


def by_node(headers: Headers, body: bytes) -> bytes:
    """The bytes that node sends, in chunks."""
    listener = Listener()
    node("send.js", str(listener.port), json.dumps(list(headers)), data=body)
    return listener.taken()


def by_curl(headers: Headers, body: bytes) -> bytes:
    """The trace that curl writes of its request."""
    listener = Listener()
    with tempfile.TemporaryDirectory() as folder:
        content, trace = Path(folder, "body"), Path(folder, "trace")
        content.write_bytes(body)
        options = [each for name, value in headers for each in ("-H", f"{name}: {value}")]
        url = f"http://127.0.0.1:{listener.port}/hooks"
        run(
            "curl",
            "-sS",
            "--noproxy",
            "*",
            "--trace",
            str(trace),
            *options,
            "--data-binary",
            f"@{content}",
            url,
        )
        listener.taken()
        return trace.read_bytes()


def by_formats_js(name: str, headers: Headers, body: bytes, at: float) -> bytes:
    """A format as JavaScript writes it."""
    encoded = base64.b64encode(body).decode()
    order = {"format": name, "headers": list(headers), "body": encoded, "at": round(at * 1000)}
    return node("formats.js", data=json.dumps(order).encode())
