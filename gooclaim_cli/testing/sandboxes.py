"""A sandbox that runs in a thread of the test's own process, on loopback, as long as it is asked.

It is the real one, with sockets and TLS. Everything that a test wants of it goes through its API.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from gooclaim_cli.errors import UsageError
from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.hosts import is_loopback
from gooclaim_cli.testing.calls import RefusedError, SandboxCalls
from gooclaim_cli.testing.events import present, require_no_slip
from gooclaim_cli.testing.outcomes import EmittedEvent, Progress

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from gooclaim_cli.sandbox import OutboundDelivery, SandboxOptions
    from gooclaim_cli.wire import SignedContent

# As many attempts as Gooclaim makes, but within the patience of a test.
_RETRY_SCHEDULE: Final = (0.05,) * 5


class RunningSandbox:
    """A sandbox, with what a test may want of it. Made by `running_sandbox`."""

    def __init__(
        self,
        facts: SandboxFacts,
        *,
        folder: Path,
        portal: "BlockingPortal",
        stack: contextlib.ExitStack,
        progress: Progress,
    ) -> None:
        self.api_url = facts.api_url
        self.client_id = facts.client_id
        self.client_secret = facts.client_secret
        self.tenant_id = facts.tenant_id
        self.signing_secret = facts.signing_secret
        self.ca_file = Path(facts.ca_file)
        self._progress = progress
        self._calls = SandboxCalls(facts)
        self._folder = folder
        self._portal = portal
        self._stack = stack

    def __repr__(self) -> str:
        return f"<RunningSandbox {self.tenant_id} {self.api_url}>"

    @property
    def env(self) -> dict[str, str]:
        """The settings for another program, as environment variables: `{**os.environ, **env}`.

        With them, `gooclaim` itself keeps its files in a folder that goes with the sandbox.
        """
        return {
            "GOOCLAIM_API_URL": self.api_url,
            "GOOCLAIM_CLIENT_ID": self.client_id,
            "GOOCLAIM_CLIENT_SECRET": self.client_secret,
            "GOOCLAIM_TENANT_ID": self.tenant_id,
            "GOOCLAIM_SIGNING_SECRET": self.signing_secret,
            "GOOCLAIM_HOME": str(self._folder / "home"),
        }

    def point_at(self, url: str | None, events: Sequence[str] = ("*",)) -> None:
        """Configure the tenant's webhook URL, and the event types that it is subscribed to.

        A plain http URL of this machine gets an HTTPS front, since Gooclaim delivers to HTTPS only.
        None: no URL is configured. Raises UsageError for another http URL, ApiError.
        """
        path = f"/v1/tenants/{self.tenant_id}/webhook"
        found = self._is_configured(path)
        if url is None:
            if found:
                self._calls.call("DELETE", path)
            return
        condition = {"If-Match": "*"} if found else {"If-None-Match": "*"}
        members = {"url": self._reachable(url), "events": list(events)}
        answer = self._calls.call("PUT", path, members, headers=condition)
        self.signing_secret = answer["signing_secret"]

    def emit(
        self,
        event_type: str | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        any_type: bool = False,
    ) -> EmittedEvent:
        """Have an event sent to the configured URL. One whose key was sent before is a duplicate.

        `data` goes over that of the sample event. Raises ApiError, and, unless `any_type`,
        UsageError for an event type that looks like a slip of the pen.
        """
        __tracebackhide__ = True
        require_no_slip(event_type, any_type=any_type)
        asked = {"event_type": event_type, "data": data, "idempotency_key": idempotency_key}
        return self._emitted(self._calls.call("POST", "/v1/sandbox/events", asked))

    def deliveries(self) -> "tuple[OutboundDelivery, ...]":
        """Every event that was to be sent, in order, with its attempts."""
        return self._listed("deliveries")

    def dead_letters(self) -> "tuple[OutboundDelivery, ...]":
        """The events that were given up."""
        return self._listed("dead_letters")

    def replay(self, event_id: str) -> EmittedEvent:
        """Send a dead letter again. Raises ApiError where there is none."""
        path = f"/v1/sandbox/dead-letters/{event_id}/replay"
        return self._emitted(self._calls.call("POST", path))

    def behave(self, **behaviour: Any) -> None:
        """Misbehave from now on, by the names of the README's table; without any: behave again.

        `behave(duplicates=1.0)`, `behave(api={"status": 503})`. Raises ApiError for a bad name.
        """
        self._calls.call("POST", "/v1/sandbox/behaviour", behaviour)

    def _emitted(self, members: Mapping[str, str]) -> EmittedEvent:
        return EmittedEvent(self.deliveries, self._progress, **members)

    def _listed(self, name: str) -> "tuple[OutboundDelivery, ...]":
        from gooclaim_cli.sandbox import OutboundDelivery

        members = self._calls.call("GET", f"/v1/sandbox/{name.replace('_', '-')}")[name]
        return msgspec.convert(members, tuple[OutboundDelivery, ...])

    def _is_configured(self, path: str) -> bool:
        try:
            self._calls.call("GET", path)
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _reachable(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "http":
            return url
        if parts.hostname is None or not is_loopback(parts.hostname):
            raise UsageError(f"{url} is plain http", "give an https URL, or one of this machine")
        from gooclaim_cli.testing.front import PlainAddress, https_front
        from gooclaim_cli.tunnels.local import EndpointCertificate, server_tls

        issued = self._calls.call("GET", "/v1/sandbox/endpoint-certificate")
        tls = server_tls(msgspec.convert(issued, EndpointCertificate))
        to = PlainAddress(parts.hostname, parts.port or 80)
        front = self._portal.wrap_async_context_manager(https_front(to, tls))
        port = self._stack.enter_context(front)
        host = f"[{to.host}]" if ":" in to.host else to.host
        return parts._replace(scheme="https", netloc=f"{host}:{port}").geturl()


@contextlib.contextmanager
def running_sandbox(
    signing_secret: str | None = None,
    *,
    signed_content: "SignedContent | None" = None,
    **options: Any,
) -> Iterator[RunningSandbox]:
    """Run a sandbox until the context is left: a tenant of its own, nothing sent by itself.

    `options` are those of SandboxOptions. Unless they say otherwise, only what is emitted is sent,
    and retries come every 50 ms, as often as Gooclaim's. Raises UsageError for unknown ones.
    """
    from anyio.from_thread import start_blocking_portal

    from gooclaim_cli.sandbox import run_sandbox
    from gooclaim_cli.wire import SignedContent

    chosen, progress = _options({"signing_secret": signing_secret, **options}), Progress()
    with contextlib.closing(contextlib.ExitStack()) as stack:  # what a test raises is its own
        temporary = tempfile.TemporaryDirectory(prefix="gooclaim-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        portal = stack.enter_context(start_blocking_portal(name="gooclaim sandbox"))
        runs = run_sandbox(
            chosen,
            folder=folder,
            signed_content=signed_content or SignedContent.BODY,
            observe=progress.note,
            clock=present,
        )
        running = stack.enter_context(portal.wrap_async_context_manager(runs))
        yield RunningSandbox(
            running.ready, folder=folder, portal=portal, stack=stack, progress=progress
        )


def _options(chosen: Mapping[str, Any]) -> "SandboxOptions":
    from gooclaim_cli.sandbox import SandboxOptions

    known = [each.name for each in fields(SandboxOptions)]
    unknown = sorted(chosen.keys() - set(known))
    if unknown:
        raise UsageError(
            f"a sandbox has no option {', '.join(unknown)}", f"choose from {', '.join(known)}"
        )
    defaults = {"emit": False, "retry_schedule": _RETRY_SCHEDULE, "jitter": 0.0}
    return SandboxOptions(**{**defaults, **chosen})
