"""The examples' README says what there is, and what a new user types works."""

import os
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.examples.kinds import EXPRESS, KINDS, MAY_SKIP, Kind
from tests.examples.running import EXAMPLES, PATIENCE, README, Output, blocks, script, terminal

_ROOT = EXAMPLES.parent


def test_every_example_is_mentioned_and_tested() -> None:
    for path in (*EXAMPLES.glob("handler.*"), *EXAMPLES.glob("*/[hH]andler.*")):
        assert f"]({path.relative_to(EXAMPLES)})" in README
        assert path.parent in {EXAMPLES, *(kind.folder for kind in KINDS)}


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_it_says_to_install_is_what_the_tests_have(kind: Kind) -> None:
    """A requirement that only the README knows would be one that no test has tried."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {*project["dependencies"], *project["optional-dependencies"]["examples"]}
    for file in kind.folder.glob("requirements.txt"):
        assert "-r requirements.txt" in blocks(kind.heading)[0]
        assert set(file.read_text("utf-8").splitlines()) <= known


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are a shell's")
def test_a_new_user_sees_that_everything_holds(tmp_path: Path) -> None:
    """The commands of `Run one`, with the example on a page, each in a terminal of its own."""
    listen, export, check = blocks("Run one")
    (handler,) = blocks("Python alone")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("[!h]*"))
    home = {"GOOCLAIM_HOME": str(tmp_path / "home"), "PATH": f"{sys.prefix}/bin:/usr/bin:/bin"}
    heard, checked = Output(), Output()
    with terminal(script(listen, port), tmp_path, heard, **home):
        secret = heard.find(r"whsec_sandbox_\w+")[0]
        typed = script(export.replace("whsec_sandbox_...", secret) + handler, port)
        handled = Output()
        with terminal(typed, tmp_path, handled, **home):
            handled.find("^[0-9]+$")
            heard.find(r"workflow\.started .* 200")
            with terminal(script(check), tmp_path, checked, **home) as sent:
                assert sent.wait(PATIENCE) == 0, checked.lines
    assert checked.find(r"(\d+) of \1 held")


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "handler.py", "0"],
        pytest.param(
            ["node", "express/handler.js", "0"],
            marks=pytest.mark.skipif(
                bool(EXPRESS.missing) and MAY_SKIP, reason="Express is not installed"
            ),
        ),
    ],
)
def test_without_a_secret_one_line_says_so(command: list[str]) -> None:
    kept = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, cwd=EXAMPLES, env=kept, capture_output=True, text=True, check=False, timeout=30
    )
    said = "GOOCLAIM_SIGNING_SECRET is not set\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
