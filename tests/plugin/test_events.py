"""Signed deliveries: what a factory makes, and how it gets through a client."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from gooclaim_cli.errors import UsageError
from gooclaim_cli.firing.faults import SINGLE, Fault
from gooclaim_cli.testing import EventFactory, SignedDelivery
from gooclaim_cli.testing.events import FAULTS
from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, Verdict, verify

SECRET = "whsec_obviously_fake"
EVENT = EventFactory(SECRET)


def verdict(delivery: SignedDelivery, **how: Any) -> Verdict:
    crossed = Delivery(tuple(delivery.headers.items()), delivery.body)
    return verify(crossed, [SigningSecret(SECRET)], now=time.time(), **how)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app that is a judge: 200 for what verifies, else 401, and the body back."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    crossed = Delivery.from_raw(scope["headers"], body)
    ok = verify(crossed, [SigningSecret(SECRET)], now=time.time()).ok and scope["path"] == "/hooks"
    await send({"type": "http.response.start", "status": 200 if ok else 401, "headers": []})
    await send({"type": "http.response.body", "body": body})


def test_a_delivery_is_one_of_gooclaim_s() -> None:
    delivery = EVENT("workflow.timed_out", {"waited_hours": 72}, tenant_id="tnt_mine")
    assert verdict(delivery, tenant_id="tnt_mine").ok
    assert delivery.event_type == delivery.event["event_type"] == "workflow.timed_out"
    assert delivery.event_id == delivery.event["event_id"]
    assert delivery.event["data"]["waited_hours"] == 72
    assert delivery.event["data"].keys() > {"waited_hours"}  # over the sample's own


def test_each_has_ids_of_its_own_unless_they_are_said() -> None:
    assert (
        len({each for _ in range(3) for each in (EVENT().event_id, EVENT().idempotency_key)}) == 6
    )
    said = EVENT(event_id="evt_1", idempotency_key="key_1")
    assert (said.event["event_id"], said.headers["X-Gooclaim-Idempotency-Key"]) == (
        "evt_1",
        "key_1",
    )


def test_a_body_is_sent_as_it_is() -> None:
    delivery = EVENT("workflow.started", body=b"[1,  2]\n")
    assert delivery.body == b"[1,  2]\n"
    assert delivery.expected.startswith("4xx")
    assert verdict(delivery).codes == ("envelope_invalid",)


def test_the_timestamp_can_be_signed_too() -> None:
    signed = EventFactory(SECRET, signed_content=SignedContent.TIMESTAMP_BODY)()
    assert verdict(signed, signed_content=SignedContent.TIMESTAMP_BODY).ok
    assert not verdict(signed).ok


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_one_is_what_its_fault_says(fault: Fault) -> None:
    """What is right to answer is what the delivery's own bytes deserve."""
    delivery = EVENT(fault=fault.replace("-", "_"))  # as people write it in Python
    refused = delivery.expected.startswith("4xx")
    assert verdict(delivery).ok is not refused
    delivery.check(401 if refused else 204)
    with pytest.raises(AssertionError, match=f"answered 500 .* {fault}"):
        delivery.check(500)
    assert delivery.event["event_type"]


def test_again_is_what_gooclaim_would_send_next() -> None:
    """The same body and key, whole and signed anew, whatever was wrong the first time."""
    good = EventFactory(SECRET, clock=lambda: 1_779_272_065.0)()
    tampered = EVENT(fault="tampered-body")
    assert (good.again().body, good.again().idempotency_key) == (good.body, good.idempotency_key)
    assert good.headers["X-Gooclaim-Timestamp"] == "1779272065"
    again = tampered.again()
    assert verdict(again).ok
    assert again.body != tampered.body
    assert again.idempotency_key == tampered.idempotency_key
    assert (again.expected, again.fault) == ("2xx, processed", None)
    assert EVENT().again().again().expected == "2xx, not processed again"


@pytest.mark.parametrize("fault", sorted(set(Fault) - set(FAULTS)))
def test_what_is_no_single_delivery_is_explained(fault: Fault) -> None:
    with pytest.raises(UsageError, match=r"not one of a single delivery: .+"):
        EVENT(fault=fault)
    assert set(FAULTS) <= set(SINGLE)


def test_slips_of_the_pen_are_told() -> None:
    with pytest.raises(UsageError, match="there is no fault 'stail': choose from bad-signature,"):
        EVENT(fault="stail")
    with pytest.raises(
        UsageError, match=r"'workflow\.complete': did you mean 'workflow\.completed'"
    ):
        EVENT("workflow.complete")
    assert EVENT("workflow.complete", any_type=True).event["event_type"] == "workflow.complete"


def test_an_asynchronous_client_is_awaited() -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(echo)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            answer = await EVENT("claim.fraud_suspect").send(client, "/hooks")
            assert isinstance(answer, httpx.Response)
            return answer

    answer = asyncio.run(send())
    assert answer.status_code == 200
    assert answer.json()["event_type"] == "claim.fraud_suspect"


def test_what_is_no_client_is_told() -> None:
    with pytest.raises(TypeError, match="cannot send through a dict: give a test client of"):
        EVENT().send({}, "/hooks")


def test_a_failure_shows_which_delivery_it_was_and_no_secret() -> None:
    delivery = EVENT("workflow.started", fault="stale", event_id="evt_1")
    assert repr(delivery) == "<SignedDelivery workflow.started evt_1 with the fault stale>"
    assert SECRET not in repr(EVENT)


class _Answer:
    status = 202  # where aiohttp has it


def test_an_answer_s_status_is_found_where_it_is() -> None:
    EVENT().check(_Answer())
    EVENT().check(httpx.Response(200))
    with pytest.raises(
        AssertionError, match=r"answered 302 to workflow.completed .* this is right: 2xx"
    ):
        EVENT().check(httpx.Response(302))


async def _not_awaited() -> None:
    pass


def test_what_is_no_answer_is_told() -> None:
    with pytest.raises(TypeError, match=r"or its status, and not NoneType$"):
        EVENT().check(None)
    coming = _not_awaited()
    with pytest.raises(TypeError, match="and not coroutine: await it first"):
        EVENT().check(coming)
    coming.close()
