"""gooclaim_cli.targets: what a person types after --forward-to."""

import pytest

from gooclaim_cli.errors import ExitCode, UsageError
from gooclaim_cli.happenings import Handler
from gooclaim_cli.targets import match, parse_target


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("3000", "http://localhost:3000/"),
        (":3000", "http://localhost:3000/"),
        (" 3000 ", "http://localhost:3000/"),
        (":3000/hooks", "http://localhost:3000/hooks"),
        ("3000/hooks", "http://localhost:3000/hooks"),
        (":3000/", "http://localhost:3000/"),
        (":3000?a=b", "http://localhost:3000/?a=b"),
        ("3000?a=b", "http://localhost:3000/?a=b"),
        (":3000/cb?next=http://x/y", "http://localhost:3000/cb?next=http://x/y"),
        ("localhost:3000/hooks", "http://localhost:3000/hooks"),
        ("localhost:3000/cb?next=https://x", "http://localhost:3000/cb?next=https://x"),
        ("localhost", "http://localhost/"),
        ("cms.test/hooks", "http://cms.test/hooks"),
        ("http://localhost:3000", "http://localhost:3000/"),
        ("http://localhost:3000/hooks/", "http://localhost:3000/hooks/"),
        ("https://cms.test:8443/a?b=c&d=%20", "https://cms.test:8443/a?b=c&d=%20"),
        ("HTTPS://CMS.test/A", "HTTPS://CMS.test/A"),
        ("http://cms.test?a=b", "http://cms.test/?a=b"),
        ("http://h", "http://h/"),
        ("http://http", "http://http/"),
        ("http://p:3000", "http://p:3000/"),
        ("127.0.0.1:3000/x", "http://127.0.0.1:3000/x"),
        ("[::1]:3000/x", "http://[::1]:3000/x"),
        ("http://[::1]:3000", "http://[::1]:3000/"),
        ("http://localhost:65535/x", "http://localhost:65535/x"),
        ("http://my_host-1.test/x", "http://my_host-1.test/x"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    """A bare address gets all events, and the URL stays as it was typed."""
    assert parse_target(text) == Handler("*", url)


@pytest.mark.parametrize(
    ("text", "pattern", "url"),
    [
        ("pending_docs.*=:3000/docs", "pending_docs.*", "http://localhost:3000/docs"),
        ("workflow.completed=3000", "workflow.completed", "http://localhost:3000/"),
        ("*=http://x/?a=b", "*", "http://x/?a=b"),
        ("claim.[!a]?=localhost:3000/x?y=z", "claim.[!a]?", "http://localhost:3000/x?y=z"),
        ("a= 3000", "a", "http://localhost:3000/"),
        ("claim.*=[::1]:3000/x", "claim.*", "http://[::1]:3000/x"),
    ],
)
def test_patterns(text: str, pattern: str, url: str) -> None:
    assert parse_target(text) == Handler(pattern, url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "/hooks",
        "=3000",
        "workflow.*=",
        "workflow *=3000",
        "ftp://localhost/x",
        "file:///etc/passwd",
        "javascript://x",
        "://x",
        "http://",
        "http:///x",
        "http://:3000",
        "0",
        ":0/x",
        "http://localhost:0",
        "70000",
        ":70000/x",
        "http://localhost:65536/",
        "localhost:port",
        "http://localhost:-1/",
        "local host:3000",
        ":3000/a b",
        ":3000/a\r\nX-Evil: 1",
        ":3000/\x00",
        ":3000/\ta",
        "http://localhost:3000/#part",
        "http://user:secret@localhost:3000/",
        "user@localhost:3000",
        "http://[::1",
        "http://[zz]/",
        "http://*:3000/",
    ],
)
def test_what_cannot_be_meant(text: str) -> None:
    """Wrong usage, with examples of what to write."""
    with pytest.raises(UsageError) as raised:
        parse_target(text)
    assert raised.value.exit_code is ExitCode.USAGE
    assert raised.value.message.startswith("--forward-to")
    assert raised.value.hint


def test_a_password_is_not_shown() -> None:
    with pytest.raises(UsageError) as raised:
        parse_target("http://user:hunter2@localhost:3000/")
    assert "hunter2" not in raised.value.message + raised.value.hint


def test_the_first_that_fits() -> None:
    first, second = Handler("workflow.*", "http://a/"), Handler("*.started", "http://b/")
    assert match([first, second], "workflow.started") == first
    assert match([second, first], "workflow.started") == second
    assert match([first, second], "claim.started") == second
    assert match([first, second], "Workflow.Completed") is None
    assert match([], "workflow.started") is None
