"""The sandbox's pure parts: options, the URL rule, the list of deliveries, waits, tasks."""

import asyncio
from random import Random
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gooclaim_cli.errors import UsageError
from gooclaim_cli.sandbox import DeliveryState, SandboxOptions
from gooclaim_cli.sandbox.answers import Answer, Answers
from gooclaim_cli.sandbox.engine import DeliveryRules
from gooclaim_cli.sandbox.outbound import Attempt, Ledger, OutboundEvent
from gooclaim_cli.sandbox.owned_tasks import owned_tasks
from gooclaim_cli.sandbox.problems import problem_handlers
from gooclaim_cli.webhook_urls import url_problem
from gooclaim_cli.wire import SignedContent
from gooclaim_cli.wire.retrying import RETRY_SCHEDULE

from .support import Clock, refusal


@pytest.mark.parametrize(
    "options",
    [
        {"emit_every": 0},
        {"deadline": 0},
        {"jitter": -0.1},
        {"token_rate": 0},
        {"deliveries_kept": 0},
        {"retry_schedule": (1, -1)},
        {"home_url": "http://cms.example.com"},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any]) -> None:
    """A sandbox is not started with times that cannot pass, or a home that cannot be."""
    with pytest.raises(UsageError):
        SandboxOptions(**options)


def test_the_default_schedule_is_the_contracts() -> None:
    """Six attempts: at once, then after 10 s, 60 s, 5 min, 30 min, 2 h, plus 10 % at most."""
    rules = DeliveryRules(SandboxOptions().retry_schedule, 0.1, 5.0, SignedContent.BODY)
    for seed in range(50):
        *waits, last = rules.waits(Random(seed))
        assert len(waits) == 5
        assert last is None
        for wait, planned in zip(waits, (10, 60, 300, 1800, 7200), strict=True):
            assert wait is not None
            assert planned <= wait <= planned * 1.1
    assert SandboxOptions().retry_schedule is RETRY_SCHEDULE


@pytest.mark.parametrize(
    "url",
    [
        "https://cms.example.com",
        "https://localhost:8443/hooks?tenant=a",
        "https://[::1]:8443/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_https_urls_can_be_webhooks(url: str) -> None:
    """Local ones too: the sandbox gives certificates for them."""
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "https:///path",
        "https://:443/",
        "https://a:0/",
        "https://a:99999/",
        "https://a:b/",
        "https://[::1/",
        "https://user:password@cms.example.com/",
        "https://cms.example.com/#part",
        "https://cms.example.com/a b",
        "https://bücher.example/",
        "https://cms.example.com/\n",
        "https://cms.example.com/" + "a" * 2048,
    ],
)
def test_other_urls_cannot(url: str) -> None:
    """What is wrong is said in words."""
    assert url_problem(url)


def test_the_list_of_deliveries_is_bounded() -> None:
    """The oldest that have ended are forgotten; what is on its way never is."""
    ledger = Ledger(limit=3)
    passages = [ledger.open(event(number)) for number in range(3)]
    fullness = [ledger.full]
    end(ledger, passages[1], DeliveryState.DEAD_LETTER)
    assert [*fullness, ledger.full] == [True, False]
    assert ledger.dead_letter("evt_1") is passages[1]
    ledger.open(event(3))
    assert [each.event.event_id for each in ledger] == ["evt_0", "evt_2", "evt_3"]
    assert ledger.dead_letter("evt_1") is None
    for number in range(4, 50):
        end(ledger, ledger.open(event(number)), DeliveryState.DELIVERED)
    assert {each.event.event_id for each in ledger} >= {"evt_0", "evt_2", "evt_3"}
    assert len(list(ledger)) <= 4


def test_attempts_of_one_delivery_are_bounded() -> None:
    """However often it is replayed, the last hundred attempts are kept."""
    report = Ledger().open(event(1)).report
    for number in range(1, 251):
        attempt = Attempt(
            number=number, at="", status=500, ms=1, error=None, detail=None, next_in=None
        )
        report = report.after(attempt, "https://cms.example.com", DeliveryState.PENDING)
    assert [each.number for each in report.attempts] == list(range(151, 251))


def test_answers_are_bounded() -> None:
    """Ten thousand are kept, however many there are in a day; the oldest go first."""
    answers = Answers(Clock())
    answer = Answer(200, None, {})
    for number in range(10_050):
        assert answers.recall(f"key-{number}", number) is None
        answers.keep(f"key-{number}", number, answer)
    assert answers.recall("key-0", 0) is None
    assert answers.recall("key-10049", 10_049) is answer


def test_a_bug_is_a_problem_too() -> None:
    """What breaks inside is told in the same form, without its details."""

    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError("secret detail")

    async def scenario() -> None:
        app = Starlette(routes=[Route("/", broken)], exception_handlers=problem_handlers())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            response = await http.get("/")
        assert refusal(response) == (500, "internal_error")
        assert "secret" not in response.text

    asyncio.run(scenario())


def test_owned_tasks_end_with_their_context() -> None:
    """Tasks are cancelled, and one that breaks is not passed over in silence."""

    async def scenario() -> None:
        async with owned_tasks() as tasks:
            task = tasks.create_task(asyncio.Event().wait())
        assert task.cancelled()

        async def broken() -> None:
            raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as caught:
            async with owned_tasks() as tasks:
                await asyncio.wait([tasks.create_task(broken())])
        assert caught.group_contains(ZeroDivisionError)

    asyncio.run(scenario())


def event(number: int) -> OutboundEvent:
    return OutboundEvent(f"evt_{number}", "workflow.started", f"key-{number}", b"{}")


def end(ledger: Ledger, passage: Any, state: DeliveryState) -> None:
    attempt = Attempt(number=1, at="", status=200, ms=1, error=None, detail=None, next_in=None)
    ledger.report(passage, passage.report.after(attempt, "https://cms.example.com", state))
