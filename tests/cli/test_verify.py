"""`gooclaim verify`: what it reads, how it judges, what it says, how it ends."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.tenant.secret_file import SecretFile
from gooclaim_cli.wire import SigningSecret
from tests.wire.captures.support import FILES, in_api_gateway_v1, in_history
from tests.wire.samples import SECRET, changed, envelope, signed

from .stored import fill, fill_without_bodies
from .support import GOOCLAIM, PATIENCE, Done, RunHere, environment, interrupt, started

THEN = "2026-05-20T10:14:30Z"
VARIABLES = {"GOOCLAIM_SIGNING_SECRET": SECRET.value}


@pytest.fixture
def verify(run_here: RunHere) -> RunHere:
    """Run the command with the samples' secret."""

    def run(arguments: list[str], **variables: str) -> Done:
        return run_here(["verify", *arguments], **(VARIABLES | variables))

    return run


def saved(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def line(**members: Any) -> bytes:
    return json.dumps(in_history() | members).encode() + b"\n"


def objects(done: Done) -> list[dict[str, Any]]:
    assert done.stderr == ""
    found = [json.loads(each) for each in done.stdout.splitlines()]
    for each in found:
        assert {"kind", "at"} <= each.keys()
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_format_verifies_as_of_then(verify: RunHere, tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, "capture", FILES[name]())
    done = verify([path, "--at", THEN])
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith(
        f"✓ workflow.completed         evt_01HXYZ0123456789ABCDEFGHJK  {path}"
    )
    assert done.stdout.endswith("\n1 capture: 1 verified\n")


def test_folders_globs_files_and_history_ids_are_arguments(
    verify: RunHere, tmp_path: Path, home: Path
) -> None:
    fill(home)
    saved(tmp_path, "in/b.har", FILES["har"]())
    saved(tmp_path, "in/deep/a.jsonl.gz", gzip.compress(line() * 3, mtime=0))
    saved(tmp_path, "in/.hidden", b"not looked at")
    saved(tmp_path, "c1.json", line())
    saved(tmp_path, "c2.txt", line())
    arguments = [str(tmp_path / "in"), str(tmp_path / "c*.json"), "evt_GOOD", "--at", "received"]
    done = verify([*arguments, "--json"], GOOCLAIM_SIGNING_SECRET=f"{SECRET.value},whsec_test")
    *captures, summary = objects(done)
    assert done.code == 0
    sources = [each["source"].replace("\\", "/").removeprefix(f"{tmp_path}/") for each in captures]
    expected = [f"in/deep/a.jsonl.gz:{number}" for number in (1, 2, 3)]
    assert sources == ["in/b.har#2", *expected, "c1.json:1", "dlv_GOOD"]
    assert (summary["captures"], summary["verified"]) == (6, 6)


def test_standard_input_is_read(home: Path) -> None:
    """As a real process: its standard input is a pipe."""
    done = subprocess.run(
        [*GOOCLAIM, "verify", "-", "--no-expiry"],
        input=line() * 2,
        capture_output=True,
        env=environment(home, **VARIABLES),
        check=True,
    )
    assert done.stderr == b""
    assert b"standard input:2\n" in done.stdout.replace(b"\r\n", b"\n")
    assert b"2 captures: 2 verified" in done.stdout


def test_an_exported_history_verifies(
    verify: RunHere, tmp_path: Path, home: Path, run_here: RunHere
) -> None:
    fill(home)
    file = str(tmp_path / "out.jsonl.gz")
    assert run_here(["history", "export", file, "--type", "workflow.*"]).code == 0
    done = verify([file, "--at", "received"], GOOCLAIM_SIGNING_SECRET="whsec_test")
    assert (done.code, done.stdout.splitlines()[-1]) == (0, "3 captures: 3 verified")


def test_a_body_that_was_not_kept_is_not_judged_as_an_empty_one(
    verify: RunHere, tmp_path: Path, home: Path, run_here: RunHere
) -> None:
    fill_without_bodies(home, "BARE")
    file = str(tmp_path / "out.jsonl")
    assert run_here(["history", "export", file]).code == 0
    for arguments in ([file], ["evt_BARE"]):
        done = verify([*arguments, "--at", "received"], GOOCLAIM_SIGNING_SECRET="whsec_test")
        assert done.code != 0
        assert "was not kept" in done.stdout + done.stderr
        assert "signature" not in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "reasons"),
    [
        ([], 1, ["timestamp_too_old"]),
        (["--at", THEN], 0, []),
        (["--at", "received"], 0, []),
        (["--no-expiry"], 0, []),
        (["--at", "2026-05-20T15:44:25+05:30"], 0, []),
        (["--at", "2026-05-20T10:20:25Z"], 1, ["timestamp_too_old"]),
        (["--at", "2026-05-20T10:20:25Z", "--tolerance", "10m"], 0, []),
        (["--at", "2026-05-20T10:00:25Z"], 1, ["timestamp_in_future"]),
    ],
)
def test_what_a_timestamp_is_judged_by(
    verify: RunHere, tmp_path: Path, options: list[str], code: int, reasons: list[str]
) -> None:
    done = verify([saved(tmp_path, "a", line()), *options, "--json"])
    capture, summary = objects(done)
    assert (done.code, capture["reasons"]) == (code, reasons)
    assert capture["verdict"] == ("rejected" if code else "verified")
    assert summary["verified"] == 1 - code


def test_old_captures_come_with_the_way_to_judge_them(verify: RunHere, tmp_path: Path) -> None:
    done = verify([saved(tmp_path, "a", line())])
    assert done.code == 1
    assert "--at received" in done.stdout
    assert "--no-expiry" in done.stdout.splitlines()[-1]
    broken = {"headers": in_history()["headers"], "body": "{}"}
    done = verify([saved(tmp_path, "b", line(**broken))])
    assert "--at received" not in done.stdout


def test_a_capture_that_does_not_say_when_it_was_received(verify: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, "a.http", FILES["http"]())
    done = verify([path, "--at", "received"])
    assert done.code == 1
    assert "does not say when it was received" in done.stdout


def raw(**headers: str) -> list[str]:
    return [each for name, value in headers.items() for each in (f"--{name}", value)]


def test_a_raw_body_with_its_headers(verify: RunHere, tmp_path: Path) -> None:
    delivery = signed()
    path = saved(tmp_path, "body.json", delivery.body)
    signature = delivery.value("X-Gooclaim-Signature") or ""
    timestamp = delivery.value("X-Gooclaim-Timestamp") or ""
    good = raw(signature=signature, timestamp=timestamp)
    assert verify([path, *good, "--at", THEN]).code == 0
    by_header = [
        "-H",
        f"x-gooclaim-signature: {signature}",
        "--header",
        f"X-Gooclaim-Timestamp: {timestamp}",
    ]
    assert verify([path, *by_header, "--at", THEN]).code == 0
    assert verify([path, *raw(signature=signature), "--no-expiry"]).code == 0
    assert verify([path, *raw(signature=signature), "--at", THEN]).code == 1
    (capture, _) = objects(verify([path, *raw(signature="0" * 64), "--no-expiry", "--json"]))
    assert capture["reasons"] == ["signature_mismatch"]
    other = saved(tmp_path, "other.json", json.dumps(in_api_gateway_v1()).encode())
    assert verify([other, *good, "--no-expiry"]).code == 1  # the file is the body, whatever it is


def test_what_is_wrong_is_said_with_the_member(verify: RunHere, tmp_path: Path) -> None:
    body = envelope(occurred_at=5, data=[])
    delivery = signed(body)
    path = saved(tmp_path, "a", line(headers=list(delivery.headers), body=body.decode()))
    done = verify([path, "--no-expiry"])
    assert done.code == 1
    assert "occurred_at: Expected `datetime`, got `int`" in done.stdout
    assert "data: Expected `object`, got `array`" in done.stdout
    (capture, _) = objects(verify([path, "--no-expiry", "--json"]))
    assert (capture["reasons"], len(capture["details"])) == (["envelope_invalid"], 2)


def test_what_is_unknown_is_a_note_and_no_failure(verify: RunHere, tmp_path: Path) -> None:
    body = envelope(event_type="claim.settled", region="\x1b[31mred")
    delivery = changed(signed(body), event="claim.settled")
    path = saved(tmp_path, "a", line(headers=list(delivery.headers), body=body.decode()))
    done = verify([path, "--no-expiry"])
    assert (done.code, done.stderr) == (0, "")
    assert "note: event_type: 'claim.settled' is not in the catalogue" in done.stdout
    assert "note: region: an unknown member" in done.stdout
    (capture, _) = objects(verify([path, "--no-expiry", "--json"]))
    assert (capture["verdict"], len(capture["notes"])) == ("verified", 2)


def test_nothing_off_the_wire_reaches_the_terminal_unescaped(
    verify: RunHere, tmp_path: Path
) -> None:
    body = envelope(event_id="\x1b[31m\u202eevil", event_type="\x1b]0;x\x07")
    delivery = changed(signed(body), event="\x1b]0;x\x07")
    path = saved(tmp_path, "a\x1b[2J", line(headers=list(delivery.headers), body=body.decode()))
    for options in ([], ["--json"], ["--no-expiry"]):
        done = verify([path, *options])
        assert "\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout


def test_one_bad_capture_among_good_ones_ends_with_1(verify: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, "a", line() + b"{\n" + line(body="{}") + line())
    done = verify([path, "--no-expiry", "--json"])
    *captures, summary = objects(done)
    assert done.code == 1
    assert [each["verdict"] for each in captures] == [
        "verified",
        "unreadable",
        "rejected",
        "verified",
    ]
    names = ("captures", "verified", "rejected", "unreadable", "refused")
    assert [summary[name] for name in names] == [4, 2, 1, 1, 0]
    assert f"{path}:2" == captures[1]["source"]
    assert (
        "4 captures: 2 verified, 1 not verified, 1 unreadable"
        in verify([path, "--no-expiry"]).stdout
    )


@pytest.mark.parametrize(
    "content", [b"", b"no capture\n", b"\x89PNG\0", gzip.compress(b"", mtime=0)]
)
def test_a_file_that_is_no_capture_is_refused(
    verify: RunHere, tmp_path: Path, content: bytes
) -> None:
    path = saved(tmp_path, "x", content)
    words = "begins with" if content[:1] in b"n\x89" and content else "empty"
    verify([path]).refused(2, path, words)
    verify([path, "--json"]).refused(2, path, words)


def test_the_others_are_checked_where_a_file_is_refused(verify: RunHere, tmp_path: Path) -> None:
    bad, good = saved(tmp_path, "a", b"no"), saved(tmp_path, "b", line())
    done = verify([bad, good, "--no-expiry"])
    assert done.code == 2
    done.told(bad, "begins with 'no'")
    assert done.stdout.endswith("1 capture: 1 verified, 1 file refused\n")
    notice, capture, summary = objects(verify([bad, good, "--no-expiry", "--json"]))
    assert (notice["kind"], notice["code"], notice["level"]) == (
        "notice",
        "capture_refused",
        "error",
    )
    assert (capture["verdict"], summary["refused"]) == ("verified", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing-here"], "no file 'nothing-here'"),
        (["none/*.json"], "no file fits none/*.json"),
        (["x\0y"], "no file"),
        ([".", "--at", "yesterday"], "'yesterday' is no time"),
        ([".", "--at", "received", "--no-expiry"], "exclude each other"),
        ([".", "--tolerance", "much"], "--tolerance"),
        ([".", "--header", "no colon"], "--header"),
    ],
)
def test_wrong_usage_is_told(verify: RunHere, arguments: list[str], words: str) -> None:
    verify(arguments).refused(2, words)


def test_an_empty_folder_is_told(verify: RunHere, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    verify([str(tmp_path / "empty")]).refused(2, "no files in")


def test_without_a_secret_nothing_can_be_verified(run_here: RunHere, tmp_path: Path) -> None:
    run_here(["verify", saved(tmp_path, "a", line())]).refused(3, "GOOCLAIM_SIGNING_SECRET")


def test_the_secret_is_a_profiles_or_the_one_that_the_api_told(
    home: Path, run_here: RunHere, tmp_path: Path
) -> None:
    path = saved(tmp_path, "capture", line())
    (home / "config.toml").write_text(
        f'[profiles.a]\nsigning_secret = "{SECRET.value}"\n[profiles.b]\ntenant_id = "tnt_b"\n'
    )
    arguments = ["verify", path, "--at", THEN, "--profile"]
    assert run_here([*arguments, "a"]).code == 0
    run_here([*arguments, "b"]).refused(3, "no signing secret is known")
    saved(
        home / "secrets",
        "development-tnt_b.json",
        json.dumps({"signing_secret": SECRET.value}).encode(),
    )
    assert run_here([*arguments, "b"]).code == 0
    # Another one that is set: either may be what a delivery was signed with.
    assert run_here([*arguments, "b"], GOOCLAIM_SIGNING_SECRET="another").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_file_that_cannot_be_read_is_told(verify: RunHere, tmp_path: Path) -> None:
    verify(["/proc/self/mem"]).refused(2, "cannot be read")


def test_no_secret_is_shown(verify: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, "a", line(body="{}"))
    for options in ([], ["--json"]):
        done = verify([path, *options])
        assert SECRET.value not in done.stdout + done.stderr


def test_a_mismatch_is_explained_with_its_fix(verify: RunHere, tmp_path: Path) -> None:
    body = json.dumps(json.loads(in_history()["body"]))  # as a framework writes it again
    path = saved(tmp_path, "a", line(body=body))
    done = verify([path, "--no-expiry"])
    assert done.code == 1
    assert "the body was parsed and written again" in done.stdout
    assert "fix: verify the raw bytes" in done.stdout
    (capture, _) = objects(verify([path, "--no-expiry", "--json"]))
    assert capture["reasons"] == ["signature_mismatch"]
    assert capture["diagnosis"].keys() >= {"code", "message", "fix"}
    assert capture["diagnosis"]["code"] == "body_reserialised"
    assert capture["diagnosis"]["differs_at"] == 12


def test_explain_opens_a_capture_at_the_byte(verify: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, "a", line(body=json.dumps(json.loads(in_history()["body"]))) + line())
    done = verify([path, "--no-expiry", "--explain"], COLUMNS="80")
    assert "from byte 12 on" in done.stdout
    assert '{"event_id": "evt_' in done.stdout
    assert '{"event_id":"evt_' in done.stdout
    assert "body_reserialised" in done.stdout
    assert done.stdout.count("SHA-256") == 1  # the good one stays closed


def test_one_empty_line_is_before_the_summary(verify: RunHere, tmp_path: Path) -> None:
    good, bad = saved(tmp_path, "a", line()), saved(tmp_path, "b", line(body="{}"))
    for paths in ([good], [bad], [good, bad], [bad, good]):
        told = verify([*paths, "--no-expiry", "--explain"]).stdout.splitlines()
        assert told[-2] == ""
        assert told[-3] != ""


def test_explain_says_what_was_ruled_out(verify: RunHere, tmp_path: Path) -> None:
    done = verify(
        [saved(tmp_path, "a", line()), "--explain"], GOOCLAIM_SIGNING_SECRET="whsec_other"
    )
    assert "Ruled out" in done.stdout
    assert "check that the secret is this tenant's" in done.stdout


def test_a_fix_is_told_once_for_many(verify: RunHere, tmp_path: Path) -> None:
    path = saved(tmp_path, "a", line(body=in_history()["body"] + "\n") * 3)
    done = verify([path, "--no-expiry"])
    assert done.stdout.count("a newline at its end") == 3
    assert done.stdout.count("fix: ") == 1


def test_where_none_verifies_the_secrets_that_were_tried_are_named(
    verify: RunHere, tmp_path: Path, home: Path
) -> None:
    (home / "config.toml").write_text('[profiles.staging]\nsigning_secret = "whsec_staging"\n')
    many, one = saved(tmp_path, "many", line() * 3), saved(tmp_path, "one", line())
    wrong = {"GOOCLAIM_SIGNING_SECRET": "whsec_other"}
    done = verify([many, "--no-expiry"], **wrong)
    assert done.code == 1
    assert done.stdout.splitlines()[-2:] == [
        "3 captures: 0 verified, 3 not verified",
        "None verifies: is it the right secret? Tried were: GOOCLAIM_SIGNING_SECRET, that of the"
        " profile 'staging'.",
    ]
    assert "whsec_" not in done.stdout
    changed_bodies = saved(tmp_path, "changed", line(body=in_history()["body"] + "\n") * 3)
    for paths, variables in (([one], wrong), ([many], {}), ([changed_bodies], {})):
        assert "None verifies" not in verify([*paths, "--no-expiry"], **variables).stdout


@pytest.mark.parametrize(
    ("tenant", "fix"),
    [
        (
            "tnt_sandbox_1",
            "set its sandbox's secret, which gooclaim listen --sandbox shows on that machine",
        ),
        ("tnt_xyz", "set the secret of then"),
    ],
)
def test_what_verified_when_it_came_was_signed_with_another_secret(
    verify: RunHere, tmp_path: Path, tenant: str, fix: str
) -> None:
    members = in_history()
    body = members["body"].replace(json.loads(members["body"])["tenant_id"], tenant)
    wrong = {"GOOCLAIM_SIGNING_SECRET": "whsec_other"}
    good = saved(tmp_path, "good", line(body=body, verdict="verified", reasons=[]))
    told = verify([good, "--no-expiry", "--json"], **wrong)
    assert objects(told)[0]["diagnosis"]["code"] == "secret_changed"
    shown = " ".join(verify([good, "--no-expiry"], **wrong).stdout.split())
    assert "it verified when it was received; another secret is set now" in shown
    assert fix in shown
    assert "Console" not in shown
    rejected = saved(tmp_path, "bad", line(verdict="rejected", reasons=["signature_mismatch"]))
    assert "none of " in verify([rejected, "--no-expiry"], **wrong).stdout


def test_the_secret_of_another_profile_is_named_and_not_shown(
    verify: RunHere, tmp_path: Path, home: Path
) -> None:
    config = (
        f'signing_secret = "whsec_ours"\n[profiles.staging]\nsigning_secret = "{SECRET.value}"\n'
    )
    (home / "config.toml").write_text(config, "utf-8")
    path = saved(tmp_path, "a", line())
    done = verify([path, "--no-expiry"], GOOCLAIM_SIGNING_SECRET="")
    assert done.code == 1
    assert "signed with another secret: that of the profile 'staging'" in done.stdout
    assert SECRET.value not in done.stdout + done.stderr
    assert (
        verify([path, "--no-expiry", "--profile", "staging"], GOOCLAIM_SIGNING_SECRET="").code == 0
    )
    (capture, _) = objects(verify([path, "--no-expiry", "--json"], GOOCLAIM_SIGNING_SECRET=""))
    assert capture["diagnosis"]["code"] == "secret_other"


def test_the_previous_secret_is_named_and_not_shown(
    verify: RunHere, tmp_path: Path, home: Path
) -> None:
    """The API told another one since."""
    file = SecretFile(home / "secrets" / "development-tnt_a.json")
    file.write(SECRET)
    for _ in range(2):  # what is told again is no change
        file.write(SigningSecret("whsec_new_fake"))
    path, variables = saved(tmp_path, "a", line()), {"GOOCLAIM_TENANT_ID": "tnt_a"}
    done = verify([path, "--no-expiry"], GOOCLAIM_SIGNING_SECRET="", **variables)
    assert done.code == 1
    assert "signed with another secret: the previous one" in done.stdout
    assert SECRET.value not in done.stdout + done.stderr


def next_object(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def test_what_is_dropped_into_a_folder_is_checked(home: Path, tmp_path: Path) -> None:
    """A real process: what is there, what comes, what changes; Ctrl-C ends it with a summary."""
    folder = tmp_path / "drop"
    saved(folder, "there.jsonl", line())
    arguments = ["verify", "--watch", str(folder), "--no-expiry", "--json"]
    with started(arguments, home, **VARIABLES) as process:
        assert next_object(process)["code"] == "watching"
        assert next_object(process)["source"].endswith("there.jsonl:1")
        saved(folder, "deep/new.har", FILES["har"]())
        assert next_object(process)["source"].endswith("new.har#2")
        saved(folder, "no.txt", b"no capture")
        assert next_object(process)["code"] == "capture_refused"
        saved(folder, "there.jsonl", line(body="{}"))
        assert next_object(process)["verdict"] == "rejected"
        interrupt(process)
        done = Done.of(process)
    summary = json.loads(done.stdout)
    assert (summary["verified"], summary["rejected"], summary["refused"]) == (2, 1, 1)
    assert (done.code, done.stderr) == (2, "")


def test_only_folders_can_be_watched(verify: RunHere, tmp_path: Path) -> None:
    verify(["--watch", saved(tmp_path, "a", line())]).refused(2, "is no folder")


def test_ctrl_c_ends_a_long_run_with_a_summary(home: Path) -> None:
    """Standard input that never ends: what was checked is summed up."""
    arguments = ["verify", "-", "--no-expiry", "--json"]
    with subprocess.Popen(
        [*GOOCLAIM, *arguments],
        env=environment(home, **VARIABLES),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(line() * 2)
        process.stdin.flush()
        assert [next_object(process)["verdict"] for _ in range(2)] == ["verified"] * 2
        interrupt(process)
        output, errors = process.communicate(timeout=PATIENCE)
    told = json.loads(output)
    assert (told["verified"], told["interrupted"], process.returncode) == (2, True, 130)
    assert errors == b""
