"""Settings: flags over environment over file over default, and what each may hold."""

import re
from pathlib import Path

import pytest

from gooclaim_cli import config_file
from gooclaim_cli.config_file import ConfigFile
from gooclaim_cli.errors import ConfigurationError
from gooclaim_cli.setting_sources import Origin, Source
from gooclaim_cli.settings import KEYS, Settings, load, places
from gooclaim_cli.tenant.environment import DEFAULT_API_URL
from gooclaim_cli.tenant.paths import EVENT_TYPES_PATH, WEBHOOK_CONFIG_PATH
from gooclaim_cli.wire import SignedContent, SigningSecret

# A setting → the attribute, three different values, and the default.
TEXTS = {
    "api_url": ("https://a.example", "https://b.example", "https://c.example", DEFAULT_API_URL),
    "client_id": ("client_a", "client_b", "client_c", None),
    "client_secret": ("secret-a", "secret-b", "secret-c", None),
    "tenant_id": ("tnt_a", "tnt_b", "tnt_c", None),
    "webhook_config_path": ("/a/{tenant_id}", "/b", "/c", WEBHOOK_CONFIG_PATH),
    "event_types_path": ("/a/types", "/b/types", "/c/types", EVENT_TYPES_PATH),
}
SECRET = "whsec-that-nobody-may-see"


def environment(home: Path, **variables: str) -> dict[str, str]:
    return {"GOOCLAIM_HOME": str(home), **variables}


def write(home: Path, text: str) -> None:
    (home / "config.toml").write_text(text, "utf-8")


def secrets(settings: Settings) -> list[str]:
    return [secret.value for secret in settings.signing_secrets]


@pytest.mark.parametrize("key", TEXTS)
def test_a_flag_goes_over_the_environment_over_the_file_over_the_default(
    tmp_path: Path, key: str
) -> None:
    flag, variable, entry, default = TEXTS[key]
    name = f"GOOCLAIM_{key.upper()}"
    assert getattr(load({}, environment(tmp_path)), key) == default
    write(tmp_path, f'{key} = "{entry}"')
    assert getattr(load({}, environment(tmp_path)), key) == entry
    with_variable = environment(tmp_path, **{name: variable or ""})
    assert getattr(load({key: None}, with_variable), key) == variable
    assert getattr(load({key: flag}, with_variable), key) == flag
    assert getattr(load({key: flag}, environment(tmp_path)), key) == flag


@pytest.mark.parametrize("key", TEXTS)
def test_an_empty_variable_is_none(tmp_path: Path, key: str) -> None:
    variables = environment(tmp_path, **{f"GOOCLAIM_{key.upper()}": ""})
    assert getattr(load({}, variables), key) == TEXTS[key][3]


def test_signing_secrets_and_signed_content_have_the_same_order(tmp_path: Path) -> None:
    settings = load({}, environment(tmp_path))
    assert (secrets(settings), settings.signed_content) == ([], SignedContent.BODY)
    write(tmp_path, 'signing_secret = "file"\nsigned_content = "timestamp.body"')
    settings = load({}, environment(tmp_path))
    assert (secrets(settings), settings.signed_content) == (["file"], SignedContent.TIMESTAMP_BODY)
    variables = environment(
        tmp_path, GOOCLAIM_SIGNING_SECRET="variable", GOOCLAIM_SIGNED_CONTENT="body"
    )
    settings = load({}, variables)
    assert (secrets(settings), settings.signed_content) == (["variable"], SignedContent.BODY)
    flags = {"signing_secret": "flag", "signed_content": "timestamp.body"}
    settings = load(flags, variables)
    assert (secrets(settings), settings.signed_content) == (["flag"], SignedContent.TIMESTAMP_BODY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("one", ["one"]),
        ("new,old", ["new", "old"]),
        (",new,,old,", ["new", "old"]),
        (",", []),
        ("whsec_a=b+c/d", ["whsec_a=b+c/d"]),
    ],
)
def test_several_secrets_stand_with_commas_in_the_environment(
    tmp_path: Path, given: str, expected: list[str]
) -> None:
    assert secrets(load({}, environment(tmp_path, GOOCLAIM_SIGNING_SECRET=given))) == expected


def test_several_secrets_are_a_list_in_the_file_where_commas_mean_nothing(tmp_path: Path) -> None:
    write(tmp_path, 'signing_secret = ["new", "with,comma"]')
    assert secrets(load({}, environment(tmp_path))) == ["new", "with,comma"]


def test_a_secret_may_be_any_bytes(tmp_path: Path) -> None:
    raw = b"\xff\n\x01"
    given = raw.decode("utf-8", "surrogateescape")
    (secret,) = load({}, environment(tmp_path, GOOCLAIM_SIGNING_SECRET=given)).signing_secrets
    assert secret.key == raw


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('api_url = "https://a.example"\nclient_id = nope\n', 2, 13),
        ("api_url\n", 1, 8),
        ("a = 1\na = 2\n", 2, 6),
        ('client_id = "never closed\n', 1, 26),
        ('client_id = "never closed', 1, 26),
        ('\n\nsigning_secret = [\n"a",\n', 5, 1),
        ("[table", 1, 7),
        ("a = " + "[" * 10_000, None, None),
        ("a = " + "9" * 5000, None, None),
    ],
)
def test_a_broken_file_is_told_with_line_and_column(
    tmp_path: Path, text: str, line: int | None, column: int | None
) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load({}, environment(tmp_path))
    message = refused.value.message
    assert message.startswith(f"{tmp_path / 'config.toml'}: ")
    assert refused.value.hint
    assert len(message) < 300
    if line is not None:
        assert f"line {line}, column {column}" in message


def test_a_broken_file_is_told_without_its_secrets(tmp_path: Path) -> None:
    write(tmp_path, f'client_secret = "{SECRET}"\nsigning_secret = "{SECRET}" "{SECRET}"\n')
    with pytest.raises(ConfigurationError, match="line 2") as refused:
        load({}, environment(tmp_path))
    assert SECRET not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("apiurl", "did you mean 'api_url'?"),
        ("client_sercet", "did you mean 'client_secret'?"),
        ("signing_secrets", "did you mean 'signing_secret'?"),
        ("colour", "known are: profile, api_url, client_id"),
    ],
)
def test_an_unknown_setting_is_told_with_the_one_that_was_meant(
    tmp_path: Path, entry: str, hint: str
) -> None:
    write(tmp_path, f'{entry} = "{SECRET}"')
    with pytest.raises(ConfigurationError, match=f"there is no setting '{entry}'") as refused:
        load({}, environment(tmp_path))
    assert hint in refused.value.hint
    assert SECRET not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize(
    "entry",
    [
        "client_id = 7",
        "client_id = true",
        'client_id = ""',
        'client_id = ["a", "b"]',
        "[client_id]\na = 1",
        "signing_secret = 7",
        'signing_secret = ["a", 7]',
        'signing_secret = ["a", ""]',
        "signing_secret = 2026-05-20T10:14:25Z",
    ],
)
def test_a_value_that_is_no_text_is_refused(tmp_path: Path, entry: str) -> None:
    write(tmp_path, entry)
    with pytest.raises(ConfigurationError, match="must be a text that is not empty") as refused:
        load({}, environment(tmp_path))
    assert "write" in refused.value.hint


@pytest.mark.parametrize("key", TEXTS)
@pytest.mark.parametrize("value", ["\udcff", "/a\nb", "/a\x00", "/a\u202eb"])
def test_a_value_that_cannot_be_sent_is_refused_and_not_repeated(
    tmp_path: Path, key: str, value: str
) -> None:
    name = f"GOOCLAIM_{key.upper()}"
    with pytest.raises(ConfigurationError, match=f"the setting {key}") as refused:
        load({}, environment(tmp_path, **{name: value}))
    assert name in refused.value.hint
    assert value not in refused.value.message


@pytest.mark.parametrize("key", ["webhook_config_path", "event_types_path"])
def test_a_path_that_leads_to_another_address_is_refused(tmp_path: Path, key: str) -> None:
    """The token goes with every call: a path must not name the host that gets it."""
    write(tmp_path, f'{key} = "https://elsewhere.example/x"')
    with pytest.raises(ConfigurationError, match=f"the setting {key} is no path"):
        load({}, environment(tmp_path))


def test_how_long_the_history_is_kept_stands_in_a_table(tmp_path: Path) -> None:
    assert load({}, environment(tmp_path)).history_retain == 7 * 86_400
    write(tmp_path, 'client_id = "a"\n[history]\nretain = "12h"\n')
    settings = load({}, environment(tmp_path))
    assert (settings.history_retain, settings.client_id) == (12 * 3600, "a")
    variables = environment(tmp_path, GOOCLAIM_HISTORY_RETAIN="30m")
    assert load({}, variables).history_retain == 1800


@pytest.mark.parametrize("span", ["soon", "0", "-1d", "7 weeks"])
def test_a_span_that_cannot_be_meant_is_refused(tmp_path: Path, span: str) -> None:
    write(tmp_path, f'[history]\nretain = "{span}"\n')
    with pytest.raises(ConfigurationError, match=r"the setting history\.retain is") as refused:
        load({}, environment(tmp_path))
    assert "7d" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[history]\nretian = "7d"', "'history.retian'.*'history.retain'"),
        ('history = "7d"', "'history'.*'history.retain'"),
        ('retain = "7d"', "'retain'.*did you mean 'history.retain'"),
        ("[history]\nretain = 7", "history.retain must be a text.*write history.retain"),
        ("[history.retain]\na = 1", "history.retain must be a text"),
        ('[tunnel]\nretain = "7d"', "'tunnel'"),
    ],
)
def test_what_is_wrong_in_a_table_is_told(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load({}, environment(tmp_path))
    assert re.search(words, f"{refused.value.message} {refused.value.hint}")


def test_signed_content_is_one_of_two(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="GOOCLAIM_SIGNED_CONTENT is 'headers'") as refused:
        load({}, environment(tmp_path, GOOCLAIM_SIGNED_CONTENT="headers"))
    assert refused.value.hint == "it must be body or timestamp.body"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place: permissions do not keep everybody out."""
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot read .*config\.toml: ") as refused:
        load({}, environment(tmp_path))
    assert "GOOCLAIM_HOME" in refused.value.hint


def test_a_file_that_is_not_utf_8_is_told_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'api_url = "\xff"')
    with pytest.raises(ConfigurationError, match="byte 11 is not UTF-8"):
        config_file.read(tmp_path / "config.toml", KEYS)


def test_a_file_of_another_systems_line_ends_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes('client_id = "ü"\r\ntenant_id = "t"\r\n'.encode())
    assert config_file.read(tmp_path / "config.toml", KEYS).shared == {
        "client_id": "ü",
        "tenant_id": "t",
    }


def test_an_absent_file_is_an_empty_one(tmp_path: Path) -> None:
    assert config_file.read(tmp_path / "config.toml", KEYS) == ConfigFile()


def test_settings_never_show_their_secrets(tmp_path: Path) -> None:
    variables = environment(
        tmp_path,
        GOOCLAIM_CLIENT_ID="client_a",
        GOOCLAIM_CLIENT_SECRET=SECRET,
        GOOCLAIM_SIGNING_SECRET=f"{SECRET},{SECRET}2",
    )
    settings = load({}, variables)
    assert settings.signing_secrets == (SigningSecret(SECRET), SigningSecret(f"{SECRET}2"))
    shown = f"{settings!r} {settings} {settings.signing_secrets}"
    assert "client_a" in shown
    assert SECRET not in shown


def test_the_home_folder_holds_everything(tmp_path: Path) -> None:
    found = places({"GOOCLAIM_HOME": str(tmp_path / "here")})
    assert found.config == tmp_path / "here" / "config.toml"
    assert found.data == tmp_path / "here"
    assert found.history == tmp_path / "here" / "history.db"


def test_a_home_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert places({"GOOCLAIM_HOME": "here"}).data == tmp_path / "here"
    assert places({"GOOCLAIM_HOME": "~/here"}).data == tmp_path / "me" / "here"


def test_a_home_of_nobody_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="~nobody-of-this-name"):
        places({"GOOCLAIM_HOME": "~nobody-of-this-name/x"})


@pytest.mark.parametrize("variables", [{}, {"GOOCLAIM_HOME": ""}])
def test_without_a_home_folder_files_are_where_the_platform_puts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = places(variables)
    for path in (found.config, found.data):
        assert path.is_relative_to(tmp_path)
        assert "gooclaim" in path.parts
    assert found.config.name == "config.toml"
    assert found.history.parent == found.data


PROFILES = """
client_id = "mine"
client_secret = "mine-secret"
signing_secret = "mine-signing"
home_url = "https://mine.example/hooks"
forward_to = ["pending_docs.*=:3000", ":4000"]
[history]
retain = "3d"
[profiles.shared]
client_id = "ours"
tenant_id = "tnt_shared"
[profiles.shared.history]
retain = "1h"
[profiles.other]
forward_to = ":5000"
"""


@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_a_profile_is_chosen_by_flag_environment_or_file(tmp_path: Path, way: str) -> None:
    write(tmp_path, ('profile = "shared"\n' if way == "file" else "") + PROFILES)
    variables = {"GOOCLAIM_PROFILE": "shared"} if way == "environment" else {}
    flags = {"profile": "shared"} if way == "flag" else {}
    settings = load(flags, environment(tmp_path, **variables))
    assert (settings.profile, settings.client_id) == ("shared", "ours")
    assert settings.history_retain == 3600
    names = {"flag": "--profile", "environment": "GOOCLAIM_PROFILE", "file": "config.toml"}
    assert settings.source("profile").name == names[way]


def test_flags_go_over_the_environment_over_the_profile_over_the_files_top(tmp_path: Path) -> None:
    write(tmp_path, PROFILES)
    variables = environment(tmp_path, GOOCLAIM_FORWARD_TO=":6000,claim.*=:7000")
    assert load({}, environment(tmp_path)).forward_to == ("pending_docs.*=:3000", ":4000")
    assert load({"profile": "other"}, environment(tmp_path)).forward_to == (":5000",)
    assert load({"profile": "other"}, variables).forward_to == (":6000", "claim.*=:7000")
    shared = load({"profile": "shared"}, environment(tmp_path))
    assert shared.forward_to == ("pending_docs.*=:3000", ":4000")


def test_a_profile_never_has_half_of_another_account(tmp_path: Path) -> None:
    """A secret of one account sent to another API, or a URL put into another tenant."""
    write(tmp_path, PROFILES)
    settings = load({"profile": "shared"}, environment(tmp_path))
    assert (settings.client_secret, settings.home_url, settings.signing_secrets) == (None, None, ())
    assert load({}, environment(tmp_path)).client_secret == "mine-secret"


def test_what_stands_outside_of_the_profiles_is_the_default_one(tmp_path: Path) -> None:
    write(tmp_path, PROFILES)
    variables = environment(tmp_path, GOOCLAIM_PROFILE="shared")
    settings = load({"profile": "default"}, variables)
    assert (settings.profile, settings.client_id) == (None, "mine")


def test_every_value_tells_where_it_came_from(tmp_path: Path) -> None:
    write(tmp_path, PROFILES)
    variables = environment(tmp_path, GOOCLAIM_TENANT_ID="tnt_env")
    settings = load({"profile": "shared", "api_url": "http://localhost:1"}, variables)
    assert settings.source("api_url") == Source(Origin.FLAG, "--api-url")
    assert settings.source("tenant_id") == Source(Origin.ENVIRONMENT, "GOOCLAIM_TENANT_ID")
    assert settings.source("client_id") == Source(Origin.PROFILE, "profile shared")
    assert settings.source("forward_to") == Source(Origin.FILE, "config.toml")
    assert settings.source("signed_content").origin is Origin.DEFAULT


def test_a_profile_that_is_not_there_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    write(tmp_path, PROFILES)
    with pytest.raises(ConfigurationError, match=r"no profile 'shraed' \(--profile\)") as refused:
        load({"profile": "shraed"}, environment(tmp_path))
    assert "did you mean 'shared'?" in refused.value.hint
    assert load({"profile": "shraed"}, environment(tmp_path), new_profile=True).client_id is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('profiles = "x"', "profiles must be tables"),
        ("[profiles]\nx = 1", "profiles must be tables"),
        ("[profiles.a]\nclientid = 'x'", r"'profiles\.a\.clientid'.*'client_id'"),
        ("[profiles.a]\nclient_id = 7", r"profiles\.a\.client_id must be a text"),
        ("[profiles.a.history]\nretain = 7", r"profiles\.a\.history\.retain must be a text"),
        ("[profiles.a]\nprofile = 'b'", r"profiles\.a\.profile: a profile cannot choose"),
        ("[profiles.default]\nclient_id = 'x'", "cannot be named 'default'"),
        ("[profiles.'a b']\nclient_id = 'x'", "cannot be named 'a b'"),
    ],
)
def test_what_is_wrong_in_a_profile_is_told(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load({}, environment(tmp_path))
    assert re.search(words, f"{refused.value.message} {refused.value.hint}")


@pytest.mark.parametrize("url", ["http://a.example", "a.example", "https://", "https://a b"])
def test_a_home_url_is_one_that_gooclaim_can_deliver_to(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="the setting home_url is") as refused:
        load({}, environment(tmp_path, GOOCLAIM_HOME_URL=url))
    assert "https://" in refused.value.hint
