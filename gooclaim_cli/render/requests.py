"""A request as text: as it crosses the wire, as JSON, and as commands that send it without us.

The commands hold the signature, never the secret. Pure.
"""

import base64
import re
import shlex
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.render.json_lines import rfc3339
from gooclaim_cli.sending import Outgoing

# One argument of a command may have 128 KiB on Linux; a pipe has no limit.
_LONGEST_ARGUMENT: Final = 100_000


class As(StrEnum):
    """What `--as` takes: the program that is to send the request."""

    CURL = "curl"
    HTTPIE = "httpie"
    PYTHON = "python"


def request_bytes(outgoing: Outgoing) -> bytes:
    """The request as it crosses the wire in HTTP/1.1."""
    parts = urlsplit(outgoing.url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in outgoing.headers]
    lines += [f"Content-Length: {len(outgoing.body)}", "", ""]
    head = "\r\n".join(lines)
    try:
        return head.encode("latin-1") + outgoing.body
    except UnicodeEncodeError:  # what a person gave with --header
        return head.encode("utf-8") + outgoing.body


def request_object(outgoing: Outgoing, fault: str | None, *, at: float) -> dict[str, Any]:
    """The `request` of the machine output: what would be sent."""
    members = {
        "kind": "request",
        "at": rfc3339(at),
        "fault": fault,
        "method": "POST",
        "url": outgoing.url,
        "headers": [list(each) for each in outgoing.headers],
    }
    try:
        return members | {"body": outgoing.body.decode("utf-8")}
    except UnicodeDecodeError:
        return members | {"body_base64": base64.b64encode(outgoing.body).decode("ascii")}


def command_for(program: As, outgoing: Outgoing) -> str:
    """What to type into a shell (for `python`: into Python) to send exactly this request."""
    match program:
        case As.CURL:
            return _curl(outgoing)
        case As.HTTPIE:
            return _httpie(outgoing)
        case As.PYTHON:
            return _python(outgoing)


def _curl(outgoing: Outgoing) -> str:
    lines = ["curl -sS -i"]
    if is_loopback(urlsplit(outgoing.url).hostname):
        lines[0] += " --noproxy '*'"
    # What curl would add of its own accord is taken out.
    lines += [f"-H {each}" for each in ("'User-Agent:'", "'Accept:'", "'Expect:'")]
    lines += [f"-H {shlex.quote(_curl_header(*each))}" for each in outgoing.headers]
    text = _argument(outgoing.body)
    lines.append("--data-binary @-" if text is None else f"--data-raw {shlex.quote(text)}")
    lines.append(shlex.quote(outgoing.url))
    return _piped(outgoing.body, text, " \\\n  ".join(lines))


def _curl_header(name: str, value: str) -> str:
    return f"{name}: {value}" if value else f"{name};"


def _httpie(outgoing: Outgoing) -> str:
    text = _argument(outgoing.body)
    lines = ["http --print=hb" if text is None else "http --print=hb --ignore-stdin"]
    if text is not None:
        lines.append(f"--raw {shlex.quote(text)}")
    lines.append(f"POST {shlex.quote(outgoing.url)}")
    lines += [
        shlex.quote(f"{name}:{value}" if value else f"{name};") for name, value in outgoing.headers
    ]
    return _piped(outgoing.body, text, " \\\n  ".join(lines))


def _python(outgoing: Outgoing) -> str:
    parts = urlsplit(outgoing.url)
    secure = parts.scheme.lower() == "https"
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = "".join(
        f"connection.putheader({name!r}, {value!r})\n" for name, value in outgoing.headers
    )
    return (
        "import http.client\n\n"
        f"body = {outgoing.body!r}\n"
        f"connection = http.client.HTTP{'S' if secure else ''}Connection"
        f"({parts.hostname!r}, {parts.port or (443 if secure else 80)})\n"
        f"connection.putrequest('POST', {target!r}, skip_accept_encoding=True)\n"
        f"{headers}"
        "connection.putheader('Content-Length', str(len(body)))\n"
        "connection.endheaders(body)\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.read().decode(errors='replace'))"
    )


def _argument(body: bytes) -> str | None:
    """The body as an argument of a command; None where it cannot be one."""
    if len(body) > _LONGEST_ARGUMENT:
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Other control characters would not survive being copied from a terminal.
    return None if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text) else text


def _piped(body: bytes, text: str | None, command: str) -> str:
    if text is not None:
        return command
    encoded = base64.b64encode(body).decode("ascii")
    return f"printf %s {encoded} | base64 -d | {command}"
