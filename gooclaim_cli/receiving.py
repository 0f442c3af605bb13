"""Starting the receiver of a session, with the history and the sender that it works with.

Costs start-up: it is loaded while the tunnel opens.
"""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from gooclaim_cli.happenings import Happening, Level
from gooclaim_cli.history.keeping import keeping
from gooclaim_cli.plan import ListenPlan
from gooclaim_cli.receiver import Forwarder, Receiver
from gooclaim_cli.receiver.passing_on import PassingOn, passing_on
from gooclaim_cli.sending import Sender, client_tls
from gooclaim_cli.sessions import Sessions
from gooclaim_cli.setting_keys import Outlives
from gooclaim_cli.settings import Settings
from gooclaim_cli.sharing import AnswerFrom
from gooclaim_cli.wire import SigningSecret


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """What a session gives its receiver. With `any_tenant`, events of all tenants are taken."""

    environment: str
    session_id: str
    any_tenant: bool
    secrets: Callable[[], Sequence[SigningSecret]]
    tell: Callable[[Happening], None]
    notify: Callable[[Level, str, str, str], None]
    report: Callable[[Exception], str]
    clock: Callable[[], float]


async def start_receiver(
    stack: AsyncExitStack, plan: ListenPlan, settings: Settings, session: Receiving
) -> tuple[Receiver, PassingOn | None]:
    """Start it and what passes its deliveries on, if anything does; both are the stack's to end.

    Raises StorageError, ConfigurationError.
    """
    sessions, owned = Sessions(settings.places.data / "sessions"), session.session_id
    stack.enter_context(sessions.hold(owned))
    outlives_power_cut = settings.history_outlives is Outlives.POWER_CUT
    ledger = await stack.enter_async_context(
        keeping(
            settings.places.history,
            environment=session.environment,
            owner=owned,
            is_gone=lambda owner: owner != owned and sessions.is_gone(owner),
            synchronous="FULL" if outlives_power_cut else "NORMAL",
            keep_bodies=plan.keep_bodies,
            retain=plan.retain,
            clock=session.clock,
            notify=session.notify,
        )
    )
    sharing, further = plan.sharing, None
    if sharing.pass_on or sharing.copy_to:
        further = await stack.enter_async_context(
            passing_on(ledger, session.tell, copies=sharing.copy_to, clock=session.clock)
        )
    tls = client_tls(cacert=plan.cacert, verify=plan.verify_handlers)
    sender = await stack.enter_async_context(Sender(tls=tls))
    receiver = Receiver(
        dataclasses.replace(
            plan.receiver,
            tenant_id=None if session.any_tenant else settings.tenant_id,
            signed_content=settings.signed_content,
            home_answers=sharing.answer_from is AnswerFrom.HOME,
            unverified=sharing.unverified,
        ),
        secrets=session.secrets,
        ledger=ledger,
        forwarder=Forwarder(sender, plan.handlers, replace=plan.replace_headers),
        tell=session.tell,
        report=session.report,
        clock=session.clock,
        passing_on=further,
    )
    stack.push_async_callback(receiver.close)
    return receiver, further
