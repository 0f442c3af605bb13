"""gooclaim_cli.receiver.forwarding: which headers a handler gets."""

import asyncio
from pathlib import Path

import pytest

from gooclaim_cli.happenings import Handler
from gooclaim_cli.receiver import Forwarder
from gooclaim_cli.receiver.forwarding import forwarded_headers
from gooclaim_cli.sending import Sender
from gooclaim_cli.wire import Delivery

from .support import delivery, handler, receiving, run


def test_hop_by_hop_headers_are_dropped() -> None:
    """The standard's, and those that Connection names, in any spelling."""
    kept = (("X-A", "1"), ("Via", "1.1 tunnel"), ("Forwarded", "for=1"), ("Cookie", "a=b"))
    dropped = (
        ("Host", "tunnel.example"),
        ("Connection", "keep-alive, X-Hop"),
        ("CONNECTION", "x-hop-2 ,close"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
        ("TE", "trailers"),
        ("Trailer", "X"),
        ("Upgrade", "h2c"),
        ("Proxy-Authorization", "Basic x"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Connection", "close"),
        ("Content-Length", "2"),
        ("Expect", "100-continue"),
        ("x-HOP", "1"),
        ("X-Hop-2", "1"),
    )
    assert forwarded_headers((*kept[:2], *dropped, *kept[2:])) == kept


def test_a_replacement_stands_for_every_value_of_its_name() -> None:
    given = (("X-A", "1"), ("X-B", "2"), ("x-a", "3"))
    replaced = forwarded_headers(given, [("x-A", "new"), ("Authorization", "Bearer x")])
    assert replaced == (("X-B", "2"), ("x-A", "new"), ("Authorization", "Bearer x"))


def test_host_can_be_replaced() -> None:
    assert forwarded_headers((("Host", "a"),), [("Host", "cms.test")]) == (("Host", "cms.test"),)


def test_what_a_handler_gets(tmp_path: Path) -> None:
    """Over the wire: repeated and non-ASCII values as they came, Host its own, no addition."""

    async def scenario() -> None:
        given = delivery()
        value = "₹ नमस्ते".encode().decode("latin-1")
        extra = (
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("X-Text", value),
            ("Connection", "x-hop"),
            ("X-Hop", "1"),
            ("X-Old", "1"),
            ("Accept-Encoding", "br"),
        )
        sent = Delivery((*given.headers, *extra), given.body)
        async with (
            handler() as app,
            receiving(tmp_path, app.url, replace=[("X-Old", "new")]) as bench,
        ):
            assert (await bench.post(sent)).status == 200
            came = await app.next()
        assert came.value("host") == app.url.split("/")[2]
        expected = [(name.lower(), text) for name, text in given.headers]
        expected += [("x-twice", "1"), ("x-twice", "2"), ("x-text", value)]
        expected += [("accept-encoding", "br"), ("x-old", "new")]
        expected += [("content-length", str(len(given.body)))]
        assert [each for each in came.headers if each[0] != "host"] == expected

    run(scenario)


def test_one_at_a_time_in_the_order_they_came() -> None:
    """Those that wait for a place get it first come, first served."""

    async def scenario() -> None:
        async with handler(hold=True) as app, Sender() as sender:
            target = Handler("*", app.url)
            forwarder = Forwarder(sender, [target], at_once=1)
            given = [delivery() for _ in range(5)]
            waiting = [asyncio.get_running_loop().create_future() for _ in given]
            for each, answered in zip(given, waiting, strict=True):
                forwarder.begin(each, target, answered.set_result)
            first = await app.next()
            assert app.received.empty()
            app.release.set()
            rest = [await app.next() for _ in range(4)]
            assert [each.body for each in (first, *rest)] == [each.body for each in given]
            assert [(await each).status for each in waiting] == [200] * 5

    run(scenario)


def test_one_that_cannot_begin_takes_no_place() -> None:
    """A sender that is not open says so each time."""
    forwarder = Forwarder(Sender(), [only := Handler("*", "http://127.0.0.1:9")], at_once=1)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="not open"):
            forwarder.begin(delivery(), only, lambda _answer: None)
