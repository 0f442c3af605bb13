"""The Tenant Config API over HTTP, as part 2 of the contract has it."""

from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gooclaim_cli.sandbox.access import Access
from gooclaim_cli.sandbox.answers import Answer, Answers, KeyReusedError
from gooclaim_cli.sandbox.configuration import (
    Configuration,
    PreconditionFailedError,
    Preconditions,
    Webhook,
)
from gooclaim_cli.sandbox.problems import ProblemError, json_response
from gooclaim_cli.sandbox.requests import read_json
from gooclaim_cli.webhook_urls import url_problem
from gooclaim_cli.wire import CATALOGUE


class _WebhookRequest(msgspec.Struct, frozen=True):
    url: str
    events: list[str]


class ConfigApi:
    """Reads and changes one tenant's webhook; to everybody else the tenant does not exist."""

    def __init__(
        self, access: Access, configuration: Configuration, answers: Answers, *, tenant_id: str
    ) -> None:
        self._access = access
        self._configuration = configuration
        self._answers = answers
        self._tenant_id = tenant_id

    def routes(self) -> list[Route]:
        """The routes of the API."""
        path = "/v1/tenants/{tenant_id}/webhook"
        return [
            Route(path, self._get, methods=["GET"]),
            Route(path, self._put, methods=["PUT"]),
            Route(path, self._delete, methods=["DELETE"]),
            Route("/v1/webhooks/event-types", self._event_types, methods=["GET"]),
        ]

    async def _get(self, request: Request) -> Response:
        self._authorize(request)
        webhook = self._configuration.webhook
        if webhook is None:
            raise _not_configured()
        return json_response(_members(webhook), headers={"ETag": webhook.etag})

    async def _put(self, request: Request) -> Response:
        self._authorize(request)
        asked = await read_json(request, _WebhookRequest)
        problem = url_problem(asked.url)
        if problem is not None:
            detail = f"the URL is refused: {problem}"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "url_refused", detail)
        # From here on nothing is awaited: of two calls at once, one comes first.
        key = request.headers.get("Idempotency-Key")
        answer = self._recall(key, asked)
        if answer is None:
            answer = self._replace(asked, _preconditions(request))
            self._answers.keep(key, asked, answer)
        return json_response(answer.body, answer.status, answer.headers)

    async def _delete(self, request: Request) -> Response:
        self._authorize(request)
        key = request.headers.get("Idempotency-Key")
        if self._recall(key, "DELETE") is None:
            self._remove(_preconditions(request))
            self._answers.keep(key, "DELETE", Answer(HTTPStatus.NO_CONTENT, None, {}))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _event_types(self, request: Request) -> Response:
        self._access.bearer(request)
        return json_response({"event_types": list(CATALOGUE.values())})

    def _authorize(self, request: Request) -> None:
        self._access.admin(request)
        if request.path_params["tenant_id"] != self._tenant_id:
            raise ProblemError(HTTPStatus.NOT_FOUND, "tenant_not_found", "no such tenant")

    def _recall(self, key: str | None, asked: object) -> Answer | None:
        try:
            return self._answers.recall(key, asked)
        except KeyReusedError:
            detail = "this Idempotency-Key was used for another request"
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail
            ) from None

    def _replace(self, asked: _WebhookRequest, preconditions: Preconditions) -> Answer:
        if not preconditions.given:
            detail = "a PUT needs If-Match: <etag> or If-None-Match: *"
            raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "precondition_required", detail)
        try:
            webhook = self._configuration.put(asked.url, asked.events, preconditions)
        except PreconditionFailedError:
            raise _changed_meanwhile() from None
        secret = self._configuration.signing_secret.value
        members = {**_members(webhook), "signing_secret": secret}
        return Answer(HTTPStatus.OK, members, {"ETag": webhook.etag})

    def _remove(self, preconditions: Preconditions) -> None:
        try:
            existed = self._configuration.delete(preconditions)
        except PreconditionFailedError:
            raise _changed_meanwhile() from None
        if not existed:
            raise _not_configured()


def _preconditions(request: Request) -> Preconditions:
    return Preconditions(request.headers.get("If-Match"), request.headers.get("If-None-Match"))


def _members(webhook: Webhook) -> dict[str, object]:
    return {"url": webhook.url, "events": webhook.events, "updated_at": webhook.updated_at}


def _not_configured() -> ProblemError:
    detail = "the tenant has no webhook configured"
    return ProblemError(HTTPStatus.NOT_FOUND, "webhook_not_configured", detail)


def _changed_meanwhile() -> ProblemError:
    detail = "the webhook is not what the call expects: somebody changed it meanwhile"
    return ProblemError(HTTPStatus.PRECONDITION_FAILED, "precondition_failed", detail)
