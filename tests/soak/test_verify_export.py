"""A small export; for a large one: `python -m tests.soak.verify_export --size 10GiB`."""

import sys
from pathlib import Path

import pytest

from tests.soak.verify_export import main


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("compressed", [False, True])
def test_memory_is_bounded_and_every_line_counted(
    compressed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--gz"] if compressed else ["--file", str(tmp_path)]
    code = main(["--size", "3MiB", *where])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "all held" in told
    assert not list(tmp_path.iterdir())
