"""Tunnel programs and authtokens on this machine."""

from pathlib import Path

import pytest

from gooclaim_cli.tunnels.finding import downloaded_ngrok, find, find_program, version_of


def program(path: Path, output: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{output}'\n")
    path.chmod(0o755)
    return path


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin"), **variables}


def test_where_there_is_nothing_nothing_is_found(tmp_path: Path) -> None:
    found = find(tmp_path / "data", None, environment(tmp_path))
    assert (found.ngrok, found.cloudflared, found.ngrok_authtoken) == (None, None, None)


def test_an_installed_agent_goes_before_one_that_was_downloaded(tmp_path: Path) -> None:
    data = tmp_path / "data"
    downloaded = program(downloaded_ngrok(data))
    assert find(data, None, environment(tmp_path)).ngrok == downloaded
    installed = program(tmp_path / "bin" / "ngrok")
    assert find(data, None, environment(tmp_path)).ngrok == installed


def test_the_agent_that_pyngrok_is_told_of_counts_too(tmp_path: Path) -> None:
    elsewhere = program(tmp_path / "elsewhere" / "ngrok")
    variables = environment(tmp_path, PYNGROK_NGROK_PATH=str(elsewhere))
    assert find(tmp_path / "data", None, variables).ngrok == elsewhere


def test_the_authtoken_is_the_variables_then_ngroks_then_ours(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert find(data, "ours", environment(tmp_path)).ngrok_authtoken == "ours"
    (tmp_path / ".ngrok2").mkdir()
    (tmp_path / ".ngrok2" / "ngrok.yml").write_text("authtoken: ngroks\n")
    assert find(data, "ours", environment(tmp_path)).ngrok_authtoken == "ngroks"
    variables = environment(tmp_path, NGROK_AUTHTOKEN="variables")
    assert find(data, "ours", variables).ngrok_authtoken == "variables"


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("ngrok version 3.39.8", "3.39.8"),
        ("cloudflared version 2026.8.0 (built 2026-08-20-10:37 UTC)", "2026.8.0"),
        ("cloudflared version DEV (built unknown)", None),
        ("", None),
    ],
)
def test_a_version_is_what_the_program_says(
    tmp_path: Path, output: str, version: str | None
) -> None:
    assert version_of(program(tmp_path / "bin" / "x", output), environment(tmp_path)) == version


def test_a_program_that_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    assert version_of(broken, environment(tmp_path)) is None
    assert version_of(tmp_path / "none", environment(tmp_path)) is None


def test_a_program_that_is_no_program_is_not_found(tmp_path: Path) -> None:
    plain = tmp_path / "bin" / "cloudflared"
    plain.parent.mkdir()
    plain.write_text("not executable")
    assert find_program("cloudflared", environment(tmp_path)) is None
