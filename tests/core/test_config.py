"""Reading a good configuration: where it is found, what is filled in, what is shown."""

import json
from dataclasses import FrozenInstanceError
from ipaddress import ip_network
from pathlib import Path

import pytest

from bridge.config import ConfigurationError, HostPort, Secret, describe, find, load
from bridge.infra import logs, masking

KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
HOOK_SECRET = "whsec_c2VjcmV0LW9mLWEtdGVzdC1pbnN0YWxsYXRpb24="
MINIMAL = f"""
[bridge]
keys = ["{KEY}"]
[accounts.main]
uid = "reseller"
token = "example-token"
suspend_with = "refuse"
[sources.shop]
account = "main"
secrets = ["{HOOK_SECRET}"]
"""


@pytest.fixture(autouse=True)
def forget_registered_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_registered", set())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.toml"
    path.write_text(MINIMAL)
    path.chmod(0o600)
    return path


def test_a_minimal_file_gets_every_default(file: Path) -> None:
    settings = load(file, {})

    assert settings.bridge.listen == HostPort("127.0.0.1", 8080)
    assert settings.bridge.key_bytes() == (bytes(range(1, 33)),)
    assert settings.worker.retry_hours == 72
    assert settings.accounts["main"].name == "main"
    assert settings.accounts["main"].hosted_email is None
    assert settings.sources["shop"].domains == ("*",)
    assert settings.admin.smtp_password is None
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("former", "read"), [('"_spf.example.net"', ("_spf.example.net",)), ('""', ())]
)
def test_the_former_name_of_the_spf_includes_is_read_with_a_warning(
    file: Path, former: str, read: tuple[str, ...]
) -> None:
    with_former(file, f"spf_include = {former}")
    settings = load(file, {})
    assert settings.accounts["main"].spf_includes == read
    assert "accounts.main.spf_include has a new name; write spf_includes =" in settings.warnings[0]


def test_both_names_of_the_spf_includes_are_a_fault(file: Path) -> None:
    with_former(file, 'spf_include = ""\nspf_includes = []')
    with pytest.raises(ConfigurationError) as caught:
        load(file, {})
    assert [key for key, _ in caught.value.faults] == ["accounts.main.spf_include"]


def with_former(file: Path, lines: str) -> None:
    file.write_text(file.read_text().replace("[accounts.main]", f"[accounts.main]\n{lines}"))


def test_settings_cannot_be_changed(file: Path) -> None:
    settings = load(file, {})

    with pytest.raises(FrozenInstanceError):
        settings.worker.concurrency = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.accounts["other"] = settings.accounts["main"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ("test", "https://resellertest.enom.com/interface.asp"),
        ("live", "https://reseller.enom.com/interface.asp"),
    ],
)
def test_the_environment_picks_the_documented_endpoint(
    file: Path, environment: str, endpoint: str
) -> None:
    file.write_text(MINIMAL.replace("uid =", f'environment = "{environment}"\nuid ='))

    assert load(file, {}).accounts["main"].endpoint == endpoint


def test_a_full_file_is_read(file: Path) -> None:
    text = MINIMAL.replace(
        'suspend_with = "refuse"', 'suspend_with = "commands"\nsettle = 0\ntimeout = 1.5'
    )
    text = text.replace(
        "[bridge]",
        '[bridge]\nlisten = "[::1]:80"\nmetrics_listen = ""\ntrusted_proxies = ["192.0.2.0/24"]',
    )
    text += """
callback = "http://127.0.0.1:9000/cb"
callback_loopback = true
domains = ["Bücher.example", "example.com"]
allow_from = ["2001:db8::/32", "192.0.2.7"]
[accounts.main.hosted_email]
endpoint = "http://127.0.0.1:8099/api/"
user = "admin@example.com"
password = "example-password"
[accounts.main.commands.suspend]
command = "Disable"
parameters = { Mailbox = "{address}" }
[accounts.main.commands.unsuspend]
command = "Enable"
[plans."big one"]
quota_gb = 50
[admin]
notify = "mailto:staff@example.com"
smtp = "smtp://bridge@mail.example.com:587"
smtp_password = "example-smtp"
password_hash = "scrypt:32768:8:1$salt$00ff"
view_password_hash = "pbkdf2:sha256:1000000$salt$00fe"
user_header = "X-Forwarded-User"
user_admins = ["jane", "john@example.com"]
"""
    file.write_text(text)

    settings = load(file, {})

    account, source = settings.accounts["main"], settings.sources["shop"]
    assert str(settings.bridge.listen) == "[::1]:80"
    assert settings.bridge.metrics_listen is None
    assert settings.bridge.trusted_proxies == (ip_network("192.0.2.0/24"),)
    assert source.domains == ("xn--bcher-kva.example", "example.com")
    assert source.allow_from == (ip_network("2001:db8::/32"), ip_network("192.0.2.7/32"))
    assert (account.settle, account.timeout) == (0, 1.5)
    assert account.commands is not None
    assert account.commands.suspend.parameters == {"Mailbox": "{address}"}
    assert account.commands.unsuspend.parameters == {
        "UserName": "{local}",
        "SLD": "{sld}",
        "TLD": "{tld}",
    }
    assert account.hosted_email is not None
    assert account.hosted_email.endpoint == "http://127.0.0.1:8099/api"
    assert settings.plans["big one"].quota_gb == 50


def test_secrets_come_from_the_environment_and_from_files(file: Path) -> None:
    (file.parent / "token.txt").write_text("  example-file-token\n")
    file.write_text(MINIMAL.replace("example-token", "file:token.txt").replace(KEY, "env:KEY"))

    settings = load(file, {"KEY": KEY})

    assert settings.accounts["main"].token.reveal() == "example-file-token"
    assert settings.bridge.keys[0] == Secret(KEY)


@pytest.mark.parametrize("written", ["sqlite:///data/b.sqlite3", "env:DATABASE"])
def test_a_relative_database_counts_from_the_folder_of_the_file(file: Path, written: str) -> None:
    file.write_text(MINIMAL.replace("keys", f'database = "{written}"\nkeys'))

    url = load(file, {"DATABASE": "sqlite:///data/b.sqlite3"}).bridge.database

    assert url == f"sqlite:///{file.parent}/data/b.sqlite3"


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("example-secret", "env:NAME")

    assert [str(secret), repr(secret), f"{secret}", repr([secret])] == [
        "***",
        "***",
        "***",
        "[***]",
    ]
    assert secret.reveal() == "example-secret"


def test_nothing_that_describes_the_settings_holds_a_secret(file: Path) -> None:
    text = MINIMAL.replace(
        "keys", 'database = "postgresql+psycopg://user:pass/word@db.example.com/bridge"\nkeys'
    )
    text += """
callback = "https://billing.example.com/cb?token=in-the-query&server=3"
[admin]
notify = "https://chat.example.com/services/in-the-path"
smtp_password = "example-smtp"
"""
    file.write_text(text.replace("example-token", "env:TOKEN"))

    settings = load(file, {"TOKEN": "token-of-the-environment"})

    plain = describe(settings)
    shown = json.dumps(plain) + repr(settings)
    hidden = (
        KEY,
        HOOK_SECRET[6:],
        "token-of-the",
        "pass/word",
        "example-smtp",
        "in-the-query",
        "in-the-path",
    )
    assert [secret for secret in hidden if secret in shown] == []
    assert plain["accounts"]["main"]["token"] == "*** (env:TOKEN)"
    assert plain["bridge"]["keys"] == ["***"]
    assert plain["bridge"]["database"] == "postgresql+psycopg://user:***@db.example.com/bridge"
    assert plain["sources"]["shop"]["callback"].endswith("server=3")


def test_secrets_of_the_settings_are_masked_in_the_logs_from_then_on(file: Path) -> None:
    load(file, {})

    assert logs.mask(f"sent example-token and {HOOK_SECRET}") == "sent *** and whsec_***"


def test_a_file_with_secrets_that_others_may_read_is_warned_about(file: Path) -> None:
    file.chmod(0o640)

    assert "chmod 600" in load(file, {}).warnings[0]


@pytest.mark.parametrize(
    ("parameters", "warned"),
    [
        ('SLD = "{sld}", TLD = "{tld}"', True),
        ('Box = "{address}"', False),
        ('U = "{local}"', False),
    ],
)
def test_a_command_that_names_no_mailbox_is_warned_about(
    file: Path, parameters: str, warned: bool
) -> None:
    text = MINIMAL.replace('suspend_with = "refuse"', 'suspend_with = "commands"')
    for which in ("suspend", "unsuspend"):
        text += f"""[accounts.main.commands.{which}]
command = "Switch"
parameters = {{ {parameters} }}
"""
    file.write_text(text)

    found = [each for each in load(file, {}).warnings if "names no mailbox" in each]
    assert len(found) == (2 if warned else 0)


def test_a_file_without_secrets_may_be_read_by_all(file: Path) -> None:
    text = (
        MINIMAL.replace(KEY, "env:KEY")
        .replace("example-token", "env:TOKEN")
        .replace(HOOK_SECRET, "env:HOOK")
    )
    file.write_text(text)
    file.chmod(0o644)

    assert load(file, {"KEY": KEY, "TOKEN": "example-token", "HOOK": HOOK_SECRET}).warnings == ()


def test_the_option_goes_before_the_environment_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("option.toml", "environ.toml", "bridge.toml"):
        (tmp_path / name).touch()

    assert find("option.toml", {"ENOM_BRIDGE_CONFIG": "environ.toml"}) == Path("option.toml")
    assert find(None, {"ENOM_BRIDGE_CONFIG": "environ.toml"}) == Path("environ.toml")
    assert find(None, {}) == Path("bridge.toml")


def test_what_was_named_and_is_not_there_is_not_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bridge.toml").touch()

    with pytest.raises(ConfigurationError, match=r"absent\.toml"):
        find("absent.toml", {})


def test_all_places_that_were_tried_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "is_file", lambda _: False)

    with pytest.raises(ConfigurationError) as caught:
        find(None, {})

    assert str(tmp_path / "bridge.toml") in str(caught.value)
    assert "/etc/enom-bridge/bridge.toml" in str(caught.value)
    assert "enom-bridge init" in str(caught.value)
