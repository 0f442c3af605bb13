"""What `replay` does: selecting, planning and asking, sending and showing."""

import asyncio
import dataclasses
import ssl
import sys
import time
from pathlib import Path
from random import SystemRandom

from gooclaim_cli.cli import firing_options as firing
from gooclaim_cli.cli.consoles import output_console
from gooclaim_cli.cli.notices import notifier
from gooclaim_cli.errors import ConfigurationError, ExitCode, GooclaimError, UsageError
from gooclaim_cli.firing.aims import Aim, take_aim
from gooclaim_cli.firing.range import Conditions, Range, outgoing_for
from gooclaim_cli.firing.recording import recording
from gooclaim_cli.firing.replaying import Cartridge, Pace, Replayed, replay
from gooclaim_cli.firing.replays import Manner, Original, replay_shot, sample_of
from gooclaim_cli.firing.selecting import Wanted, from_arguments, from_history
from gooclaim_cli.firing.shots import Signer
from gooclaim_cli.happenings import Level
from gooclaim_cli.history.reading import HistoryReader
from gooclaim_cli.render import replaying as shown
from gooclaim_cli.render.json_lines import write_object
from gooclaim_cli.render.terminal import write_lines
from gooclaim_cli.sending import Sender
from gooclaim_cli.settings import Settings
from gooclaim_cli.tenant.environment import Environment, environment_of

_ASKED_BEYOND = 20


def select(arguments: tuple[str, ...], wanted: Wanted, known: Settings) -> tuple[Original, ...]:
    """Find what is to be sent. Raises GooclaimError where that is nothing, or cannot be read."""
    narrowed = wanted != Wanted()
    if bool(arguments) == narrowed:
        raise UsageError(
            "ids and files go without --last, --failed, --type and --since"
            if arguments
            else "nothing says what to replay",
            "write an id of gooclaim history, a file, --last, --failed, --type or --since",
        )
    with HistoryReader(known.places.history) as reader:
        if arguments:
            return from_arguments(reader, arguments)
        found = from_history(reader, wanted)
    if not found:
        raise GooclaimError(
            "nothing in the history is like this", "gooclaim history lists what there is"
        )
    return found


def aims_for(originals: tuple[Original, ...], to: str | None, known: Settings) -> tuple[Aim, ...]:
    """Where each goes: what was said, a running session's handler, the settings', or where it
    went when it came. Raises UsageError.
    """
    sessions = firing.sessions_for(to, known)

    def aim(original: Original) -> Aim:
        event_type = sample_of(original).event_type
        try:
            return take_aim(
                event_type,
                to=to,
                command="replay ...",
                sessions=sessions,
                forward_to=known.forward_to,
            )
        except UsageError:
            if original.url is None or sessions or to is not None:
                raise
            return Aim(original.url)

    return tuple(map(aim, originals))


def manner_for(
    aim: Aim, secret_file: Path | None, known: Settings, *, verbatim: bool, new_key: bool
) -> Manner:
    """How they are sent. Raises ConfigurationError where nothing is known to sign with."""
    try:
        signer = Signer(firing.secret_for(aim, secret_file, known), known.signed_content)
    except ConfigurationError:
        if not verbatim or secret_file is not None:
            raise
        return Manner(signer=None)  # it needs no secret; what is right cannot be told
    return Manner(signer=None if verbatim else signer, judge=signer, new_key=new_key)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sent where and how. `conditions` are those of every target."""

    originals: tuple[Original, ...]
    aims: tuple[Aim, ...]
    manner: Manner
    pace: Pace
    conditions: Conditions

    @property
    def targets(self) -> tuple[str, ...]:
        """The URLs, each once."""
        return tuple(dict.fromkeys(aim.url for aim in self.aims))

    def settle(self, *, as_json: bool, dry_run: bool, yes: bool) -> bool:
        """Show the plan and ask where there is much to send; return whether to go on.

        Raises UsageError where nobody can be asked.
        """
        many = len(self.originals) > _ASKED_BEYOND and not (yes or dry_run)
        if many and (as_json or not sys.stdin.isatty()):
            raise UsageError(
                f"{len(self.originals):,} events would be sent, and nobody is there to be asked",
                "add --yes to send them, or --dry-run to look first",
            )
        if as_json and dry_run:
            write_object(
                shown.plan_object(self.originals, self.targets, at=time.time()), sys.stdout
            )
        elif not as_json and (dry_run or len(self.originals) > 1):
            console = output_console()
            write_lines(console, shown.plan_lines(self.originals, self.targets, self._how, console))
        self._warn(as_json=as_json)
        if dry_run:
            return False
        if not many:
            return True
        sys.stderr.write(shown.question(len(self.originals)))
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return True
        sys.stderr.write("Nothing was sent.\n")
        return False

    def _warn(self, *, as_json: bool) -> None:
        """Tell of what was rejected when it came: signed anew, a handler takes it for genuine."""
        for original in self.originals:
            if original.reasons and self.manner.signer is not None:
                notifier(as_json=as_json)(
                    Level.WARNING,
                    "rejected_signed_anew",
                    f"{original.source} was rejected when it came ({', '.join(original.reasons)}):"
                    " signed anew, your handler takes it for a genuine one",
                    "to send it as it came: --verbatim",
                )

    @property
    def _how(self) -> str:
        if self.manner.signer is None:
            return "as they were recorded"
        return f"signed anew{', under new keys' if self.manner.new_key else ''}"


def run(
    plan: Plan, known: Settings, tls: ssl.SSLContext | None, *, as_json: bool, diff: bool
) -> ExitCode:
    """Send and show; REFUSED where an answer is not right, or, with `diff`, another one."""
    done: list[Replayed] = []
    console = output_console()
    board = (
        shown.ReplayObjects(sys.stdout, diff=diff)
        if as_json
        else shown.ReplayLines(
            console,
            several=len(plan.originals) > 1,
            diff=diff,
            attempts=plan.conditions.attempts,
        )
    )
    try:
        asyncio.run(_run(plan, known, tls, done, board))
    except KeyboardInterrupt:
        board.end([each.fired for each in done])
        raise
    board.end([each.fired for each in done])
    right = all(each.fired.held for each in done)
    differs = diff and any(each.differs for each in done)
    return ExitCode.OK if right and not differs else ExitCode.REFUSED


async def _run(
    plan: Plan,
    known: Settings,
    tls: ssl.SSLContext | None,
    done: list[Replayed],
    board: shown.ReplayObjects | shown.ReplayLines,
) -> None:
    environment = environment_of(known.api_url)
    keep_bodies = environment is not Environment.PRODUCTION
    history = recording(known.places.history, environment=environment, keep_bodies=keep_bodies)
    async with Sender(tls=tls) as sender, history as recorder:
        ranges = {
            url: Range(
                dataclasses.replace(plan.conditions, to=url), sender, random=SystemRandom(), tls=tls
            )
            for url in plan.targets
        }

        def tell(replayed: Replayed) -> None:
            done.append(replayed)
            board.show(replayed, recorder.record(replayed.original, replayed.fired))

        cartridges = [
            Cartridge(original=original, to=ranges[aim.url])
            for original, aim in zip(plan.originals, plan.aims, strict=True)
        ]
        await replay(cartridges, plan.manner, plan.pace, tell)


def print_commands(plan: Plan, program: str, *, as_json: bool) -> None:
    """Print a command each that sends the same without us. Raises UsageError."""
    from gooclaim_cli.render.requests import As, write_command

    if program not in tuple(As):
        raise UsageError(f"--as {program!r} is unknown", f"choose from {', '.join(As)}, pytest")
    for original, aim in zip(plan.originals, plan.aims, strict=True):
        shot = replay_shot(original, plan.manner, at=time.time(), random=SystemRandom())
        conditions = dataclasses.replace(plan.conditions, to=aim.url)
        outgoing = outgoing_for(shot, conditions)
        write_command(As(program), outgoing, sys.stdout, as_json=as_json, at=time.time())
