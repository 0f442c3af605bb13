"""Where a command fires and how, from the text of its flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli.options import header, seconds

if TYPE_CHECKING:
    import ssl

    from gooclaim_cli.firing.range import Conditions
    from gooclaim_cli.firing.shots import Signer

_ANY_TENANT: Final = "tnt_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the flags came to. `slow` is how many seconds a slow body takes."""

    conditions: "Conditions"
    signer: "Signer"
    tenant_id: str
    tls: "ssl.SSLContext | None"
    slow: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The flags as they were typed; `command` is what stands before them."""

    command: str
    to: str | None
    profile: str | None
    secret_file: Path | None
    slow: str
    header: Sequence[str] | None
    deadline: str
    cacert: Path | None
    skip_tls_verify: bool
    yes_remote: bool

    def find(self, event_type: str) -> Found:
        """Find the handler of an event type, and what to sign with. Raises GooclaimError."""
        from gooclaim_cli import settings
        from gooclaim_cli.firing.range import Conditions
        from gooclaim_cli.firing.shots import Signer

        known = settings.load({"profile": self.profile})
        aim = firing.aim_at(event_type, self.to, known, self.command)
        secret = firing.secret_for(aim, self.secret_file, known)
        firing.permit(aim, secret, known, yes_remote=self.yes_remote)
        tenant_id = aim.session.tenant_id if aim.session else known.tenant_id
        return Found(
            conditions=Conditions(
                to=aim.url,
                deadline=seconds("--deadline", self.deadline),
                replace=tuple(map(header, self.header or ())),
            ),
            signer=Signer(secret, known.signed_content),
            tenant_id=tenant_id or _ANY_TENANT,
            tls=firing.tls_for([aim.url], self.cacert, verify=not self.skip_tls_verify),
            slow=seconds("--slow", self.slow, zero=True),
        )
