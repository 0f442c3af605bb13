"""The report of a fault names places and types, and holds no value."""

import asyncio
import re
from pathlib import Path
from typing import NoReturn

import pytest

from gooclaim_cli import __version__
from gooclaim_cli.bugs import BugReports, describe

SECRET = "whsec-that-nobody-may-see"


class OurOwnError(Exception):
    """One of a kind."""


def fail_below(secret: str) -> NoReturn:
    raise OurOwnError(secret)


def caught() -> BaseException:
    with pytest.raises(OurOwnError) as raised:
        fail_below(SECRET)
    return raised.value


def test_the_report_has_versions_and_places() -> None:
    text = describe(caught())
    first, *rest = text.splitlines()
    assert first.startswith(f"gooclaim {__version__}, Python 3.")
    assert rest[0].endswith("OurOwnError")
    assert any(line.startswith("  test_bugs.py:") and "fail_below" in line for line in rest)
    assert SECRET not in text


def test_the_report_follows_what_led_to_the_error() -> None:
    def fail() -> None:
        try:
            fail_below(SECRET)
        except OurOwnError:
            raise LookupError(SECRET) from None

    with pytest.raises(LookupError) as raised:
        fail()
    text = describe(raised.value)
    assert text.index("builtins.LookupError") < text.index("OurOwnError")
    assert SECRET not in text


def test_the_report_opens_the_group_that_tasks_fail_in() -> None:
    async def fail() -> None:
        fail_below(SECRET)

    async def together() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            tasks.create_task(fail())

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(together())
    text = describe(raised.value)
    assert text.count("OurOwnError") == 2
    assert text.count("fail_below") == 2
    assert SECRET not in text


def test_a_program_that_goes_on_files_each_kind_of_fault_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bugs = BugReports()
    first, again = bugs.report(caught()), bugs.report(caught())
    other = bugs.report(LookupError(SECRET))
    assert first == again != other
    files = [re.findall(r"\S+gooclaim-bug-\w+\.txt", said)[0] for said in (first, other)]
    assert {str(path) for path in tmp_path.iterdir()} == set(files)
    assert "OurOwnError" in Path(files[0]).read_text()
    assert "LookupError" in Path(files[1]).read_text()
    for path in tmp_path.iterdir():
        assert SECRET not in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr() == ("", "")


def test_faults_are_shown_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert BugReports(show=True).report(caught()).startswith("no report could be written")
    assert "Traceback" in capsys.readouterr().err
