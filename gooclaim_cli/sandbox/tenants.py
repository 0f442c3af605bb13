"""The tenant that a sandbox is: new ids and credentials for every run."""

from dataclasses import dataclass, field
from random import Random

from gooclaim_cli.sandbox.tokens import Client
from gooclaim_cli.tenant.environment import SANDBOX_TENANT


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant's id and its clients: one that may change its configuration, one that may not."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)

    @classmethod
    def new(cls, random: Random) -> "Tenant":
        """Make a tenant that no other run has had."""
        return cls(
            tenant_id=f"{SANDBOX_TENANT}{random.getrandbits(64):016x}",
            client_id=f"client_sandbox_{random.getrandbits(64):016x}",
            client_secret=f"secret_sandbox_{random.getrandbits(192):048x}",
        )

    @property
    def clients(self) -> tuple[Client, ...]:
        """The clients; the second is there so that a 403 can be met."""
        return (
            Client.admin(self.client_id, self.client_secret),
            Client(f"{self.client_id}_readonly", self.client_secret),
        )
