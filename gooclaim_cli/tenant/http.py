"""One call to Gooclaim's API: sent, retried where that is right, its errors translated.

httpx's exceptions and problem details (RFC 7807) become `ApiProblem` here and nowhere else.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import msgspec
import tenacity

from gooclaim_cli.errors import ApiError, ConfigurationError, ExitCode
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.tenant.reaching import is_untrusted, retry_after, system_trust, why_unreached

TIMEOUT: Final = 10.0
BACKOFF: Final = 0.25
ATTEMPTS: Final = 4
_LONGEST_WAIT: Final = 60.0  # the token call's limit is one of calls a minute
_JITTER: Final = 0.1
_LONGEST_ANSWER: Final = 1024 * 1024
_HEADERS_READ: Final = (b"date", b"etag", b"retry-after")
# The answer to a call that is sent again (with the same Idempotency-Key) is the same one.
_PASSING: Final = (429, 500, 502, 503, 504)


class ApiProblem(ApiError):  # noqa: N818 - the name of RFC 7807
    """The API's refusal. `status` is None where no answer came; 401 and 403 are credentials'.

    `wait`: the seconds that the API asks to wait. `final`: no later try can go better.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None,
        wait: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.wait = wait
        self.final = final

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed a little later."""
        return not self.final and (self.status is None or self.status in _PASSING)


class CredentialsError(ApiProblem):
    """The client id, its secret, or what they allow is wrong."""

    exit_code = ExitCode.CONFIGURATION


def open_client(
    api_url: str, hooks: Mapping[str, list[Callable[..., Any]]] | None = None
) -> httpx.AsyncClient:
    """A client for an API; the environment's proxies are for other machines only.

    `hooks` are httpx's, and see every request and answer. Raises ConfigurationError where the URL
    is no address, or a proxy variable cannot be meant.
    """
    try:
        url = httpx.URL(api_url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(
            f"the API URL is no address: {error}", "mend GOOCLAIM_API_URL"
        ) from None
    try:
        return httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT,
            trust_env=not is_loopback(url.host),
            verify=system_trust() if url.scheme == "https" else False,
            headers={"Accept": "application/json"},
            event_hooks=hooks,
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:  # may quote a proxy's password
        socks = "; for SOCKS: pip install 'httpx[socks]'" if isinstance(error, ImportError) else ""
        raise ConfigurationError(
            "a proxy variable (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) names no proxy that can be used",
            f"write http://HOST:PORT{socks}; NO_PROXY=HOST excepts a host",
        ) from None


async def call(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    attempts: int = ATTEMPTS,
    backoff: float = BACKOFF,
    hide: tuple[str, ...] = (),
    on_retry: Callable[[ApiProblem, float], None] = lambda _problem, _wait: None,
) -> httpx.Response:
    """Send until an answer is final. `on_retry` hears of each problem that is tried again.

    Returns 2xx and 404 answers. Raises ApiProblem for the rest and where no answer comes; its
    message never holds a text of `hide`.
    """
    content = None if json is None else msgspec.json.encode(json)
    sent = dict(headers or {}) | ({"Content-Type": "application/json"} if content else {})
    async for attempt in tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_worth_retrying),
        stop=tenacity.stop_after_attempt(attempts),
        wait=lambda state: _wait(state, backoff),
        before_sleep=lambda state: on_retry(_problem_of(state), state.upcoming_sleep),
        reraise=True,
    ):
        with attempt:
            response = await _call_once(client, method, path, sent, content)
            if response.is_success or response.status_code == 404:
                return response
            raise problem(response, hide)
    raise AssertionError("tenacity returns or raises")


async def _call_once(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> httpx.Response:
    try:
        async with (
            asyncio.timeout(client.timeout.read),  # the client's own is for each piece of it
            client.stream(method, path, headers=headers, content=body) as answer,
        ):
            return await _whole(answer)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, TimeoutError) as error:
        reason, hint = why_unreached(client.base_url.host, error)
        raise ApiProblem(reason, hint, status=None, final=is_untrusted(error)) from None


async def _whole(answer: httpx.Response) -> httpx.Response:
    """Read an answer, decoded, as far as any that is meant goes. Raises ApiProblem."""
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > _LONGEST_ANSWER:
            raise ApiProblem(
                f"{answer.request.url.path}: the answer is too long",
                "is GOOCLAIM_API_URL the address of Gooclaim's API?",
                status=answer.status_code,
            )
    kept = [(name, value) for name, value in answer.headers.raw if name.lower() in _HEADERS_READ]
    return httpx.Response(
        answer.status_code, headers=kept, content=bytes(content), request=answer.request
    )


def problem(response: httpx.Response, hide: tuple[str, ...] = ()) -> ApiProblem:
    """Translate an error answer (RFC 7807 problem details, or anything else).

    A server may repeat what it was sent: what is in `hide` is not passed on.
    """
    status = response.status_code
    detail = _detail(response, hide) or response.reason_phrase or "no reason given"
    message = f"{response.request.method} {response.request.url.path}: {status} {detail}"
    if status == 401:
        return CredentialsError(
            message,
            "check the client's id and secret: gooclaim login, or GOOCLAIM_CLIENT_ID and"
            " GOOCLAIM_CLIENT_SECRET",
            status=status,
        )
    if status == 403:
        return CredentialsError(
            message,
            "the client needs the scope tenant:admin; without it use --no-register and paste the"
            " URL into the Console",
            status=status,
        )
    wait = retry_after(response.headers, now=time.time())
    hint = "" if wait is None else f"Gooclaim asks to wait {wait:.0f} s before the next try"
    return ApiProblem(message, hint, status=status, wait=wait)


def members(response: httpx.Response) -> dict[str, Any]:
    """Decode an answer that must be a JSON object. Raises ApiProblem."""
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise ApiProblem(
            f"{response.request.url.path}: the answer is not a JSON object",
            "is GOOCLAIM_API_URL the address of Gooclaim's API?",
            status=response.status_code,
        ) from None


def _detail(response: httpx.Response, hide: tuple[str, ...]) -> str:
    try:
        found = msgspec.json.decode(response.content, type=dict[str, Any])
    except (ValueError, RecursionError):
        return ""
    code, text = found.get("error_code"), found.get("detail") or found.get("title")
    said = (text, f"({code})" if isinstance(code, str) and code else None)
    texts = [part for part in said if isinstance(part, str) and part]
    for secret in filter(None, hide):
        texts = [text.replace(secret, "(hidden)") for text in texts]
    return " ".join(" ".join(text.split())[:200] for text in texts)


def _worth_retrying(error: BaseException) -> bool:
    if not isinstance(error, ApiProblem) or not error.passing:
        return False
    return error.wait is None or error.wait <= _LONGEST_WAIT


def _problem_of(state: tenacity.RetryCallState) -> ApiProblem:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, ApiProblem):
        raise TypeError("only problems are retried")
    return error


def _wait(state: tenacity.RetryCallState, backoff: float) -> float:
    """Retry-After where there is one, else exponential from `backoff` on; with jitter."""
    told = _problem_of(state).wait
    if told is not None:
        return told + tenacity.wait_random(0.0, told * _JITTER)(state)
    jitter = tenacity.wait_random(0.0, backoff)
    return (tenacity.wait_exponential(multiplier=backoff, max=4.0) + jitter)(state)
