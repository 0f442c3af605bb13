"""The corpus: every capture has the verdict, the reasons and the diagnosis that it is to have."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import home, run_here
from tests.cli.support import RunHere

HERE = Path(__file__).parent
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in HERE.joinpath("expected.jsonl").read_text("utf-8").splitlines()
]
SECRET = "whsec_Y29ycHVzX29idmlvdXNseV9mYWtl"
JUST_AFTER = "2026-05-20T10:14:26Z"
__all__ = ["home", "run_here"]  # fixtures


def test_every_file_is_expected_and_there_are_many() -> None:
    files = {path.name for path in (HERE / "captures").iterdir()}
    assert files == {row["file"] for row in ROWS}
    assert len(files) >= 120
    formats = {name.split("-")[0] for name in files}
    for each in formats:
        assert f"{each}-good" in {name.split(".")[0] for name in files}
        assert sum(name.startswith(f"{each}-") for name in files) >= 8


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_capture(row: dict[str, Any], run_here: RunHere) -> None:
    variables = {"GOOCLAIM_SIGNING_SECRET": row.get("secret", SECRET)}
    if "signed_content" in row:
        variables["GOOCLAIM_SIGNED_CONTENT"] = row["signed_content"]
    options = ["--at", JUST_AFTER, "--json"]
    for name, value in row.get("headers", ()):
        if name == "X-Gooclaim-Signature":
            options += ["--signature", value]
        else:
            options += ["--header", f"{name}: {value}"]
    done = run_here(["verify", str(HERE / "captures" / row["file"]), *options], **variables)
    assert done.stderr == ""
    capture, summary = map(json.loads, done.stdout.splitlines())
    diagnosis = capture["diagnosis"]
    assert capture["verdict"] == row["verdict"], capture
    assert capture["reasons"] == row["reasons"], capture
    assert (diagnosis and diagnosis["code"]) == row["diagnosis"], capture
    assert done.code == (0 if row["verdict"] == "verified" else 1)
    assert summary["captures"] == 1
