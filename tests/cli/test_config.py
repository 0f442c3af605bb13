"""`gooclaim config`: what is set and by whom, and changes that keep the rest of the file."""

import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli import config_editing, config_file
from gooclaim_cli.settings import KEYS

from .support import Done, RunHere

SECRET = "s3cr3t-that-nobody-may-see"
FILE = f"""# mine, and nobody else's
client_id = "mine" # the old client

signing_secret = ["{SECRET}", "short"]
[history] # small disk
retain = "3d"

# the team's
[profiles.shared]
client_id = "ours"
home_url = "https://cms.example.com/hooks"
"""


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def test_a_file_with_secrets_that_others_can_read_is_told(file: Path, run_here: RunHere) -> None:
    file.chmod(0o644)
    done = run_here(["config", "list"])
    assert f"others on this machine can read {file}, which holds signing_secret" in done.stderr
    assert f"chmod 600 {file}" in done.stderr
    first = json.loads(run_here(["config", "list", "--json"]).stdout.splitlines()[0])
    assert (first["kind"], first["code"]) == ("notice", "config_exposed")
    file.write_text('tenant_id = "tnt_a"\n')
    assert run_here(["config", "list"]).stderr == ""


def listed(done: Done) -> dict[str, dict[str, Any]]:
    assert (done.code, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["kind"] for each in found} == {"setting"}
    return {each["name"]: each for each in found}


def test_every_setting_is_listed_with_its_value_and_where_that_came_from(
    file: Path, run_here: RunHere
) -> None:
    variables = {"GOOCLAIM_TENANT_ID": "tnt_env"}
    found = listed(run_here(["config", "list", "--profile", "shared", "--json"], **variables))
    assert list(found) == list(KEYS)
    told = {
        name: (each["value"], each["source"], each["source_name"]) for name, each in found.items()
    }
    assert told["client_id"] == ("ours", "profile", "profile shared")
    assert told["tenant_id"] == ("tnt_env", "environment", "GOOCLAIM_TENANT_ID")
    assert told["history.retain"] == ("3d", "file", "config.toml")
    assert told["signed_content"] == ("body", "default", "the default")
    assert told["signing_secret"][0] is None  # another account's
    done = run_here(["config", "list", "--profile", "shared"], COLUMNS="80", **variables)
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(rows) == list(KEYS)
    assert "profile shared  ours" in rows["client_id"]
    assert "environment" in rows["tenant_id"]


def test_secrets_are_masked_unless_one_is_asked_for(file: Path, run_here: RunHere) -> None:
    shown = listed(run_here(["config", "list", "--json"]))["signing_secret"]
    assert (shown["value"], shown["masked"]) == (["****-see", "****"], True)
    for arguments in (["list"], ["list", "--json"], ["get", "signing_secret"]):
        done = run_here(["config", *arguments], GOOCLAIM_CLIENT_SECRET=SECRET)
        assert SECRET not in done.stdout
        assert "****-see" in done.stdout
    done = run_here(["config", "get", "signing_secret", "--reveal"])
    assert done.stdout == f"{SECRET}\nshort\n"
    done = run_here(["config", "get", "client_secret", "--reveal"], GOOCLAIM_CLIENT_SECRET=SECRET)
    assert done.stdout == f"{SECRET}\n"


def test_a_setting_is_got_for_a_script(file: Path, run_here: RunHere) -> None:
    assert run_here(["config", "get", "client_id"]).stdout == "mine\n"
    assert run_here(["config", "get", "client_id", "--profile", "shared"]).stdout == "ours\n"
    nothing = run_here(["config", "get", "tenant_id"])
    assert (nothing.code, nothing.stdout, nothing.stderr) == (1, "", "")
    found = json.loads(run_here(["config", "get", "tenant_id", "--json"]).stdout)
    assert (found["value"], found["source"]) == (None, "default")


def test_a_change_keeps_every_comment_and_everything_else(file: Path, run_here: RunHere) -> None:
    def config(*arguments: str) -> None:
        assert run_here(["config", *arguments]) == Done(0, "", "")

    config("set", "client_id", "other")
    config("set", "history.retain", "12h")
    config("set", "forward_to", "pending_docs.*=:3000", ":4000")
    config("set", "tenant_id", "tnt_b", "--profile", "shared")
    config("set", "tenant_id", "tnt_c", "--profile", "third")
    config("set", "history.retain", "1h", "--profile", "third")
    config("unset", "home_url", "--profile", "shared")
    config("unset", "signing_secret")
    config("unset", "signing_secret")
    text = file.read_text()
    for kept in ("# mine, and nobody else's", "# the old client", "# small disk", "# the team's"):
        assert kept in text
    found = listed(run_here(["config", "list", "--json"]))
    assert found["client_id"]["value"] == "other"
    assert found["forward_to"]["value"] == ["pending_docs.*=:3000", ":4000"]
    assert found["history.retain"]["value"] == "12h"
    third = listed(run_here(["config", "list", "--json", "--profile", "third"]))
    assert (third["tenant_id"]["value"], third["history.retain"]["value"]) == ("tnt_c", "1h")
    shared = listed(run_here(["config", "list", "--json", "--profile", "shared"]))
    assert (shared["tenant_id"]["value"], shared["home_url"]["value"]) == ("tnt_b", None)
    assert shared["client_id"]["value"] == "ours"


def test_a_file_is_made_readable_by_its_owner_alone(home: Path, run_here: RunHere) -> None:
    assert run_here(["config", "set", "tenant_id", "tnt_a"]).code == 0
    path = home / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert run_here(["config", "set", "tenant_id", "tnt_b"]).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == 'tenant_id = "tnt_b"\n'


def test_a_link_to_a_file_stays_one(home: Path, run_here: RunHere) -> None:
    real = home.parent / "dotfiles.toml"
    real.write_text("# under version control\n")
    (home / "config.toml").symlink_to(real)
    assert run_here(["config", "set", "tenant_id", "tnt_a"]).code == 0
    assert (home / "config.toml").is_symlink()
    assert real.read_text() == '# under version control\ntenant_id = "tnt_a"\n'


@pytest.mark.parametrize(
    "arguments",
    [
        ["set", "tenant_id", "x"],
        ["unset", "tenant_id"],
        ["list"],
        ["get", "tenant_id"],
    ],
)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('tenant_id = "a"\nclient_id = nope\n', "line 2, column 13"),
        ("tenant_id = \n# keep me", "line 1, column 13"),
        ('clientid = "a"\n', "'clientid'"),
    ],
)
def test_a_broken_file_is_told_and_never_written_over(
    home: Path, run_here: RunHere, arguments: list[str], text: str, words: str
) -> None:
    path = home / "config.toml"
    path.write_text(text)
    run_here(["config", *arguments]).refused(3, str(path), words)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("set tenan_id x", 2, "did you mean 'tenant_id'?"),
        ("get colour", 2, "gooclaim config list"),
        ("unset history", 2, "did you mean 'history.retain'?"),
        ("set tenant_id", 2, "gooclaim config unset tenant_id"),
        ("set tenant_id a b", 2, "tenant_id has one value"),
        ("set history.retain soon", 2, "the setting history.retain is 'soon'"),
        ("set signed_content header", 2, "it must be body or timestamp.body"),
        ("set home_url http://a.example", 2, "begins with https://"),
        ("set webhook_config_path https://a.example", 2, "is no path"),
        ("set secrets.store drawer", 2, "it must be auto or keyring or file"),
        ("set profile shared --profile shared", 2, "cannot choose another one"),
        ("set profile nobody", 3, "there is no profile 'nobody'"),
        ("set tenant_id x --profile a.b", 3, "a profile cannot be named 'a.b'"),
        ("unset tenant_id --profile nobody", 3, "there is no profile 'nobody'"),
        ("list --profile nobody", 3, "there is no profile 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_told_and_changes_nothing(
    file: Path, run_here: RunHere, arguments: str, code: int, words: str
) -> None:
    run_here(["config", *arguments.split()]).refused(code, words)
    assert file.read_text() == FILE


def test_a_wrong_value_in_the_file_is_wrong_configuration(file: Path, run_here: RunHere) -> None:
    """As it is not what was typed just now."""
    file.write_text('[history]\nretain = "3x"\n')
    run_here(["history"]).refused(3, "the setting history.retain is '3x'", "30s, 12h or 7d")


def test_a_secret_is_never_taken_from_the_command_line(file: Path, run_here: RunHere) -> None:
    done = run_here(["config", "set", "signing_secret", SECRET])
    done.refused(2, "signing_secret is a secret")
    assert SECRET not in done.stderr
    assert file.read_text() == FILE


def test_a_secret_is_read_from_standard_input(
    home: Path, run_here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = home.parent / "given"
    given.write_text(f"{SECRET}\n")
    with given.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run_here(["config", "set", "signing_secret"]) == Done(0, "", "")
    assert run_here(["config", "get", "signing_secret", "--reveal"]).stdout == f"{SECRET}\n"


def test_a_variable_that_goes_over_what_was_written_is_told(file: Path, run_here: RunHere) -> None:
    done = run_here(["config", "set", "tenant_id", "tnt_b"], GOOCLAIM_TENANT_ID="tnt_env")
    assert (done.code, done.stdout) == (0, "")
    assert "GOOCLAIM_TENANT_ID is set too, and goes over" in done.stderr


def test_the_path_is_told_even_of_a_broken_file(home: Path, run_here: RunHere) -> None:
    (home / "config.toml").write_text("broken")
    assert run_here(["config", "path"]).stdout == f"{home / 'config.toml'}\n"


def test_changes_at_the_same_time_are_all_kept(file: Path) -> None:
    """Each has a lock of its own, as processes have."""

    def change(number: int) -> None:
        name = f"profile-{number}"
        config_editing.change(file, {"tenant_id": "x"}, profile=name, known=KEYS)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(8)))
    assert len(config_file.read(file, KEYS).profiles) == 9
    assert "# the team's" in file.read_text()


def test_which_profile_is_used_stands_outside_of_the_profiles(
    file: Path, run_here: RunHere
) -> None:
    assert run_here(["config", "set", "profile", "shared"]).code == 0
    assert run_here(["config", "get", "client_id"]).stdout == "ours\n"
    assert run_here(["config", "set", "tenant_id", "tnt_b"]).code == 0  # of the one that is used
    assert run_here(["config", "get", "tenant_id", "--profile", "default"]).code == 1
    assert run_here(["config", "set", "profile", "default"]).code == 0
    assert run_here(["config", "get", "client_id"]).stdout == "mine\n"
    file.write_text('profile = "gone"\n')
    run_here(["config", "list"]).refused(3, "there is no profile 'gone' (config.toml)")
    assert run_here(["config", "unset", "profile"]).code == 0
    assert file.read_text() == ""


# What an editor does, as a program: it is given the file's name.
EDITORS = {
    "good": 'p.write_text(p.read_text() + "tenant_id = \\"tnt_new\\"\\n")',
    "idle": "pass",
    "breaks": 'p.write_text("tenant_id = ")',
    "fails": "sys.exit(7)",
    "slow": 'p.write_text("# new"); pathlib.Path(sys.argv[1]).write_text("# other")',
}


def editor(home: Path, what: str) -> str:
    program = home.parent / "editor.py"
    program.write_text(f"import pathlib, sys\np = pathlib.Path(sys.argv[-1])\n{EDITORS[what]}\n")
    return f"{sys.executable} {program} {home / 'config.toml'}"


def test_the_file_is_edited_in_the_editor_that_is_set(home: Path, run_here: RunHere) -> None:
    path = home / "config.toml"
    path.write_text("# mine\n")
    run_here(["config", "edit"], EDITOR="false", VISUAL=editor(home, "good"))
    assert path.read_text() == '# mine\ntenant_id = "tnt_new"\n'
    path.unlink()
    assert run_here(["config", "edit"], EDITOR=editor(home, "good")).code == 0
    assert 'tenant_id = "tnt_new"' in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in home.iterdir() if "edit" in each.name] == []


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("idle", 0, "Nothing was changed"),
        ("breaks", 3, "line 1, column 13"),
        ("fails", 3, "ended with 7; nothing was changed"),
    ],
)
def test_an_edit_that_comes_to_nothing_leaves_the_file(
    file: Path, home: Path, run_here: RunHere, what: str, code: int, words: str
) -> None:
    done = run_here(["config", "edit"], EDITOR=editor(home, what))
    assert done.code == code
    assert words in done.stderr
    assert file.read_text() == FILE
    assert [each.name for each in home.iterdir() if "edit" in each.name] == []


def test_a_file_that_was_changed_meanwhile_is_not_written_over(
    file: Path, home: Path, run_here: RunHere
) -> None:
    done = run_here(["config", "edit"], EDITOR=editor(home, "slow"))
    done.refused(3, "was changed meanwhile", "gooclaim config edit")
    assert file.read_text() == "# other"


@pytest.mark.parametrize("program", ["no-such-editor-anywhere", "'", " "])
def test_an_editor_that_cannot_be_run_is_told(home: Path, run_here: RunHere, program: str) -> None:
    run_here(["config", "edit"], EDITOR=program).refused(3, "cannot be run", "set EDITOR")


def test_a_broken_file_can_be_edited(home: Path, run_here: RunHere) -> None:
    path = home / "config.toml"
    path.write_text("tenant_id")
    program = home.parent / "mend.py"
    program.write_text("import sys; open(sys.argv[1], 'a').write(' = \"tnt_a\"\\n')")
    assert run_here(["config", "edit"], EDITOR=f"{sys.executable} {program}").code == 0
    assert path.read_text() == 'tenant_id = "tnt_a"\n'
