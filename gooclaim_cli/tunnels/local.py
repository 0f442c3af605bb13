"""The sandbox's tunnel: an HTTPS endpoint on loopback, with a certificate of the sandbox's."""

import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from gooclaim_cli.errors import TunnelError
from gooclaim_cli.guard import Gate
from gooclaim_cli.serving import AsgiApp, serve
from gooclaim_cli.tunnels.base import OpenTunnel, Waiting
from gooclaim_cli.tunnels.kinds import TunnelKind


@dataclass(frozen=True, slots=True)
class EndpointCertificate:
    """A certificate for localhost that the sandbox trusts: PEM texts."""

    certificate: str
    private_key: str


class LocalTunnel:
    """Serves the receiver itself over TLS: the sandbox delivers to this machine only."""

    name = TunnelKind.LOCAL
    has_program = False

    def __init__(self, app: AsgiApp, certificate: EndpointCertificate, gate: Gate) -> None:
        self._app = app
        self._certificate = certificate
        self._gate = gate

    @contextlib.asynccontextmanager
    async def open(self, waiting: Waiting) -> AsyncIterator[OpenTunnel]:
        """Serve on a port that the system picks. Raises TunnelError."""
        waiting("a port on this machine")
        async with serve(self._app, tls=server_tls(self._certificate), gate=self._gate) as port:
            yield OpenTunnel(f"https://localhost:{port}", tls=_client_tls(self._certificate))


def _client_tls(certificate: EndpointCertificate) -> ssl.SSLContext:
    """Trust this very certificate, and nothing else."""
    context = ssl.create_default_context(cadata=certificate.certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def server_tls(certificate: EndpointCertificate) -> ssl.SSLContext:
    """How to serve with a certificate. Raises TunnelError.

    `ssl` takes a key from files only: it is on the disk, 0600, for that moment.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        with tempfile.TemporaryDirectory(prefix="gooclaim-") as folder:
            pem = Path(folder) / "endpoint.pem"
            pem.touch(mode=0o600)
            pem.write_text(certificate.private_key + certificate.certificate)
            context.load_cert_chain(pem)
    except (OSError, ssl.SSLError) as error:
        raise TunnelError(f"the sandbox's certificate cannot be used: {error}") from None
    return context
