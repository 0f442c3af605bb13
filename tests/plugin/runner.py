"""As much of GitHub's runner as a workflow of ours needs: its steps, in order, each in a bash.

https://docs.github.com/actions/reference/workflows-and-actions: what is written to GITHUB_ENV is in
the environment of the steps behind, what runs in the background lives on until the job ends, and
is then found and ended by RUNNER_TRACKING_ID.
"""

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

STEP_WITHIN = 60
_PINNED = re.compile(r"actions/[a-z-]+@v[0-9]+")


@dataclass(frozen=True)
class Step:
    """A step that has run: what it wrote, on both streams, and its exit code."""

    name: str
    code: int
    output: str


class Job:
    """A job of a workflow, in a checkout. `env` goes over the workflow's own."""

    def __init__(self, workflow: Path, name: str, checkout: Path, env: Mapping[str, str]) -> None:
        self._document: Any = yaml.safe_load(workflow.read_text("utf-8"))
        self._job = self._document["jobs"][name]
        self._checkout = checkout
        self.temporary = checkout.parent / "runner"
        self.temporary.mkdir()
        self._exported = self.temporary / "github.env"
        self._tracking = f"github_{checkout}"  # of this run of the tests alone
        own = {each: str(value) for each, value in self._document["env"].items()}
        self._env = {
            **own,
            **env,
            "GITHUB_ENV": str(self._exported),
            "RUNNER_TEMP": str(self.temporary),
            "RUNNER_TRACKING_ID": self._tracking,
        }

    @property
    def used(self) -> list[str]:
        """The actions of others, which do not run here."""
        return [step["uses"] for step in self._job["steps"] if "uses" in step]

    def only(self, name: str) -> None:
        """Keep one step."""
        self._job["steps"] = [step for step in self._job["steps"] if step.get("name") == name]

    def run(self) -> Iterator[Step]:
        """Run the steps, until one fails. What is left in the background is ended."""
        assert self._document["defaults"]["run"] == {"shell": "bash"}
        try:
            for step in self._job["steps"]:
                if "run" not in step:
                    assert _PINNED.fullmatch(step["uses"])
                    continue
                assert step.keys() == {"name", "run"}
                ran = self._step(step["name"], step["run"])
                yield ran
                if ran.code:
                    return
        finally:
            self._end_the_rest()

    def _step(self, name: str, script: str) -> Step:
        assert "${{" not in script
        file = self.temporary / "step.sh"
        file.write_text(script)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
        self._exported.write_text("")
        ran = subprocess.run(
            command,
            cwd=self._checkout,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_WITHIN,
            check=False,
        )
        for line in self._exported.read_text().splitlines():
            variable, equals, value = line.partition("=")
            assert equals, line
            self._env[variable] = value
        return Step(name, ran.returncode, ran.stdout)

    def left_behind(self) -> list[psutil.Process]:
        """The processes of this job that still run."""
        found = []
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if each.environ().get("RUNNER_TRACKING_ID") == self._tracking:
                    found.append(each)
        return found

    def _end_the_rest(self) -> None:
        rest = self.left_behind()
        for each in rest:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.terminate()
        for each in psutil.wait_procs(rest, timeout=5)[1]:
            each.kill()
