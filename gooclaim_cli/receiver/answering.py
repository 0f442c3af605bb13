"""Who answers the deliveries of a session: its handlers, or the home URL."""

from collections.abc import Callable

from gooclaim_cli.happenings import Happening
from gooclaim_cli.history.ledger import Ledger
from gooclaim_cli.receiver.exchange import Exchange, ExchangePolicy
from gooclaim_cli.receiver.forwarding import Forwarder
from gooclaim_cli.receiver.home_first import HomeFirst
from gooclaim_cli.receiver.passing_on import PassingOn


def answering(
    policy: ExchangePolicy,
    *,
    ledger: Ledger,
    forwarder: Forwarder,
    passing_on: PassingOn | None,
    home_answers: bool,
    tell: Callable[[Happening], None],
    clock: Callable[[], float],
    fault: Callable[[Exception], None],
) -> Exchange | HomeFirst:
    """Whoever answers deliveries: the handler, or, with `home_answers`, the home URL.

    `fault` is told of our own mistakes that meet no delivery's answer.
    """
    by_home = home_answers and passing_on is not None
    exchange = Exchange(
        policy,
        ledger=ledger,
        forwarder=forwarder,
        tell=tell,
        clock=clock,
        fault=fault,
        passing_on=None if by_home else passing_on,
        counts=not by_home,
    )
    if not home_answers or passing_on is None:
        return exchange
    return HomeFirst(
        policy, exchange=exchange, passing_on=passing_on, ledger=ledger, tell=tell, clock=clock
    )
