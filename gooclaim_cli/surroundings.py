"""What a listening session runs in: a sandbox of its own where one is asked for, and a tunnel."""

import dataclasses
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gooclaim_cli.guard import Gate
from gooclaim_cli.happenings import SandboxFacts
from gooclaim_cli.plan import TunnelKind
from gooclaim_cli.serving import AsgiApp
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.api import TenantApi
from gooclaim_cli.tenant.paths import EVENT_TYPES_PATH, WEBHOOK_CONFIG_PATH
from gooclaim_cli.tunnels import LocalTunnel, Tunnel, UrlTunnel
from gooclaim_cli.tunnels.local import EndpointCertificate
from gooclaim_cli.wire import SigningSecret

if TYPE_CHECKING:  # loaded only where a sandbox is asked for
    from gooclaim_cli.sandbox import SandboxOptions

_CERTIFICATE_PATH: Final = "/v1/sandbox/endpoint-certificate"


async def start_sandbox(
    stack: AsyncExitStack, options: "SandboxOptions", settings: Settings
) -> tuple[Path, SandboxFacts]:
    """Start a sandbox that ends with the stack.

    Returns a folder for the journal and the secrets, which die with it, and what it told.
    """
    from gooclaim_cli.sandbox import run_sandbox  # costs start-up

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gooclaim-")))
    running = run_sandbox(options, folder=folder, signed_content=settings.signed_content)
    sandbox = await stack.enter_async_context(running)
    return folder, sandbox.ready


def settings_for(sandbox: SandboxFacts, settings: Settings) -> Settings:
    """The sandbox's account in place of the user's own, which it has nothing to do with."""
    return dataclasses.replace(
        settings,
        api_url=sandbox.api_url,
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        tenant_id=sandbox.tenant_id,
        signing_secrets=(SigningSecret(sandbox.signing_secret),),
        home_url=None,
        webhook_config_path=WEBHOOK_CONFIG_PATH,
        event_types_path=EVENT_TYPES_PATH,
    )


async def tunnel_for(
    kind: TunnelKind, public_url: str | None, app: AsgiApp, api: TenantApi | None, gate: Gate
) -> Tunnel | None:
    """The tunnel of a kind; None where none is opened. Raises UsageError or ApiProblem."""
    if kind is TunnelKind.LOCAL and api is not None:
        issued = await api.get(_CERTIFICATE_PATH)
        certificate = EndpointCertificate(
            certificate=str(issued.get("certificate")),
            private_key=str(issued.get("private_key")),
        )
        return LocalTunnel(app, certificate, gate)
    if kind is TunnelKind.URL and public_url is not None:
        return UrlTunnel(public_url)
    return None
