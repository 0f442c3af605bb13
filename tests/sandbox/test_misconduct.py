"""An API that misbehaves on purpose, over real HTTP, and how the behaviour is changed."""

import asyncio
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from gooclaim_cli.sandbox import ApiBehaviour, Behaviour

from .support import refusal, running

BEHAVIOUR = "/v1/sandbox/behaviour"
TYPES = "/v1/webhooks/event-types"


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_calls_can_be_refused_so_many_times(tmp_path: Path, status: int) -> None:
    """As problem details; what was refused was not carried out."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            api = {"status": status, "times": 2, "methods": ["PUT"], "paths": "*/webhook"}
            asked = await harness.http.post(BEHAVIOUR, json={"api": api})
            assert asked.status_code == 200
            url = "https://cms.example.com/hooks"
            for _ in range(2):
                refused = await harness.put(url, If_None_Match="*")
                assert refusal(refused)[0] == status
                assert ("Retry-After" in refused.headers) is (status in (429, 503))
                assert (await harness.http.get(harness.webhook)).status_code == 404
            assert (await harness.put(url, If_None_Match="*")).status_code == 200

    asyncio.run(scenario())


def test_calls_can_be_delayed_and_left_hanging(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as harness:
            await harness.http.post(BEHAVIOUR, json={"api": {"delay": 0.2, "paths": TYPES}})
            began = time.monotonic()
            assert (await harness.http.get(TYPES)).status_code == 200
            assert time.monotonic() - began > 0.19
            await harness.http.post(BEHAVIOUR, json={"api": {"hang": True}})
            with pytest.raises(httpx.ReadTimeout):
                await harness.http.get(TYPES, timeout=0.2)
            await harness.http.post(BEHAVIOUR, json={})
            assert (await harness.http.get(TYPES)).status_code == 200

    asyncio.run(scenario())


@pytest.mark.parametrize(("moment", "found"), [("before", 404), ("after", 200)])
def test_connections_can_end_before_or_after_a_call_is_carried_out(
    tmp_path: Path, moment: str, found: int
) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as harness:
            api = {"drop": moment, "times": 1, "methods": ["PUT"]}
            await harness.http.post(BEHAVIOUR, json={"api": api})
            url = "https://cms.example.com/hooks"
            with pytest.raises(httpx.RemoteProtocolError, match="without sending"):
                await harness.put(url, If_None_Match="*", Idempotency_Key="key-1")
            assert (await harness.http.get(harness.webhook)).status_code == found
            again = await harness.put(url, If_None_Match="*", Idempotency_Key="key-1")
            assert again.status_code == 200

    asyncio.run(scenario())


def test_dates_can_be_wrong(tmp_path: Path) -> None:
    """Of every answer, its own endpoints' included; there is one Date."""

    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for skew in (0, -7200.0, 3600.0):
                await harness.http.post(BEHAVIOUR, json={"date_skew": skew})
                for path in (TYPES, BEHAVIOUR):
                    (date,) = (await harness.http.get(path)).headers.get_list("date")
                    off = parsedate_to_datetime(date).timestamp() - time.time()
                    assert abs(off - skew) < 5

    asyncio.run(scenario())


def test_behaviour_can_be_asked_and_changed(tmp_path: Path) -> None:
    """It is replaced as a whole; null, {} and no body at all reset it."""

    async def scenario() -> None:
        initial = Behaviour(duplicates=0.5, api=ApiBehaviour(delay=0.001))
        async with running(tmp_path, behaviour=initial) as harness:
            http = harness.http
            plain = {
                "duplicates": 0.0,
                "reorder": 0.0,
                "clock_skew": 0.0,
                "wrong_secret": False,
                "burst": 1,
                "late": 0.0,
                "drop": 0.0,
                "date_skew": 0.0,
                "api": None,
            }
            first = (await http.get(BEHAVIOUR)).json()
            assert first["api"].pop("delay") == 0.001
            assert first == plain | {
                "duplicates": 0.5,
                "api": {
                    "status": None,
                    "times": None,
                    "hang": False,
                    "drop": None,
                    "methods": [],
                    "paths": "*",
                },
            }
            for content in (b"null", b"{}", b"", b" \n"):
                changed = await http.post(BEHAVIOUR, json={"drop": 1, "burst": 2})
                assert changed.json() == plain | {"drop": 1.0, "burst": 2}
                assert (await http.get(BEHAVIOUR)).json() == changed.json()
                assert (await http.post(BEHAVIOUR, content=content)).json() == plain
                assert (await http.get(BEHAVIOUR)).json() == plain

    asyncio.run(scenario())


def test_what_is_no_behaviour_is_refused_by_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as harness:
            for members, words in (
                ({"dup": 1, "x": 2, "api": {"code": 1}}, "dup, x, api.code"),
                ({"duplicates": 1.5}, "duplicates"),
                ({"api": {"status": 418}}, "api.status"),
                ([], "object"),
            ):
                refused = await harness.http.post(BEHAVIOUR, json=members)
                assert refusal(refused) == (422, "validation_failed")
                assert words in refused.json()["detail"]
            refused = await harness.http.post(BEHAVIOUR, content=b"{")
            assert refusal(refused) == (400, "malformed_json")
            assert (await harness.http.get(BEHAVIOUR)).json()["duplicates"] == 0.0
            del harness.http.headers["Authorization"]
            for method in ("GET", "POST"):
                refused = await harness.http.request(method, BEHAVIOUR)
                assert refusal(refused) == (401, "token_missing")

    asyncio.run(scenario())
