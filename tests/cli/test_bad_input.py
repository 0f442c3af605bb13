"""Bad input: an exit code, one message, one hint, nothing else.

Each command and exit code once in a process of its own; all else in this one, by the same entrance.
"""

import asyncio
import re
from pathlib import Path

import pytest

from gooclaim_cli.sandbox import SandboxOptions, run_sandbox

from .support import CREDENTIALS, Done, RunBoth, RunHere, run, started, taken_port

LISTEN_ALONE = ("listen", "--tunnel", "none")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("listen --tunnel none --forward-to :99999", "--forward-to ':99999'"),
        ("sandbox --retry-schedule soon", "--retry-schedule: 'soon' is not a span of time"),
        ("history --since yesterday", "--since: 'yesterday' is not a span of time"),
    ],
)
def test_wrong_usage_is_told_without_a_word_too_many(
    run_both: RunBoth, arguments: str, words: str
) -> None:
    for done in run_both(arguments.split(), **CREDENTIALS):
        done.refused(2, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("listen --tunnel none --deadline soon", "--deadline: 'soon' is not a span of time"),
        ("listen --tunnel none --header Authorization", "--header is not `Name: value`"),
        ("listen --sandbox --retry-schedule 1s,soon", "--retry-schedule: 'soon' is not a span"),
        ("listen --sandbox --tunnel none", "--sandbox brings its own tunnel"),
        ("listen --no-register --public-url https://a.example/hooks", "https://a.example/hooks"),
        ("history --outcome fine", "--outcome 'fine' is unknown"),
        ("listen --tunnel none --forward-to ftp://localhost", "ftp:// is not http or https"),
        ("listen --tunnel none --forward-to http://u:p@localhost:1", "does not belong in the URL"),
        ("listen --tunnel none --deadline 0", "--deadline: '0' is no time at all"),
        ("listen --tunnel none --for 0s", "--for: '0s' is no time at all"),
        ("listen --tunnel none --tolerance -5s", "--tolerance: '-5s' is not a span of time"),
        ("listen --tunnel none --path a?b", "--path 'a?b'"),
        ("listen --public-url https://a.example --path /hooks", "--path '/hooks'"),
        ("listen --tunnel teleport", "--tunnel 'teleport' is unknown"),
        ("listen --sandbox --public-url https://a.example", "--sandbox brings its own tunnel"),
        ("listen --sandbox --emit-every 0", "--emit-every: '0' is no time at all"),
        ("listen --no-register --public-url http://a.example", "must be https://HOST"),
        ("sandbox --deadline never", "--deadline: 'never' is not a span of time"),
        ("sandbox --home-url http://a.example", "must begin with https://"),
        ("history --since 0s", "--since: '0s' is no time at all"),
        ("history --since 0001-01-01", "--since: '0001-01-01'"),
    ],
)
def test_other_wrong_usage_is_told_as_well(run_twice: RunBoth, arguments: str, words: str) -> None:
    for done in run_twice(arguments.split(), **CREDENTIALS):
        done.refused(2, words)


@pytest.mark.parametrize(
    "header", ["Bearer hunter2", "a b: hunter2", "X-Odd: hunter2\x01", ": hunter2"]
)
def test_a_header_that_cannot_be_sent_is_not_repeated(run_here: RunHere, header: str) -> None:
    """Its value may be a credential."""
    done = run_here([*LISTEN_ALONE, "--header", header], **CREDENTIALS)
    done.refused(2, "--header is not `Name: value`")
    assert "hunter2" not in done.stderr


def test_an_unknown_option_is_told_also_to_programs(home: Path) -> None:
    for arguments in (["listen", "--colour", "--json"], ["history", "--colour"]):
        done = run(arguments, home, **CREDENTIALS)
        assert (done.code, done.stdout) == (2, "")
        assert "--colour" in done.stderr
        assert f"gooclaim {arguments[0]} --help" in done.stderr
        done.calm()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("listen --colour", "--colour"),
        ("listen --forward", "--forward-to"),
        ("listen --forward-to", "--forward-to"),
        ("listen --port many", "--port"),
        ("listen --port 70000", "--port"),
        ("listen 3000", "3000"),
        ("history --limit -1", "--limit"),
        ("history show", "ID"),
        ("lisen", "'listen'"),
        ("history shwo", "'show'"),
        ("--colour", "--colour"),
    ],
)
def test_what_is_no_option_or_command_is_told_with_what_was_meant(
    run_here: RunHere, arguments: str, words: str
) -> None:
    done = run_here(arguments.split(), **CREDENTIALS)
    assert (done.code, done.stdout) == (2, "")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)  # some machines force colours
    assert words in plain
    assert "Error" in plain
    done.calm()


@pytest.mark.parametrize("way", ["environment", "flag", "file", "profile"])
def test_production_is_refused_however_it_is_named(
    home: Path, way: str, run_twice: RunBoth
) -> None:
    url = "https://api.gooclaim.com"
    arguments = ["listen", "--public-url", "https://a.example"]
    variables = dict(CREDENTIALS)
    if way == "environment":
        variables["GOOCLAIM_API_URL"] = url
    elif way == "flag":
        arguments += ["--api-url", url]
    elif way == "file":
        (home / "config.toml").write_text(f'api_url = "{url}"')
    else:
        (home / "config.toml").write_text(f'[profiles.shared]\napi_url = "{url}"')
        arguments += ["--profile", "shared"]
    for done in run_twice(arguments, **variables):
        done.refused(3, "api.gooclaim.com counts as production", "--live")


def test_an_api_url_with_credentials_in_it_is_refused_without_repeating_it(
    run_twice: RunBoth,
) -> None:
    variables = CREDENTIALS | {"GOOCLAIM_API_URL": "https://u:hunter2@api.dev.gooclaim.com"}
    for done in run_twice(["listen", "--public-url", "https://a.example"], **variables):
        done.refused(3, "the API URL is not an http or https address")
        assert "hunter2" not in done.stderr


def test_a_broken_config_file_is_told_with_line_and_column(
    home: Path, run_both: RunBoth, run_here: RunHere
) -> None:
    secret = CREDENTIALS["GOOCLAIM_CLIENT_SECRET"]
    (home / "config.toml").write_text(f'client_secret = "{secret}"\nclient_id = client_a\n')
    words = (str(home / "config.toml"), "line 2, column 13")
    for command in (["listen"], ["sandbox"]):
        run_here(command).refused(3, *words)
    for done in run_both(["history"]):
        done.refused(3, *words)


def test_an_unknown_setting_in_the_file_is_told(home: Path, run_here: RunHere) -> None:
    (home / "config.toml").write_text('clientid = "x"')
    run_here(["history"]).refused(3, "'clientid'", "did you mean 'client_id'?")


@pytest.mark.parametrize("command", ["listen --tunnel none", "sandbox"])
def test_a_profile_that_is_not_there_is_told(home: Path, run_here: RunHere, command: str) -> None:
    (home / "config.toml").write_text('[profiles.shared]\ntenant_id = "tnt_x"\n')
    done = run_here([*command.split(), "--profile", "shard"], **CREDENTIALS)
    done.refused(3, "there is no profile 'shard' (--profile)", "did you mean 'shared'?")
    done = run_here(command.split(), **CREDENTIALS, GOOCLAIM_PROFILE="x")
    done.refused(3, "there is no profile 'x' (GOOCLAIM_PROFILE)", "gooclaim login --profile")


def test_a_handler_that_is_a_setting_is_read_like_a_flag(home: Path, run_here: RunHere) -> None:
    (home / "config.toml").write_text('[profiles.a]\nforward_to = ["x=:1", "ftp://localhost"]\n')
    done = run_here([*LISTEN_ALONE, "--profile", "a"], **CREDENTIALS)
    done.refused(2, "ftp:// is not http or https")


def test_a_variable_that_is_not_utf_8_is_told(home: Path) -> None:
    variables = CREDENTIALS | {"GOOCLAIM_CLIENT_ID": "\udcff"}
    run(["listen"], home, **variables).refused(3, "client_id", "GOOCLAIM_CLIENT_ID")


@pytest.mark.parametrize("command", ["listen --tunnel none", "listen --sandbox", "history"])
def test_a_home_that_is_no_folder_is_told(home: Path, command: str, run_twice: RunBoth) -> None:
    """A file in its place: permissions do not keep everybody out."""
    home.rmdir()
    home.touch()
    for done in run_twice(command.split(), **CREDENTIALS):
        done.refused(3, str(home), "GOOCLAIM_HOME")


@pytest.mark.parametrize("content", [b"not a database at all, but some text", b"\x00" * 5000])
def test_a_history_that_is_none_is_told(home: Path, content: bytes, run_twice: RunBoth) -> None:
    (home / "history.db").write_bytes(content)
    for done in run_twice(["history"]):
        done.refused(3, str(home / "history.db"), "GOOCLAIM_HOME")
    assert (home / "history.db").read_bytes() == content


def test_without_a_signing_secret_nothing_is_listened_to(run_both: RunBoth) -> None:
    for done in run_both(LISTEN_ALONE):
        done.refused(3, "no signing secret", "GOOCLAIM_SIGNING_SECRET")


def test_without_credentials_nothing_is_registered(run_both: RunBoth) -> None:
    for done in run_both(["listen", "--public-url", "https://a.example"]):
        done.refused(3, "GOOCLAIM_CLIENT_ID", "GOOCLAIM_TENANT_ID", "listen --sandbox")


def test_without_a_tunnel_the_ways_are_told(run_both: RunBoth) -> None:
    for done in run_both(["listen"], **CREDENTIALS):
        done.refused(5, "cloudflared", "NGROK_AUTHTOKEN", "--public-url", "--sandbox")


@pytest.mark.parametrize("command", ["listen --tunnel none", "sandbox"])
def test_a_port_that_is_taken_is_told(command: str, run_twice: RunBoth) -> None:
    with taken_port() as port:
        for done in run_twice([*command.split(), "--port", str(port)], **CREDENTIALS):
            done.refused(3, f"cannot listen on 127.0.0.1:{port}", "--port")


def test_certificates_that_are_not_there_are_told(
    home: Path, run_twice: RunBoth, run_here: RunHere
) -> None:
    missing = str(home / "ca.pem")
    words = f"no certificates could be read from {missing}"
    for done in run_twice([*LISTEN_ALONE, "--cacert", missing], **CREDENTIALS):
        done.refused(3, words)
    run_here(["sandbox", "--trust", missing]).refused(3, words)


def test_a_file_without_certificates_is_told(home: Path, run_here: RunHere) -> None:
    (home / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for arguments in ([*LISTEN_ALONE, "--cacert"], ["sandbox", "--trust"]):
        done = run_here([*arguments, str(home / "ca.pem")], **CREDENTIALS)
        done.refused(3, "no certificates could be read from")


def test_an_api_that_is_down_is_told_once_it_was_tried_again(home: Path) -> None:
    with taken_port() as port:
        variables = CREDENTIALS | {"GOOCLAIM_API_URL": f"http://127.0.0.1:{port}"}
        with (
            started(["listen"], home, **variables) as plain,
            started(["listen", "--json"], home.parent / "other", **variables) as with_json,
        ):
            for_people, for_programs = Done.of(plain), Done.of(with_json)
    for done in (for_people, for_programs):
        assert done.code == 4
        done.told("127.0.0.1 cannot be reached", "GOOCLAIM_API_URL")
    assert for_people.stdout == ""
    assert for_programs.stderr.startswith("error: ")
    kinds = {line.partition(",")[0] for line in for_programs.stdout.splitlines()}
    assert kinds == {'{"kind":"notice"'}


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_wrong_credentials_are_told(home: Path, wrong: str) -> None:
    async def scenario() -> None:
        async with run_sandbox(SandboxOptions(emit=False), folder=home) as sandbox:
            ready = sandbox.ready
            variables = CREDENTIALS | {
                "GOOCLAIM_API_URL": ready.api_url,
                "GOOCLAIM_CLIENT_ID": ready.client_id,
                "GOOCLAIM_CLIENT_SECRET": ready.client_secret,
                "GOOCLAIM_TENANT_ID": ready.tenant_id,
            }
            name = f"GOOCLAIM_{wrong.upper()}"
            variables[name] = CREDENTIALS[name]
            done = await asyncio.to_thread(run, ["listen", "--json"], home, **variables)
            done.refused(3, "401", "GOOCLAIM_CLIENT_SECRET")
            assert ready.client_secret not in done.stderr

    asyncio.run(scenario())
