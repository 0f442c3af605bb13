"""A request as text: as it crosses the wire, as JSON, and as commands that send it without us.

The commands hold the signature, never the secret. Pure.
"""

import base64
import re
import shlex
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, TextIO
from urllib.parse import urlsplit

from gooclaim_cli.errors import UsageError
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.render.escape import visible
from gooclaim_cli.render.json_lines import rfc3339, write_object
from gooclaim_cli.sending import Outgoing
from gooclaim_cli.sending.request import header_lines

# One argument of a command may have 128 KiB on Linux; a pipe has no limit.
_LONGEST_ARGUMENT: Final = 100_000
_DEL: Final = 0x7F
_BEYOND_ASCII: Final = re.compile(rb"[^\x20-\x7e]")
_UNSPEAKABLE: Final = re.compile(rb"\\[:;=@]")


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


def write_command(
    program: As, outgoing: Outgoing, stream: TextIO, *, as_json: bool, at: float
) -> None:
    """Write what sends this request, or the `command` of the machine output. Raises UsageError."""
    command = command_for(program, outgoing)
    if as_json:
        members = {"kind": "command", "at": rfc3339(at), "as": program.value, "command": command}
        write_object(members, stream)
    else:
        stream.write(f"{command}\n")


def command_for(program: As, outgoing: Outgoing) -> str:
    """What to type into a shell (for `python`: into Python) to send exactly this request.

    It shows nothing hidden: what a terminal would act upon is spelled out. Raises UsageError where
    we would not send it either, or where the program cannot.
    """
    try:
        lines = header_lines(outgoing.headers)
    except ValueError as error:
        raise UsageError(
            f"no program sends this request: {error}", "leave out the header, or give it another"
        ) from None
    headers = [_header(each) for each in lines.split(b"\r\n")[:-1]]
    match program:
        case As.CURL:
            return _curl(outgoing, headers)
        case As.HTTPIE:
            return _httpie(outgoing, headers)
        case As.PYTHON:
            return _python(outgoing, headers)


def _header(line: bytes) -> tuple[str, bytes]:
    name, _, value = line.partition(b": ")
    return name.decode("ascii"), value


def _curl(outgoing: Outgoing, headers: Sequence[tuple[str, bytes]]) -> str:
    lines = ["curl -sS -i --globoff"]
    if is_loopback(urlsplit(outgoing.url).hostname):
        lines[0] += " --noproxy '*'"
    # What curl would add of its own accord is taken out.
    lines += [f"-H {each}" for each in ("'User-Agent:'", "'Accept:'", "'Expect:'")]
    lines += [f"-H {_word(_curl_header(*each))}" for each in headers]
    text = _argument(outgoing.body)
    lines.append("--data-binary @-" if text is None else f"--data-raw {shlex.quote(text)}")
    lines.append(_word(outgoing.url.encode()))
    return _piped(outgoing.body, text, " \\\n  ".join(lines))


def _curl_header(name: str, value: bytes) -> bytes:
    return b"%b: %b" % (name.encode(), value) if value else b"%b;" % name.encode()


def _httpie(outgoing: Outgoing, headers: Sequence[tuple[str, bytes]]) -> str:
    text = _argument(outgoing.body)
    lines = ["http --print=hb" if text is None else "http --print=hb --ignore-stdin"]
    if text is not None:
        lines.append(f"--raw {shlex.quote(text)}")
    lines.append(f"POST {_word(outgoing.url.encode())}")
    lines += [shlex.quote(_httpie_header(*each)) for each in headers]
    return _piped(outgoing.body, text, " \\\n  ".join(lines))


def _httpie_header(name: str, value: bytes) -> str:
    """A request item of HTTPie's: in it, `:@` reads a file, and `:=` sends JSON.

    A backslash takes the meaning from one of `:;=@`; one that stands before them by itself cannot
    be said.
    """
    if _BEYOND_ASCII.search(value) or _UNSPEAKABLE.search(value):
        raise UsageError(f"HTTPie cannot be given the header {name} as it is", "take --as curl")
    text = value.decode("ascii")
    if not text:
        return f"{name};"
    return f"{name}:\\{text}" if text[0] in "=@" else f"{name}:{text}"


def _python(outgoing: Outgoing, headers: Sequence[tuple[str, bytes]]) -> str:
    parts = urlsplit(outgoing.url)
    secure = parts.scheme.lower() == "https"
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = "".join(
        f"connection.putheader({name!r}, {_literal(value)})\n" for name, value in headers
    )
    return (
        "import http.client\n\n"
        f"body = {outgoing.body!r}\n"
        f"connection = http.client.HTTP{'S' if secure else ''}Connection"
        f"({parts.hostname!r}, {parts.port or (443 if secure else 80)})\n"
        f"connection.putrequest('POST', {target!r}, skip_accept_encoding=True)\n"
        f"{lines}"
        "connection.putheader('Content-Length', str(len(body)))\n"
        "connection.endheaders(body)\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.read().decode(errors='replace'))"
    )


def _literal(value: bytes) -> str:
    return repr(value) if _BEYOND_ASCII.search(value) else repr(value.decode("ascii"))


def _word(content: bytes) -> str:
    """A word of a shell's; bytes beyond printable ASCII are made by its `printf`."""
    if not _BEYOND_ASCII.search(content):
        return shlex.quote(content.decode("ascii"))
    spelled = "".join(
        chr(each) if chr(each).isalnum() and each < _DEL else f"\\{each:03o}" for each in content
    )
    return f"\"$(printf '{spelled}')\""


def _argument(body: bytes) -> str | None:
    """The body as an argument of a command; None where it cannot be one."""
    if len(body) > _LONGEST_ARGUMENT:
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # What is hidden would not survive being copied from a terminal, or would command it.
    return text if visible(text, newlines=True) == text else None


def _piped(body: bytes, text: str | None, command: str) -> str:
    if text is not None:
        return command
    encoded = base64.b64encode(body).decode("ascii")
    return f"printf %s {encoded} | base64 -d | {command}"
