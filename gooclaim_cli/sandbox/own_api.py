"""The sandbox's own endpoints: events, deliveries, dead letters, and how it behaves."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gooclaim_cli.errors import UsageError
from gooclaim_cli.sandbox.access import Access
from gooclaim_cli.sandbox.behaviour import Conduct, read_behaviour
from gooclaim_cli.sandbox.certificates import CertificateAuthority
from gooclaim_cli.sandbox.emission import Emitter
from gooclaim_cli.sandbox.engine import OutboundEngine
from gooclaim_cli.sandbox.outbound import Ledger, OutboundEvent
from gooclaim_cli.sandbox.problems import ProblemError, json_response
from gooclaim_cli.sandbox.requests import read_json, read_json_or_none

_DEFAULT_TYPE: Final = "workflow.completed"
# What goes into a header: visible ASCII.
_HeaderText = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,200}\Z")]


class _EventRequest(msgspec.Struct, frozen=True):
    event_type: _HeaderText | None = None
    data: dict[str, Any] | None = None
    idempotency_key: _HeaderText | None = None


class SandboxApi:
    """Lets a caller, with any token, make events and see what became of them."""

    def __init__(
        self,
        access: Access,
        *,
        emitter: Emitter,
        engine: OutboundEngine,
        ledger: Ledger,
        authority: CertificateAuthority,
        conduct: Conduct,
    ) -> None:
        self._access = access
        self._emitter = emitter
        self._engine = engine
        self._ledger = ledger
        self._authority = authority
        self._conduct = conduct

    def routes(self) -> list[Route]:
        """The routes of the endpoints."""
        root = "/v1/sandbox"
        replay = f"{root}/dead-letters/{{event_id}}/replay"
        return [
            Route(f"{root}/events", self._emit, methods=["POST"]),
            Route(f"{root}/deliveries", self._deliveries, methods=["GET"]),
            Route(f"{root}/dead-letters", self._dead_letters, methods=["GET"]),
            Route(replay, self._replay, methods=["POST"]),
            Route(f"{root}/endpoint-certificate", self._certificate, methods=["GET"]),
            Route(f"{root}/behaviour", self._behaviour, methods=["GET"]),
            Route(f"{root}/behaviour", self._behave, methods=["POST"]),
        ]

    async def _emit(self, request: Request) -> Response:
        """Send one event; for a key and an event that were sent before, a duplicate of it."""
        self._access.bearer(request)
        asked = await read_json(request, _EventRequest)
        self._refuse_when_full()
        event = None
        if asked.idempotency_key is not None:
            event = self._emitter.duplicate(asked.idempotency_key, asked.event_type, asked.data)
        event_type = asked.event_type or _DEFAULT_TYPE
        if asked.idempotency_key is None:
            event = self._emitter.burst(event_type, asked.data)
        elif event is None:
            event = self._emitter.emit(event_type, asked.data, asked.idempotency_key)
        return _accepted(event)

    async def _deliveries(self, request: Request) -> Response:
        self._access.bearer(request)
        return json_response({"deliveries": [each.report for each in self._ledger]})

    async def _dead_letters(self, request: Request) -> Response:
        self._access.bearer(request)
        dead = [each.report for each in self._ledger.dead_letters()]
        return json_response({"dead_letters": dead})

    async def _replay(self, request: Request) -> Response:
        self._access.bearer(request)
        passage = self._ledger.dead_letter(request.path_params["event_id"])
        if passage is None:
            detail = "no dead letter has this event id"
            raise ProblemError(HTTPStatus.NOT_FOUND, "dead_letter_not_found", detail)
        self._refuse_when_full()
        self._engine.replay(passage)
        return _accepted(passage.event)

    async def _certificate(self, request: Request) -> Response:
        self._access.bearer(request)
        return json_response(self._authority.issue())

    async def _behaviour(self, request: Request) -> Response:
        self._access.bearer(request)
        return json_response(self._conduct.behaviour)

    async def _behave(self, request: Request) -> Response:
        """Replace the behaviour as a whole; null, or no body at all, is to behave again."""
        self._access.bearer(request)
        members = await read_json_or_none(request)
        try:
            self._conduct.behaviour = read_behaviour(members)
        except UsageError as error:
            detail = f"{error.message}; {error.hint}" if error.hint else error.message
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", detail
            ) from None
        return json_response(self._conduct.behaviour)

    def _refuse_when_full(self) -> None:
        if self._ledger.full:
            detail = "too many events are waiting to be delivered"
            headers = {"Retry-After": "10"}
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_pending", detail, headers)


def _accepted(event: OutboundEvent) -> Response:
    members: Mapping[str, str] = {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "idempotency_key": event.idempotency_key,
    }
    return json_response(members, HTTPStatus.ACCEPTED)
