"""gooclaim_cli.cli.session: what a session writes for programs."""

import io
import os

from gooclaim_cli.cli.session import gathering


def test_lines_are_written_together_whatever_the_interpreter_was_told() -> None:
    """As PYTHONUNBUFFERED makes standard output, each line would be a call of the system."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with (
        io.FileIO(reading) as reader,
        io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8", write_through=True) as stream,
    ):
        gathered = gathering(stream)
        gathered.write("one\n")
        gathered.write("two é\n")
        assert reader.read() is None
        gathered.flush()
        assert reader.read() == "one\ntwo é\n".encode()
        gathered.close()
        stream.write("three\n")  # is still open
        assert reader.read() == b"three\n"


def test_a_stream_that_gathers_by_itself_is_left_alone() -> None:
    for stream in (io.StringIO(), io.TextIOWrapper(io.BytesIO())):
        assert gathering(stream) is stream
