"""gooclaim_cli.cli.outflow: who does not read what a session shows keeps nothing from going on."""

import fcntl
import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from gooclaim_cli.cli.outflow import Outflow, aside
from tests.e2e.support import GOOCLAIM, SandboxClient, environment, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams are what they were there")


@contextmanager
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """Both ends of one."""
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, encoding="utf-8") as reader,
        os.fdopen(writing, "w", encoding="utf-8") as writer,
    ):
        yield reader, writer


def fail(error: OSError) -> None:
    raise AssertionError(error)


def test_what_nobody_reads_yet_comes_later_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gooclaim_cli.cli.outflow._A_MOMENT", 0.01)
    lines = [f"{number} é\n" * 20 for number in range(5000)]
    with pipe() as (reader, writer):
        outflow = Outflow(fail)
        stream = aside(outflow, writer)
        for line in lines:
            stream.write(line)
            stream.flush()
        outflow.settle()
        outflow.settle()
        reading = threading.Thread(target=outflow.close)
        reading.start()
        assert reader.read(sum(map(len, lines))) == "".join(lines)
        reading.join()


def test_who_does_not_read_at_all_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gooclaim_cli.cli.outflow._AT_THE_END", 0.01)
    with pipe() as (reader, writer):
        outflow = Outflow(lambda _: None)
        stream = aside(outflow, writer)
        stream.write("x" * 1_000_000)
        stream.flush()
        outflow.close()
        assert reader.read(1_000_000) == "x" * 1_000_000
        assert outflow._wait(5)  # nothing more is written: the pipe's number may be another's soon


def test_a_reader_that_is_gone_is_told_once() -> None:
    told: list[OSError] = []
    heard = threading.Event()

    def gone(error: OSError) -> None:
        told.append(error)
        heard.set()

    with pipe() as (reader, writer):
        outflow = Outflow(gone)
        stream = aside(outflow, writer)
        reader.close()
        for _ in range(3):
            stream.write("x")
            stream.flush()
            assert heard.wait(5)
        outflow.close()
    assert [type(each) for each in told] == [BrokenPipeError]


def test_a_file_is_written_as_it_was(tmp_path: Path) -> None:
    """As is what is no file of the system's."""
    outflow = Outflow(fail)
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        assert aside(outflow, file) is file
    assert isinstance(aside(outflow, io.StringIO()), io.StringIO)


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe")
def test_a_session_goes_on_and_ends_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    command = [*GOOCLAIM, "listen", "--sandbox", "--json"]
    with running(command, environment(tmp_path)) as program:
        ready = program.told("ready")
        fcntl.fcntl(program.stdout, 1031, 4096)  # F_SETPIPE_SZ: some ten lines
        with SandboxClient(ready["sandbox"]) as sandbox:
            for _ in range(25):
                sandbox.emit("workflow.completed")
            while sum(each["state"] == "delivered" for each in sandbox.deliveries()) < 25:
                pass
        program.process.terminate()
        assert program.process.wait(10) == 0
        told = [json.loads(line) for line in program.stdout.read().splitlines()[:3]]
        assert {each["kind"] for each in told} == {"delivery"}
