"""`init`: a configuration that loads, fresh secrets, and what to do next."""

import json
import tomllib
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bridge.backends import BACKENDS
from bridge.backends.enom import Command
from bridge.cli.init import init
from bridge.config import (
    Admin,
    Bridge,
    EnomAccountSettings,
    HostedEmailAccountSettings,
    Plan,
    Safety,
    SourceSettings,
    load,
)
from bridge.infra import masking
from bridge.infra.setting import declared

NEEDED = ("--uid", "reseller", "--token", "example-token", "--suspend-with", "refuse")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(masking, "_registered", set())
    monkeypatch.delenv("ENOM_BRIDGE_CONFIG", raising=False)
    monkeypatch.delenv("ENOM_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bridge.toml"


def run(*arguments: str, answers: str = "", config: str | None = None) -> Result:
    group = click.Group(commands=[init])
    return CliRunner().invoke(group, ["init", *arguments], input=answers, obj={"config": config})


def test_with_yes_nothing_is_asked_and_the_file_loads(place: Path) -> None:
    result = run("--yes", *NEEDED)

    settings = load(place, {})
    secret = settings.sources["whmcs-main"].secrets[0].reveal()
    assert result.exit_code == 0
    assert place.stat().st_mode & 0o777 == 0o600
    assert settings.warnings == ()
    assert settings.plans["basic"].quota_gb == 10
    assert (
        "Fill in at whmcs:\n  Module    enom-bridge mailbox\n "
        " Hostname  127.0.0.1\n  Port      8080\n"
    ) in result.stdout
    assert "  SSL       not ticked\n  Username  whmcs-main\n  Password  whsec_" in result.stdout
    assert secret in result.stdout
    assert "enom-bridge doctor" in result.stdout and "enom-bridge serve" in result.stdout
    assert "example-token" not in result.output


def test_paymenter_has_a_form_of_its_own(place: Path) -> None:
    result = run("--yes", *NEEDED, "--platform", "paymenter", "--source", "paymenter-main")
    assert result.exit_code == 0
    assert "Fill in at paymenter:\n  Server          EnomBridge\n" in result.stdout
    assert "  Bridge URL      http://127.0.0.1:8080\n" in result.stdout
    assert "  Source          paymenter-main\n  Signing secret  whsec_" in result.stdout


def test_live_begins_with_looking_and_deletes_after_days(place: Path, tmp_path: Path) -> None:
    hosted = (
        "--suspend-with",
        "hosted-email",
        "--hosted-user",
        "a@example.com",
        "--hosted-password",
        "example-password",
    )

    result = run("--yes", *NEEDED[:4], "--environment", "live", *hosted)

    live = load(place, {})
    assert (live.accounts["main"].mode, live.safety.terminate_grace_days) == ("observe", 7)
    assert (
        'It only observes: nothing is changed at the mail provider until you set mode = "act"'
        in result.stdout
    )
    for name, more, expected in (
        ("test", hosted, ("act", 0)),
        ("refuse", ("--environment", "live", "--suspend-with", "refuse"), ("observe", 0)),
        (
            "given",
            ("--environment", "live", *hosted, "--mode", "act", "--terminate-grace-days", "30"),
            ("act", 30),
        ),
    ):
        file = tmp_path / f"{name}.toml"
        assert run("--yes", "--config", str(file), *NEEDED[:4], *more).exit_code == 0
        made = load(file, {})
        assert (made.accounts["main"].mode, made.safety.terminate_grace_days) == expected


def test_every_file_has_secrets_and_a_database_of_its_own(tmp_path: Path) -> None:
    files = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file in files:
        run("--yes", "--config", str(file), *NEEDED)

    first, second = (tomllib.loads(file.read_text()) for file in files)
    assert first["bridge"]["keys"] != second["bridge"]["keys"]
    assert [file["bridge"]["database"] for file in (first, second)] == [
        "sqlite:///a.sqlite3",
        "sqlite:///b.sqlite3",
    ]
    assert first["sources"]["whmcs-main"]["secrets"] != second["sources"]["whmcs-main"]["secrets"]


def test_with_yes_all_that_is_missing_is_named(place: Path) -> None:
    result = run("--yes", "--suspend-with", "hosted-email")

    assert result.exit_code == 2
    assert "--uid, --token, --hosted-user, --hosted-password" in result.stderr
    assert not place.exists()


def test_an_existing_file_is_left_alone(place: Path) -> None:
    place.write_text("# mine")

    result = run("--yes", *NEEDED)

    assert result.exit_code == 1
    assert place.read_text() == "# mine"
    assert "was not changed" in result.stderr


def test_questions_are_asked_and_the_choices_explained(place: Path) -> None:
    answers = [
        "standard",
        "shop",
        "",
        "https://bridge.example.com/",
        "live",
        "reseller",
        "example-token",
        "hosted-email",
    ]
    answers += ["admin@example.com", "example-password", "boxes", "observe"]
    answers += ["mailto:admin@example.com", ""]

    result = run("--backend", "enom", answers="\n".join(answers) + "\n")

    assert result.exit_code == 0, result.output
    account = load(place, {}).accounts["main"]
    assert (account.environment, account.purchase, account.mode) == ("live", "boxes", "observe")
    assert (
        account.hosted_email is not None
        and account.hosted_email.password.reveal() == "example-password"
    )
    assert "https://bridge.example.com/hooks/shop" in result.stdout
    for words in (
        "Mail still arrives",
        "No read can confirm",
        "spend money",
        "changes nothing at the mail provider",
    ):
        assert words in result.stderr
    assert "example-password" not in result.output and "example-token" not in result.output


def test_what_was_given_is_not_asked(place: Path) -> None:
    result = run(
        *NEEDED,
        "--backend",
        "enom",
        "--platform",
        "whmcs",
        "--source",
        "shop",
        "--callback",
        "",
        answers="\n\n\n\n\n",
    )

    assert result.exit_code == 0, result.output
    assert "Enom login" not in result.stderr and "suspended?" not in result.stderr
    assert "URL at which billing reaches" in result.stderr


def test_a_secret_by_name_is_written_by_name_and_need_not_be_set_yet(place: Path) -> None:
    result = run("--yes", "--uid", "r", "--token", "env:ENOM_TOKEN", "--suspend-with", "lock-out")

    assert result.exit_code == 0
    assert 'token = "env:ENOM_TOKEN"' in place.read_text()
    assert "Before you start the bridge, set: ENOM_TOKEN" in result.stdout


def test_commands_are_written(place: Path) -> None:
    needed = ("--uid", "r", "--token", "example-token", "--suspend-with", "commands")

    run("--yes", *needed, "--suspend-command", "Disable", "--unsuspend-command", "Enable")

    commands = load(place, {}).accounts["main"].commands
    assert commands is not None
    assert (commands.suspend.command, commands.unsuspend.command) == ("Disable", "Enable")


def test_a_script_can_set_what_it_needs(place: Path) -> None:
    result = run(
        *("--yes", "--json", *NEEDED, "--platform", "standard", "--source", "shop"),
        *(
            "--callback",
            "http://127.0.0.1:9000/cb",
            "--endpoint",
            "http://127.0.0.1:9001/interface.asp",
        ),
        *(
            "--hosted-user",
            "a",
            "--hosted-password",
            'qu"o\\te\x7f',
            "--hosted-endpoint",
            "http://127.0.0.1:9001/api",
        ),
        *(
            "--listen",
            "127.0.0.1:9002",
            "--metrics-listen",
            "",
            "--database",
            "sqlite:///other.sqlite3",
        ),
        *("--plan", "big one=50", "--domain", "example.com", "--domain", "example.net"),
    )

    # A control character in the password is refused by the configuration itself, so the file is
    # gone again.
    assert result.exit_code == 2
    assert "accounts.main.hosted_email.password" in result.stderr
    assert not place.exists()

    result = run(
        *("--yes", "--json", *NEEDED, "--platform", "standard", "--source", "shop"),
        *(
            "--callback",
            "http://127.0.0.1:9000/cb",
            "--endpoint",
            "http://127.0.0.1:9001/interface.asp",
        ),
        *(
            "--hosted-user",
            "a",
            "--hosted-password",
            'qu"o\\te',
            "--hosted-endpoint",
            "http://127.0.0.1:9001/api",
        ),
        *(
            "--listen",
            "127.0.0.1:9002",
            "--metrics-listen",
            "",
            "--database",
            "sqlite:///other.sqlite3",
        ),
        *("--plan", "big one=50", "--domain", "example.com", "--domain", "example.net"),
    )

    settings = load(place, {})
    hosted = settings.accounts["main"].hosted_email
    url, secret = "http://127.0.0.1:9002/hooks/shop", settings.sources["shop"].secrets[0].reveal()
    assert json.loads(result.stdout) == {
        "path": str(place),
        "url": url,
        "secret": secret,
        "form": {"URL": url, "secret": secret},
        "unset": [],
    }
    assert hosted is not None
    assert (hosted.endpoint, hosted.password.reveal()) == ("http://127.0.0.1:9001/api", 'qu"o\\te')
    assert settings.sources["shop"].domains == ("example.com", "example.net")
    assert settings.sources["shop"].callback_loopback
    assert settings.plans["big one"].quota_gb == 50
    assert settings.bridge.metrics_listen is None
    assert settings.accounts["main"].endpoint == "http://127.0.0.1:9001/interface.asp"


def test_faults_of_the_answers_are_all_named_and_nothing_is_left_behind(place: Path) -> None:
    result = run(
        "--yes",
        *NEEDED,
        "--callback",
        "http://billing.example.com",
        "--plan",
        "big",
        "--source",
        "a b",
    )

    assert result.exit_code == 2
    for key in ("sources.a b", "plans.big.quota_gb"):
        assert key in result.stderr
    assert not place.exists()


def test_the_place_comes_from_the_option_the_group_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENOM_BRIDGE_CONFIG", str(tmp_path / "environ.toml"))

    run("--yes", *NEEDED)
    run("--yes", *NEEDED, config=str(tmp_path / "group.toml"))
    result = run(
        "--yes",
        *NEEDED,
        "--config",
        str(tmp_path / "option.toml"),
        config=str(tmp_path / "group.toml"),
    )

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "environ.toml",
        "group.toml",
        "option.toml",
    ]
    assert f"enom-bridge --config {tmp_path / 'option.toml'} doctor" in result.stdout


def test_a_place_that_cannot_be_written_is_exit_code_1(tmp_path: Path) -> None:
    result = run("--yes", *NEEDED, "--config", str(tmp_path / "none" / "bridge.toml"))

    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_bad_answer_is_asked_again_at_once_and_loses_no_other(place: Path) -> None:
    answers = [
        "standard",
        "my shop",
        "shop",
        "billing",
        "http://billing.example.com/cb",
        "https://billing.example.com/cb",
    ]
    answers += [
        "bridge.example.com",
        "https://bridge.example.com",
        "nowhere",
        "test",
        "",
        "reseller",
        "\x7f-secret",
        "sim-token",
    ]
    answers += [
        "refuse",
        "",
        "",
        "admin@example.com",
        "mailto:admin@example.com",
        "smtp://u:hidden-word@mail.example.com",
    ]
    answers += ["smtp://mail.example.com:25"]

    result = run("--backend", "enom", answers="\n".join(answers) + "\n")

    assert result.exit_code == 0, result.output
    settings = load(place, {})
    assert settings.sources["shop"].callback == "https://billing.example.com/cb"
    assert (settings.admin.notify, settings.admin.smtp) == (
        "mailto:admin@example.com",
        "smtp://mail.example.com:25",
    )
    for words in (
        "this is not a usable name",
        "must be a URL",
        "must begin with https://",
        "this must be printable text",
    ):
        assert words in result.stderr, words
    assert "-secret" not in result.output.replace("hidden", "")


TABLES = {"bridge": Bridge, "admin": Admin, "safety": Safety, "accounts.main": EnomAccountSettings}
TABLES |= {"plans.basic": Plan, "sources.whmcs-main": SourceSettings}
TABLES |= {f"accounts.main.commands.{verb}": Command for verb in ("suspend", "unsuspend")}


def test_the_comment_of_a_key_is_what_it_was_declared_to_do(place: Path) -> None:
    run(
        "--yes",
        *NEEDED[:4],
        "--suspend-with",
        "commands",
        "--suspend-command",
        "A",
        "--unsuspend-command",
        "B",
    )

    header, *tables = place.read_text().split("\n[")
    assert "keep it readable only by its user" in header
    assert [table.partition("]")[0] for table in tables] == [
        *list(TABLES)[:4],
        *list(TABLES)[6:],
        *list(TABLES)[4:6],
    ]
    for name, _, lines in (table.partition("]\n") for table in tables):
        does = {
            each.name: setting.does for each in fields(TABLES[name]) if (setting := declared(each))
        }
        comments, keys = lines.strip().split("\n")[::2], lines.strip().split("\n")[1::2]
        assert comments == [f"# {does[key.split(' = ')[0]]}" for key in keys]


@pytest.fixture
def two_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "hosted-email", BACKENDS.get("hosted-email", BACKENDS["memory"]))


HOSTED = (
    "--backend",
    "hosted-email",
    "--hosted-user",
    "admin@reseller.example",
    "--hosted-password",
    "example-password",
)


@pytest.mark.usefixtures("two_backends")
def test_the_backend_is_asked_for_and_only_its_keys_are_written(place: Path) -> None:
    answers = [
        "standard",
        "shop",
        "",
        "https://bridge.example.com",
        "hosted_email",
        "hosted-email",
        "live",
    ]
    answers += ["admin@reseller.example", "example-password", "observe", ""]

    result = run(answers="\n".join(answers) + "\n")

    assert result.exit_code == 0, result.output
    assert (
        "control panel shows paks" in result.stderr
        and "this must be one of: enom, hosted-email" in result.stderr
    )
    assert "Enom login" not in result.stderr and "spend money" not in result.stderr
    account = load(place, {}).accounts["main"]
    assert isinstance(account, HostedEmailAccountSettings)
    assert (account.environment, account.mode, account.suspend_with) == (
        "live",
        "observe",
        "hosted-email",
    )
    written = tomllib.loads(place.read_text())
    assert set(written["accounts"]["main"]) == {
        "backend",
        "environment",
        "mode",
        "suspend_with",
        "hosted_email",
    }
    assert set(written["accounts"]["main"]["hosted_email"]) == {"user", "password"}
    assert written["safety"]["terminate_grace_days"] == 7


@pytest.mark.usefixtures("two_backends")
def test_a_test_account_of_hosted_email_goes_to_the_test_system(place: Path) -> None:
    assert run("--yes", *HOSTED).exit_code == 0

    hosted = load(place, {}).accounts["main"].hosted_email
    assert hosted is not None
    assert hosted.endpoint == "https://admin.test.hostedemail.com/api"


@pytest.mark.usefixtures("two_backends")
def test_an_option_of_another_backend_is_refused(place: Path) -> None:
    result = run("--yes", *HOSTED, "--purchase", "paks")

    assert result.exit_code == 2
    assert (
        '--purchase is for the backend "enom" only, and this one is "hosted-email"' in result.stderr
    )
    assert not place.exists()


def test_a_backend_that_is_not_there_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(BACKENDS, "hosted-email", raising=False)

    result = run("--yes", *HOSTED)

    assert result.exit_code == 2
    assert "must be one of: enom" in result.stderr
    assert not place.exists()


NAMED = ("--backend", "hosted-email", "--hosted-user", "env:U", "--hosted-password", "env:P")


@pytest.mark.parametrize(
    "backend", [NAMED, ("--suspend-with", "lock-out", "--uid", "env:U", "--token", "env:P")]
)
def test_every_variable_that_is_to_be_set_is_read(place: Path, backend: tuple[str, ...]) -> None:
    result = run("--yes", *backend)
    assert "Before you start the bridge, set: P, U" in result.stdout, result.output
    account = load(place, {"U": "admin@reseller.example", "P": "example-password"}).accounts["main"]
    assert "admin@reseller.example" in repr(account) and "env:U" not in repr(account)


def test_the_one_way_to_suspend_that_a_backend_has_may_be_said(place: Path) -> None:
    assert run("--yes", *NAMED, "--suspend-with", "hosted-email").exit_code == 0
    place.unlink()
    refused = run("--yes", *NAMED, "--suspend-with", "lock-out")
    assert refused.exit_code == 2 and "--suspend-with is for the backend" in refused.output


def test_of_stripe_the_secret_is_asked_for_and_not_made(place: Path) -> None:
    hosted = ("--hosted-user", "admin@reseller.example", "--hosted-password", "made-up")
    result = run(
        *("--yes", "--platform", "stripe", "--source", "subs", "--uid", "reseller"),
        *("--token", "example-token", "--suspend-with", "hosted-email", *hosted),
        *("--notify", "mailto:a@example.com"),
    )

    assert result.exit_code == 0, result.output
    written = tomllib.loads(place.read_text())
    assert written["safety"]["terminate_grace_days"] == 14
    source = written["sources"]["subs"]
    assert source["secrets"] == ["env:WEBHOOK_SECRET"]
    assert source["api"] == {"key": "env:PLATFORM_API_KEY"}
    assert source["map"] == {"address": "metadata.mailbox", "customer_id": "customer"}
    assert "http://127.0.0.1:8080/hooks/subs" in result.stdout
    assert "customer.subscription.paused" in result.stdout
    assert "set: PLATFORM_API_KEY, WEBHOOK_SECRET" in result.stdout
    assert "whsec_" not in result.stdout
    given = {"WEBHOOK_SECRET": "whsec_made_up_0123456789", "PLATFORM_API_KEY": "rk_test_madeup"}
    assert load(place, given).sources["subs"].platform == "stripe"


def test_of_stripe_somebody_must_hear_of_the_link_to_the_first_password(place: Path) -> None:
    hosted = ("--hosted-user", "admin@reseller.example", "--hosted-password", "made-up")
    result = run(
        *("--yes", "--platform", "stripe", "--source", "subs", "--uid", "reseller"),
        *("--token", "example-token", "--suspend-with", "hosted-email", *hosted),
    )

    assert result.exit_code == 2 and "sources.subs.callback" in result.output
    assert not place.exists()
