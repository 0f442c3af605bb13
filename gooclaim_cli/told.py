"""What a session tells, in its order: nothing of its work before it is ready, notices at once."""

import contextlib
from collections.abc import Callable, Iterator

from gooclaim_cli.advice import Advice
from gooclaim_cli.happenings import Happening, Level, Notice, Ready, Summary
from gooclaim_cli.tally import Tally


class Told:
    """Passes happenings on to `show`, and counts them. `clock` gives UNIX seconds."""

    def __init__(self, show: Callable[[Happening], None], clock: Callable[[], float]) -> None:
        self._show = show
        self._clock = clock
        self._tally = Tally()
        self._advice = Advice()
        self._early: list[Happening] | None = []

    def tell(self, happening: Happening) -> None:
        """Pass a happening on; what comes before the session is ready waits until it is."""
        if self._early is not None and not isinstance(happening, Notice):
            self._early.append(happening)
            return
        self._tally.add(happening)
        self._show(happening)
        advice = self._advice.on(happening)
        if advice is not None:
            self._show(advice)

    def notice(
        self, level: Level, code: str, message: str, hint: str, *, event_id: str | None = None
    ) -> None:
        """Tell a notice."""
        self.tell(
            Notice(
                at=self._clock(),
                level=level,
                code=code,
                message=message,
                hint=hint,
                event_id=event_id,
            )
        )

    @contextlib.contextmanager
    def from_now_on(self, ready: Ready) -> Iterator[None]:
        """Tell that it is ready; after what the block has to tell, what has waited for it."""
        early, self._early = self._early or [], None
        self.tell(ready)
        yield
        for happening in early:
            self.tell(happening)

    def sum_up(self, *, restored: bool | None) -> Summary:
        """Tell the numbers, and return them."""
        summary = self._tally.summary(at=self._clock(), restored=restored)
        self._show(summary)
        return summary
