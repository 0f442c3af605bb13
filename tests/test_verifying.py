"""gooclaim_cli.verifying: diagnosing is bounded, for each capture and for all."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gooclaim_cli.capture_files import CaptureFiles, Refused
from gooclaim_cli.checking import Checked, Rules, check
from gooclaim_cli.verifying import Diagnoser
from gooclaim_cli.wire import SigningSecret
from gooclaim_cli.wire.captures import Capture, Format, Unreadable

from .wire.samples import NOW, SECRET, signed

RULES = Rules(secrets=[SECRET], now=NOW)


def rejected(secret: SigningSecret) -> Checked:
    delivery = signed(secret=secret)
    checked = check(Capture("a", Format.HISTORY, delivery.headers, delivery.body), RULES)
    assert checked is not None
    return checked


def clock(step: float) -> Iterator[float]:
    """A clock that goes on by so much each time it is looked at."""
    now = 0.0
    while True:
        yield now
        now += step


def test_a_capture_is_given_up_after_its_time() -> None:
    times = clock(0.01)
    found = Diagnoser(RULES, lambda: next(times)).diagnosed(rejected(SigningSecret("x"))).diagnosis
    assert found is not None
    assert 50 < found.tried <= 200  # 2 s of a clock that goes on by 10 ms at each look
    assert "time was up" in found.message


def test_no_more_is_diagnosed_once_all_time_is_spent() -> None:
    times = clock(0.01)
    diagnoser = Diagnoser(RULES, lambda: next(times), total=3.0)
    found = [diagnoser.diagnosed(rejected(SigningSecret(f"x{n}"))).diagnosis for n in range(4)]
    assert [each is not None for each in found] == [True, True, False, False]


def test_what_verified_when_it_came_is_told_without_any_time() -> None:
    checked = rejected(SigningSecret("x"))
    good = msgspec.structs.replace(checked.capture, verified=True)
    checked = msgspec.structs.replace(checked, capture=good)
    found = Diagnoser(RULES, lambda: 0.0, total=0.0).diagnosed(checked).diagnosis
    assert found is not None
    assert (found.code, found.tried, found.explained) == ("secret_changed", 0, False)


def test_after_several_in_vain_only_the_likely_is_tried() -> None:
    diagnoser = Diagnoser(RULES, lambda: 0.0)
    tried = []
    for number in range(5):
        found = diagnoser.diagnosed(rejected(SigningSecret(f"x{number}"))).diagnosis
        assert found is not None
        tried.append(found.tried)
    assert tried[2] > 10 * tried[3] > 0
    spoiled = diagnoser.diagnosed(rejected(SigningSecret(f"{SECRET.value}\n"))).diagnosis
    assert spoiled is not None
    assert spoiled.code == "secret_newline"
    again = diagnoser.diagnosed(rejected(SigningSecret("y"))).diagnosis
    assert again is not None
    assert again.tried > tried[3]


def test_a_file_that_does_not_fit_into_memory_is_refused_and_the_next_one_read(
    tmp_path: Path,
) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        Path(path).write_bytes(b"{}")

    def read(source: str, _pieces: Iterator[bytes]) -> Iterator[Capture | Unreadable]:
        if source == paths[0]:
            raise MemoryError
        yield Unreadable(source, "read")

    refused, other = CaptureFiles(paths, lambda _wanted: None, read)
    assert isinstance(refused, Refused)
    assert "does not fit into memory" in refused.message
    assert other == Unreadable(paths[1], "read")
