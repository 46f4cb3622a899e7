"""The settings of an account are those of its backend: its own keys, no other's, and only of one
that is there."""

from pathlib import Path

import pytest

from bridge.backends import BACKENDS
from bridge.backends.hosted_email.settings import HostedEmailAccount
from bridge.config import ConfigurationError, HostedEmailAccountSettings, Settings, describe, load
from bridge.config.load import secrets
from bridge.infra import logs, masking

TABLES = {
    "bridge": 'keys = ["AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="]',
    "accounts.mail": 'backend = "hosted-email"\nenvironment = "live"',
    "accounts.mail.hosted_email": 'user = "admin@reseller.example"\npassword = "example-password"',
    "sources.shop": 'account = "mail"\nsecrets = ["whsec_c2VjcmV0LW9mLWEtdGVzdC1pbnN0YWxsYXRpb24="]',
}
ACCOUNT, API = "accounts.mail", "accounts.mail.hosted_email"


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_registered", set())
    monkeypatch.setitem(BACKENDS, "hosted-email", BACKENDS.get("hosted-email", BACKENDS["memory"]))


def read(folder: Path, **changes: str) -> Settings:
    """`changes` by the last word of the table's name; a leading + adds to its lines."""
    path = folder / "bridge.toml"
    tables = dict(TABLES)
    for name, lines in changes.items():
        table = next(
            key for key in (*TABLES, f"accounts.mail.{name}") if key.split(".")[-1] == name
        )
        tables[table] = tables.get(table, "") + "\n" + lines[1:] if lines[0] == "+" else lines
    path.write_text("\n".join(f"[{name}]\n{lines}" for name, lines in tables.items()))
    path.chmod(0o600)
    return load(path, {})


def faults(folder: Path, **changes: str) -> dict[str, str]:
    try:
        read(folder, **changes)
    except ConfigurationError as error:
        return dict(error.faults)
    return {}


def test_an_account_of_hosted_email_has_its_own_keys_and_defaults(tmp_path: Path) -> None:
    account = read(tmp_path).accounts["mail"]

    assert isinstance(account, HostedEmailAccountSettings)
    assert (account.suspend_with, account.environment, account.max_in_flight) == (
        "hosted-email",
        "live",
        4,
    )
    assert account.account() == HostedEmailAccount(
        endpoint="https://admin.a.hostedemail.com/api",
        user="admin@reseller.example",
        password="example-password",
        keep_receiving=False,
        prove_passwords=False,
        create_domains=False,
    )


def test_what_is_set_reaches_the_backend(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        mail='+suspend_with = "hosted-email"\nprove_passwords = true\ncreate_domains = true',
        hosted_email='+keep_receiving = true\nendpoint = "https://admin.b.hostedemail.com/api/"',
    )

    account = settings.accounts["mail"]
    assert isinstance(account, HostedEmailAccountSettings)
    made = account.account()
    assert (made.endpoint, made.keep_receiving) == ("https://admin.b.hostedemail.com/api", True)
    assert (made.prove_passwords, made.create_domains) == (True, True)


def test_its_password_is_shown_nowhere(tmp_path: Path) -> None:
    settings = read(tmp_path)
    account = settings.accounts["mail"]

    assert isinstance(account, HostedEmailAccountSettings)
    assert "example-password" not in f"{settings!r} {describe(settings)} {account.account()!r}"
    assert "example-password" in [secret.reveal() for secret in secrets(settings)]
    assert logs.mask("sent example-password") == "sent ***"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("uid", 'uid = "reseller"'),
        ("token", 'token = "example-token"'),
        ("endpoint", 'endpoint = "https://reseller.enom.com/interface.asp"'),
        ("purchase", 'purchase = "paks"'),
    ],
)
def test_a_key_of_enom_names_itself_and_the_backend(tmp_path: Path, key: str, line: str) -> None:
    found = faults(tmp_path, mail=f"+{line}")

    assert list(found) == [f"{ACCOUNT}.{key}"]
    assert found[f"{ACCOUNT}.{key}"] == (
        'belongs to backend = "enom", and this account has backend = "hosted-email"; remove '
        "the key, or change backend"
    )


def test_the_table_of_enoms_commands_is_one_too(tmp_path: Path) -> None:
    found = faults(tmp_path, commands='suspend = { command = "Disable" }')

    assert 'backend = "enom"' in found[f"{ACCOUNT}.commands"]


def test_a_key_of_hosted_email_at_an_account_of_enom_likewise(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        mail=(
            'uid = "reseller"\ntoken = "example-token"\nsuspend_with '
            '= "refuse"\nprove_passwords = true'
        ),
    )

    assert list(found) == [f"{ACCOUNT}.prove_passwords"]
    assert 'belongs to backend = "hosted-email"' in found[f"{ACCOUNT}.prove_passwords"]


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"hosted_email": 'password = "example-password"'}, f"{API}.user", "is missing"),
        ({"hosted_email": 'user = "admin@reseller.example"'}, f"{API}.password", "is missing"),
        (
            {"hosted_email": '+endpoint = "admin.a.hostedemail.com"'},
            f"{API}.endpoint",
            "must be an https:// URL",
        ),
        (
            {"hosted_email": '+endpoint = "http://admin.a.hostedemail.com/api"'},
            f"{API}.endpoint",
            "must be an https:// URL",
        ),
        (
            {"hosted_email": '+endpoint = "https://admin.test.hostedemail.com/api"'},
            f"{API}.endpoint",
            "test system",
        ),
        (
            {"hosted_email": '+endpoint = "http://127.0.0.1:8099/api"'},
            f"{API}.endpoint",
            "live credentials never go",
        ),
        (
            {"hosted_email": '+endpont = "https://admin.b.hostedemail.com/api"'},
            f"{API}.endpont",
            "did you mean endpoint",
        ),
        (
            {"mail": 'backend = "hosted-email"\nenvironment = "test"'},
            f"{API}.endpoint",
            "https://admin.test.hostedemail.com/api",
        ),
        (
            {"mail": '+suspend_with = "lock-out"'},
            f"{ACCOUNT}.suspend_with",
            "must be one of: hosted-email",
        ),
        ({"mail": "+prove_passwords = 1"}, f"{ACCOUNT}.prove_passwords", "true or false"),
        ({"mail": '+create_domains = "yes"'}, f"{ACCOUNT}.create_domains", "true or false"),
        (
            {"mail": "+create_domain = true"},
            f"{ACCOUNT}.create_domain",
            "did you mean create_domains",
        ),
        ({"mail": '+backend_ = "enom"'}, f"{ACCOUNT}.backend_", "did you mean backend"),
        ({"mail": 'backend = "hosted_email"'}, f"{ACCOUNT}.backend", "did you mean hosted-email"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_fault_names_its_key_and_the_remedy(
    tmp_path: Path, changes: dict[str, str], key: str, words: str
) -> None:
    found = faults(tmp_path, **changes)

    assert list(found) == [key]
    assert words in found[key]


def test_a_test_account_works_with_the_test_system(tmp_path: Path) -> None:
    endpoint = '+endpoint = "https://admin.test.hostedemail.com/api"'

    assert faults(tmp_path, mail='backend = "hosted-email"', hosted_email=endpoint) == {}


def test_without_its_table_the_table_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(TABLES, API)

    found = faults(tmp_path)

    assert list(found) == [API]
    assert "is missing" in found[API] and "[accounts.NAME.hosted_email]" in found[API]


def test_a_backend_that_is_not_there_cannot_be_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(BACKENDS, "hosted-email")

    assert faults(tmp_path) == {f"{ACCOUNT}.backend": "must be one of: enom"}


def test_nor_is_its_key_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BACKENDS, "hosted-email")

    found = faults(
        tmp_path,
        mail=(
            'uid = "reseller"\ntoken = "example-token"\nsuspend_with '
            '= "refuse"\nprove_passwords = true'
        ),
    )

    assert (
        "is not a key of this table; correct or remove it (known here: backend"
        in found[f"{ACCOUNT}.prove_passwords"]
    )
