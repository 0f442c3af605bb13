"""The sandbox's own certificate authority: throwaway, made anew in every run."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import trustme

from gooclaim_cli.errors import ConfigurationError

CA_FILE_NAME: Final = "sandbox-ca.pem"
_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class EndpointCertificate:
    """What a local process needs to serve an HTTPS endpoint that the sandbox trusts (PEM)."""

    certificate: str
    private_key: str = field(repr=False)
    ca: str


class CertificateAuthority:
    """Signs certificates for this machine's names. Its own is in `ca_file`, in a given folder."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="gooclaim sandbox")
        self.ca_file = folder / CA_FILE_NAME
        try:
            self._authority.cert_pem.write_to_path(self.ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"the sandbox's certificate cannot be written to {self.ca_file}: {error.strerror}"
            ) from None

    def issue(self) -> EndpointCertificate:
        """Make a certificate for localhost, 127.0.0.1 and ::1, with a new key."""
        issued = self._authority.issue_cert(*_LOCAL_NAMES)
        chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        return EndpointCertificate(
            certificate=chain.decode(),
            private_key=issued.private_key_pem.bytes().decode(),
            ca=self._authority.cert_pem.bytes().decode(),
        )

    def trusting(self, further: Iterable[Path]) -> ssl.SSLContext:
        """How endpoints are checked: this authority, the system's and those in `further` count."""
        context = ssl.create_default_context()
        for file in (self.ca_file, *further):
            try:
                context.load_verify_locations(file)
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(
                    f"no certificates could be read from {file}: {error}",
                    "give a file of PEM certificates",
                ) from None
        return context
