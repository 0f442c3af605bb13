"""What a session tells once it is ready: where it is reached, who handles, what it has changed."""

import dataclasses

from gooclaim_cli.happenings import Ready, SandboxFacts
from gooclaim_cli.plan import ListenPlan
from gooclaim_cli.register_terms import Registered
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.telling import set_command
from gooclaim_cli.tunnels import TunnelKind


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of a session's start. `at` is UNIX seconds, `port` the one that it listens on."""

    at: float
    environment: str
    port: int
    tunnel: TunnelKind
    public_url: str | None
    inspector: str | None
    registered: Registered
    home_url: str | None
    sandbox: SandboxFacts | None


def readiness(plan: ListenPlan, settings: Settings, opened: Opened) -> Ready:
    """Put together what is told from what was planned and what came of it."""
    host = f"[{plan.bind}]" if ":" in plan.bind else plan.bind
    previous = opened.registered.home_url
    return Ready(
        at=opened.at,
        ends_at=None if plan.lasts is None else opened.at + plan.lasts,
        environment=opened.environment,
        tenant_id=settings.tenant_id,
        public_url=opened.public_url,
        local_url=f"http://{host}:{opened.port}{plan.receiver.path}",
        handlers=plan.handlers,
        tunnel=opened.tunnel,
        inspector=opened.inspector,
        registered=opened.registered.done,
        previous_url=previous,
        home_known=opened.registered.home_known,
        restore_command=set_command(previous) if previous else None,
        deadline=plan.receiver.deadline,
        events=plan.receiver.events,
        home_url=opened.home_url,
        answer_from=plan.sharing.answer_from,
        copy_to=plan.sharing.copy_to,
        keeps_bodies=plan.keep_bodies,
        sandbox=opened.sandbox,
    )
