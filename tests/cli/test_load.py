"""`gooclaim send-test --count`: what reaches a handler, when, and what is told of its answers."""

import asyncio
import contextlib
import json
import re
import ssl
import struct
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import pytest
import trustme

from gooclaim_cli.firing.faults import Fault
from gooclaim_cli.firing.range import Conditions
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.firing.shots import Signer
from gooclaim_cli.load.events import Events
from gooclaim_cli.load.mix import Mix
from gooclaim_cli.load.plan import Plan
from gooclaim_cli.load.running import Load
from gooclaim_cli.render.load_objects import JsonLoadBoard
from gooclaim_cli.wire import CATALOGUE, EVENT_HEADER, SigningSecret, decode_event
from tests.load.handlers import ENV, SECRET, Careful, Decide, Stalling, always, handler
from tests.sending.servers import OK, raw_server, read_request

from . import handlers
from .beside import beside
from .support import Done, RunHere


def many(count: int, port: int, *more: str) -> list[str]:
    return ["send-test", "--count", str(count), "--to", str(port), *more]


def told(done: Done) -> tuple[dict[str, Any], dict[str, Any]]:
    """The `load` and the `summary`, the last two objects."""
    assert done.stderr == ""
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(each["kind"] and each["at"].endswith("Z") for each in objects)
    assert [each["kind"] for each in objects[-2:]] == ["load", "summary"]
    assert {each["kind"] for each in objects[:-2]} <= {"progress"}
    return objects[-2], objects[-1]


def judged(load: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {each["sent"]: (each["count"], each["held"]) for each in load["judged"]}


def test_each_request_is_an_event_of_its_own(run_here: RunHere) -> None:
    decide = Careful()
    with handler(decide) as hooks:
        done = run_here(many(120, hooks.port, "--concurrency", "8", "--json"), **ENV)
    load, summary = told(done)
    assert done.code == 0
    assert len(set(hooks.keys)) == len(set(decide.done)) == 120
    assert {"count": 120, "sent": 120, "done": 120, "held": True}.items() <= load.items()
    assert (load["statuses"], load["errors"], load["interrupted"]) == ({"200": 120}, {}, False)
    assert judged(load) == {"good": (120, 120)}
    types = Counter(decode_event(each.body).event_type for each in hooks.seen)
    assert load["event_types"] == types
    assert set(types) <= set(CATALOGUE)
    assert len(types) > 5
    assert sum(each["count"] for each in load["histogram"]) == 120
    latency = load["latency"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
    assert {"forwarded": 120, "held": 120, "failed": 0}.items() <= summary.items()


def test_answers_are_counted_by_status_and_judged(run_here: RunHere) -> None:
    numbers = iter(range(100))

    async def moody(_: object) -> int:
        return (200, 202, 500, 429)[next(numbers) % 4]

    with handler(moody) as hooks:
        done = run_here(many(40, hooks.port, "--json"), **ENV)
    load, summary = told(done)
    assert done.code == 1
    assert load["statuses"] == {"200": 10, "202": 10, "429": 10, "500": 10}
    assert load["judged"][0]["wrong"] == {"429": 10, "500": 10}
    assert (load["held"], summary["failed"]) == (False, 20)


def test_a_stall_of_one_request_is_told_of_all_that_were_due_meanwhile(run_here: RunHere) -> None:
    """Only one request takes long; who asked at a fixed rate would have waited a hundred times."""
    with handler(Stalling(20, seconds=0.5)) as hooks:
        command = many(150, hooks.port, "--concurrency", "1", "--rate", "200/s")
        load, _ = told(run_here([*command, "--json"], **ENV))
    assert load["service"]["max"] >= 490
    assert load["service"]["p90"] < 400
    assert load["latency"]["p99"] >= 450
    assert load["latency"]["p50"] >= 100
    assert load["latency"]["max"] >= 490
    assert load["seconds"] >= 0.74


def test_the_stall_is_seen_by_a_person(run_here: RunHere) -> None:
    with handler(Stalling(5, seconds=0.4)) as hooks:
        command = many(60, hooks.port, "--concurrency", "1", "--rate", "150/s")
        done = run_here(command, **ENV, COLUMNS="80")
    assert re.search(
        r"^Latency .* ([3-9]\d\d ms|[\d.]+ s)  from when it was due$", done.stdout, re.M
    )
    assert re.search(r"^Service .*from when it was sent$", done.stdout, re.M)
    assert re.search(r"^ 200 ms – 500 ms +\d+  [▏▎▍▌▋▊▉█]*$", done.stdout, re.M)
    assert "██" in done.stdout
    assert "Requests were due before a connection was free" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_requests_come_at_the_rate_that_was_asked_for(run_here: RunHere) -> None:
    with handler(always(200)) as hooks:
        done = run_here(many(60, hooks.port, "--rate", "150/s", "--json"), **ENV)
    load, _ = told(done)
    assert load["rate"] == 150
    assert 0.39 <= load["seconds"] < 10
    assert load["per_second"] <= 150


def test_a_rate_is_told_as_it_was_kept(run_here: RunHere) -> None:
    """Four requests at 20/s begin within three gaps of 50 ms: that is no higher rate."""
    with handler(always(200)) as hooks:
        done = run_here(many(4, hooks.port, "--rate", "20/s", "--json"), **ENV)
    load, _ = told(done)
    assert load["seconds"] >= 0.149
    assert load["per_second"] <= 20


def test_a_mix_is_sent_as_it_was_asked_for(run_here: RunHere) -> None:
    mix = ("--mix", "workflow.*=8,claim.fraud_suspect=1", "--seed", "7")
    with handler(always(200)) as hooks:
        load, _ = told(run_here(many(180, hooks.port, *mix, "--json"), **ENV))
    types = Counter(each.value(EVENT_HEADER) or "" for each in hooks.seen)
    assert load["event_types"] == types
    assert set(types) == {
        *(n for n in CATALOGUE if n.startswith("workflow.")),
        "claim.fraud_suspect",
    }
    assert 10 <= types["claim.fraud_suspect"] <= 30


def test_a_seed_sends_the_same_under_new_keys(run_here: RunHere) -> None:
    bodies, keys = [], []
    for _ in range(2):
        with handler(always(200)) as hooks:
            command = many(20, hooks.port, "--seed", "7", "--concurrency", "1", "--faults", "20%")
            run_here([*command, "--json"], **ENV)
        bodies.append([each.body for each in hooks.seen])
        keys.append(set(hooks.keys))
    assert bodies[0] == bodies[1]
    assert not keys[0] & keys[1]


BODY = b'{"event_type": "workflow.completed", "data": {"note": "%s"}}' % (b"x" * 500)
TWICE = ("--duplicates", "10%", "--concurrency", "8")


@pytest.mark.parametrize("in_flight", [503, 409, 200])
def test_a_handler_that_keeps_the_rules_holds(run_here: RunHere, in_flight: int) -> None:
    decide = Careful(seconds=0.02, in_flight=in_flight)
    with handler(decide) as hooks:
        done = run_here(many(200, hooks.port, *TWICE, "--faults", "10%", "--json"), **ENV)
    load, _ = told(done)
    assert (done.code, load["held"]) == (0, True)
    assert judged(load)["repeated"] == (10, 10)
    assert judged(load)["repeated_at_once"] == (20, 20)
    right = {each["sent"]: each["expected"] for each in load["judged"]}
    assert right["repeated_at_once"] == "2xx once; the other 2xx, 409 or 5xx"
    assert right["repeated"] == "2xx"
    broken = {name: each for name, each in judged(load).items() if name in tuple(Fault)}
    assert sum(count for count, _ in broken.values()) == 20
    assert len(broken) == 15
    assert len(decide.done) == len(set(decide.done))
    assert len(hooks.seen) == 200


@pytest.mark.parametrize(
    ("decide", "wrong"),
    [
        (Careful(processed=409), {"repeated"}),
        (Careful(seconds=0.02, in_flight=401), {"repeated_at_once"}),
        (always(500), {"good", "retried", "repeated_at_once"}),
    ],
)
def test_a_handler_that_gets_duplicates_wrong_is_found_out(
    run_here: RunHere, decide: Decide, wrong: set[str]
) -> None:
    with handler(decide) as hooks:
        done = run_here(many(200, hooks.port, *TWICE, "--json"), **ENV)
    load, _ = told(done)
    assert done.code == 1
    assert {name for name, (count, held) in judged(load).items() if held < count} == wrong


def test_a_handler_that_checks_nothing_is_told_which_faults_it_took(run_here: RunHere) -> None:
    with handler(always(200)) as hooks:
        faults = ("--faults", "bad_signature=10%,stale=5%,unknown-member=5%")
        done = run_here(many(100, hooks.port, *faults), **ENV)
    assert done.code == 1
    rows = dict(re.findall(r"^(\S+) +(\d+ +\d+  .*\S) *$", done.stdout, re.M))
    assert re.fullmatch(r"80 +80  2xx", rows["good"])
    assert re.fullmatch(r"10 +0  4xx +200: 10", rows["bad-signature"])
    assert re.fullmatch(r"5 +0  4xx +200: 5", rows["stale"])
    assert re.fullmatch(r"5 +5  2xx", rows["unknown-member"])
    assert "85 of 100 were answered as a correct handler answers." in done.stdout


def test_what_takes_too_long_is_counted_as_long_as_it_took(run_here: RunHere) -> None:
    async def slow(_: object) -> int:
        await asyncio.sleep(0.5)
        return 200

    with handler(slow) as hooks:
        done = run_here(many(4, hooks.port, "--deadline", "150ms", "--json"), **ENV)
    load, _ = told(done)
    assert done.code == 1
    assert (load["statuses"], load["errors"]) == ({}, {"timed_out": 4})
    assert load["latency"]["p50"] >= 140  # a loop counts in milliseconds


def test_nothing_there_ends_it_at_the_first(run_here: RunHere) -> None:
    done = run_here(many(100_000, 1, "--json"), **ENV)
    done.refused(1, "nothing listens on localhost:1", "start your handler")


def test_a_handler_that_breaks_off_is_counted(run_here: RunHere) -> None:
    """Every third connection is reset without an answer, and is in none of the times."""
    requests = iter(range(1000))

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if next(requests) % 3 == 2:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
            writer.transport.abort()
        else:
            writer.write(OK)

    with beside(raw_server(behave)) as server:
        load, _ = told(run_here(many(30, server.port, "--json"), **ENV))
        done = run_here(many(30, server.port), **ENV)
    assert load["statuses"] == {"200": 20}
    assert load["errors"] == {"connection_reset": 10}
    assert load["judged"][0]["wrong"] == {"no_answer": 10}
    assert sum(each["count"] for each in load["histogram"]) == 20
    assert re.search(
        r"no answer +10 +33.3 %  localhost:\d+ closed the\s+connection\s+without\s+an answer\n",
        done.stdout,
    )
    assert "no answer: 10" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_a_handler_that_goes_away_is_counted_to_the_end(run_here: RunHere) -> None:
    async def until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(10):
            await read_request(reader)
            writer.write(OK)
        gone.set()
        writer.close()

    @contextlib.asynccontextmanager
    async def server() -> AsyncIterator[int]:
        async with await asyncio.start_server(until_gone, "127.0.0.1", 0) as serving:
            ending = asyncio.create_task(gone.wait())
            ending.add_done_callback(lambda _: serving.close())
            yield serving.sockets[0].getsockname()[1]

    gone = asyncio.Event()
    with beside(server()) as port:
        done = run_here(many(40, port, "--concurrency", "1", "--rate", "200", "--json"), **ENV)
    load, _ = told(done)
    assert (done.code, load["done"], load["statuses"]) == (1, 40, {"200": 10})
    assert load["errors"]["connection_refused"] >= 25
    assert sum(load["errors"].values()) == 30


def test_ones_own_event_over_tls(run_here: RunHere, home: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    fixture = home / "event.json"
    fixture.write_text('{"event_type": "claim.reopened", "data": {"claim": "{claim}"}}')
    with handlers.handler(handlers.careful(), tls) as hooks:
        command = ["send-test", "--count", "6", "--to", hooks.url, "--fixture", str(fixture)]
        done = run_here(
            [*command, "--set", "data.n=1", "--cacert", str(home / "ca.pem"), "--json"], **ENV
        )
    load, _ = told(done)
    assert (done.code, load["event_types"]) == (0, {"claim.reopened": 6})
    events = [decode_event(each.body) for each in hooks.seen]
    assert all(each.data["n"] == 1 for each in events)
    assert len({each.data["claim"] for each in events}) == 6


def test_a_program_is_told_how_far_it_is(
    run_here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JsonLoadBoard, "every", 0.05)
    with handler(always(200)) as hooks:
        done = run_here(many(60, hooks.port, "--rate", "200", "--json"), **ENV)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    progress = [each for each in objects if each["kind"] == "progress"]
    assert progress
    assert all(each["count"] == 60 and each["wrong"] == 0 for each in progress)
    dones = [each["done"] for each in progress]
    assert dones == sorted(dones)
    assert 0 < dones[-1] <= 60


def test_what_goes_to_a_file_is_the_report_alone(run_here: RunHere) -> None:
    with handler(always(200)) as hooks:
        done = run_here(many(20, hooks.port), **ENV)
    assert (done.code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "All 20 were answered as a correct handler answers." in done.stdout
    assert "Without --rate" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--count", "10", "--rate", "5x"], ["--rate '5x' is no rate", "500/s"]),
        (["--count", "10", "--duplicates", "5"], ["--duplicates '5'", "write 5%"]),
        (["--count", "10", "--faults", "nonsense=1%"], ["'nonsense' is unknown", "stale"]),
        (["--count", "10", "--faults", "5%", "--duplicates", "50%"], ["leave no room"]),
        (["--count", "10", "--faults", "stale=60%,huge=60.5%"], ["--faults add up to 120.5 %"]),
        (["--count", "10", "--faults", "stale"], ["'stale' says no share", "--faults stale=1%"]),
        (["--count", "10", "--faults", "bad_signature,stale"], ["--faults bad-signature=1%"]),
        (["--count", "1e9"], ["--count '1e9' is no number", "write a whole one: --count 1000"]),
        (["--count", "0"], ["--count '0' is no number"]),
        (["--count", "10", "--concurrency", "many"], ["--concurrency 'many' is no number"]),
        (["--count", "10", "--concurrency", "1001"], ["--concurrency 1001 is over 1000"]),
        (["--count", "10", "--mix", "claims.*=1"], ["no event type fits 'claims.*'"]),
        (
            ["workflow.completed", "--count", "10", "--mix", "workflow.*=1"],
            ["--mix and a single event exclude each other", "leave out EVENT_TYPE"],
        ),
        (["--count", "10", "--retry"], ["--count and --retry exclude each other"]),
        (["--count", "10", "--fault", "stale"], ["--count and --fault", "--faults stale=100%"]),
        (["--count", "10", "--slow", "5s"], ["--count and --slow exclude each other"]),
        (["--count", "10", "--scenario", "modes"], ["--scenario and --count exclude each other"]),
        (["--count", "10", "--junit", "x.xml"], ["--junit belongs to --scenario"]),
        (["--count", "10", "--watch", "."], ["--count and --watch exclude each other"]),
        (["--count", "10", "--dry-run"], ["--count and --dry-run exclude each other"]),
        (["--count", "10", "--idempotency-key", "k"], ["--idempotency-key"]),
        (["workflow.completed", "--rate", "5"], ["--rate belongs to --count", "add --count"]),
        (["workflow.completed", "--faults", "5%"], ["--faults belongs to --count"]),
        (["workflow.complete", "--count", "5"], ["did you mean workflow.completed?"]),
    ],
)
def test_wrong_usage_is_told(run_here: RunHere, arguments: list[str], words: list[str]) -> None:
    done = run_here(["send-test", *arguments, "--to", "1"], **ENV)
    done.refused(2, *words)


def test_types_of_several_handlers_need_a_choice(run_here: RunHere) -> None:
    forward_to = {"GOOCLAIM_FORWARD_TO": "workflow.*=:1/a,claim.*=:2/b"}
    command = ["send-test", "--count", "5", "--mix", "workflow.*=1,claim.*=1"]
    done = run_here(command, **ENV, **forward_to)
    done.refused(2, "several handlers: http://localhost:1/a, http://localhost:2/b", "--to")
    run_here(["send-test", "--count", "5", "--mix", "claim.*=1"], **ENV, **forward_to).refused(
        1, "nothing listens on localhost:2"
    )


def test_a_long_load_takes_no_memory() -> None:
    """Of hundreds of events with half a kilobyte each, what is left is some buckets of times."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async def left_by(count: int) -> int:
        async with raw_server(answer) as server:
            load = Load(
                Plan(count=count, connections=10, mix=Mix.of(("workflow.completed",))),
                Events(Recipe(body=BODY), random=Random(1), keys=Random(2), clock=time.time),
                Signer(SigningSecret(SECRET)),
                Conditions(to=f"http://127.0.0.1:{server.port}/"),
            )
            tracemalloc.start()
            await load.run()
            while not server.requests.empty():
                server.requests.get_nowait()
            left, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert load.tally.statuses == {200: count}
        return left

    asyncio.run(left_by(100))  # what is made once
    few, many = asyncio.run(left_by(100)), asyncio.run(left_by(600))
    assert many - few < 120_000
