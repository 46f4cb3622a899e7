"""A faulty configuration: every fault by its key, all at once, and none of them quotes a secret."""

from pathlib import Path

import pytest

from bridge.config import ConfigurationError, load, values
from bridge.domain.errors import BridgeError
from bridge.infra import masking

KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
SECRET_A = "whsec_c2VjcmV0LW9mLWEtdGVzdC1pbnN0YWxsYXRpb24="
SECRET_B = "whsec_YW5vdGhlci1zZWNyZXQtb2YtYS10ZXN0LXNob3A="
GOOD = {
    "bridge": f'keys = ["{KEY}"]',
    "accounts.main": 'uid = "reseller"\ntoken = "example-token"\nsuspend_with = "refuse"',
    "sources.a": f'account = "main"\nsecrets = ["{SECRET_A}"]',
}
SECOND = f'account = "main"\nsecrets = ["{SECRET_B}"]'
COMMANDS = {
    "accounts.main": 'uid = "reseller"\ntoken = "example-token"\nsuspend_with = "commands"',
    "accounts.main.commands.suspend": 'command = "Disable"',
    "accounts.main.commands.unsuspend": 'command = "Enable"',
}


@pytest.fixture(autouse=True)
def forget_registered_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_registered", set())


def faults(folder: Path, tables: dict[str, str]) -> dict[str, str]:
    path = folder / "bridge.toml"
    path.write_text("\n".join(f"[{name}]\n{lines}" for name, lines in tables.items()))
    try:
        load(path, {"EMPTY": ""})
    except ConfigurationError as error:
        return dict(error.faults)
    return {}


def test_the_ground_that_the_others_stand_on_is_good(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == {}
    assert faults(tmp_path, GOOD | COMMANDS) == {}


LIVE = GOOD["accounts.main"] + '\nenvironment = "live"'
CASES = [
    ("safety", "max_suspended_share = 50", "safety.max_suspended_share", "must be from 0 to 1"),
    ("safety", "max_suspended_share = -0.1", "safety.max_suspended_share", "must be from 0 to 1"),
    (
        "safety",
        'max_suspended_share = "0.5"',
        "safety.max_suspended_share",
        "number without quotes",
    ),
    ("bridge", 'keys = ["env:NONE"]', "bridge.keys[0]", "NONE"),
    ("bridge", 'keys = ["env:EMPTY"]', "bridge.keys[0]", "EMPTY"),
    ("bridge", 'keys = ["file:none.txt"]', "bridge.keys[0]", "none.txt"),
    ("bridge", "keys = []", "bridge.keys", "empty"),
    ("bridge", "", "bridge.keys", "missing"),
    ("bridge", 'keys = ["c2hvcnQ="]', "bridge.keys[0]", "32 random bytes"),
    ("bridge", "+keyz = 1", "bridge.keyz", "not a key"),
    ("bridge", '+listen = "8080"', "bridge.listen", "host:port"),
    ("bridge", '+listen = "h:99999"', "bridge.listen", "host:port"),
    ("bridge", '+listen = "127.0.0.1:9108"', "bridge.metrics_listen", "another port"),
    ("bridge", '+public_url = "bridge.example.com"', "bridge.public_url", "must be a URL"),
    (
        "bridge",
        '+public_url = "https://example.com/bridge"',
        "bridge.public_url",
        'has the path "/bridge"',
    ),
    ("bridge", '+trusted_proxies = ["10.0.0.1/8"]', "bridge.trusted_proxies[0]", "network"),
    (
        "bridge",
        '+trusted_proxies = ["10.0.0.1/8"]',
        "bridge.trusted_proxies[0]",
        'write "10.0.0.0/8" for the network',
    ),
    ("sources.a", '+allow_from = ["fe80::1%eth0"]', "sources.a.allow_from[0]", "zone"),
    ("sources.a", '+allow_from = ["192.0.2.7:443"]', "sources.a.allow_from[0]", "without a port"),
    ("bridge", '+trusted_proxies = "10.0.0.0/8"', "bridge.trusted_proxies", "list"),
    ("bridge", '+database = "mysql://db/x"', "bridge.database", "postgresql+psycopg"),
    ("bridge", '+database = "postgresql://db/x"', "bridge.database", "postgresql+psycopg"),
    ("bridge", '+database = "postgresql+psycopg://[/x"', "bridge.database", "must be"),
    ("admin", 'notify = "https://["', "admin.notify", "must be"),
    ("admin", 'notify = "mailto:["', "admin.notify", "must be"),
    ("bridge", '+database = "sqlite:///:memory:"', "bridge.database", "a file"),
    ("bridge", '+database = "sqlite://"', "bridge.database", "a file"),
    ("bridge", "+wait_limit = 61", "bridge.wait_limit", "from 0 to 60"),
    ("bridge", "+wait_limit = true", "bridge.wait_limit", "whole number"),
    ("bridge", "+wait_limit = 1.0", "bridge.wait_limit", "whole number"),
    ("bridge", "+keep_days = 0", "bridge.keep_days", "1 or more"),
    ("bridge", '+log_format = "xml"', "bridge.log_format", "text, json"),
    ("worker", "concurrency = 0", "worker.concurrency", "1 or more"),
    ("worker", "retry_hours = 0", "worker.retry_hours", "more than 0"),
    ("worker", "retry_hours = nan", "worker.retry_hours", "finite"),
    ("worker", 'retry_hours = "3"', "worker.retry_hours", "number"),
    ("worker", "retry_hours = true", "worker.retry_hours", "number"),
    ("safety", "terminate_grace_days = -1", "safety.terminate_grace_days", "0 or more"),
    (
        "safety",
        "terminate_grace_days = 3",
        "safety.terminate_grace_days",
        "accounts.main.suspend_with",
    ),
    ("admin", 'notify = "staff@example.com"', "admin.notify", "mailto:"),
    ("admin", 'notify = "http://chat.example.com/x"', "admin.notify", "https"),
    ("admin", 'notify = "mailto:staff@example.com"', "admin.smtp", "admin.notify"),
    ("admin", 'smtp = "smtp://u:hidden-word@mail.example.com"', "admin.smtp", "smtp_password"),
    ("admin", 'password_hash = "hidden-word"', "admin.password_hash", "enom-bridge admin-password"),
    (
        "admin",
        'password_hash = "scrypt:many$salt$00ff"',
        "admin.password_hash",
        "enom-bridge admin-password",
    ),
    (
        "admin",
        'view_password_hash = "hidden-word"',
        "admin.view_password_hash",
        "enom-bridge admin-password",
    ),
    ("admin", 'user_header = "X User"', "admin.user_header", "X-Forwarded-User"),
    ("admin", 'user_header = "X-Forwarded-User"', "admin.user_header", "bridge.trusted_proxies"),
    ("admin", 'user_admins = ["jane"]', "admin.user_admins", "admin.user_header"),
    ("admin", 'user_admins = ["jane, john"]', "admin.user_admins[0]", "without comma"),
    ("accounts.main", 'uid = "x"\ntoken = "y"', "accounts.main.suspend_with", "no default"),
    ("accounts.main", 'token = "y"\nsuspend_with = "refuse"', "accounts.main.uid", "missing"),
    (
        "accounts.main",
        'uid = "x"\ntoken = ""\nsuspend_with = "refuse"',
        "accounts.main.token",
        "not empty",
    ),
    ("accounts.main", "+timeout = 0", "accounts.main.timeout", "more than 0"),
    ("accounts.main", "+settle = -1", "accounts.main.settle", "0 or more"),
    ("accounts.main", "+max_in_flight = 0", "accounts.main.max_in_flight", "1 or more"),
    (
        "accounts.main",
        '+endpoint = "http://enom.example.com/interface.asp"',
        "accounts.main.endpoint",
        "https",
    ),
    (
        "accounts.main",
        '+endpoint = "https://enom.example.com"',
        "accounts.main.endpoint",
        "/interface.asp",
    ),
    (
        "accounts.main",
        '+endpoint = "https://u:p@enom.example.com/interface.asp"',
        "accounts.main.endpoint",
        "user",
    ),
    (
        "accounts.main",
        LIVE + '\nendpoint = "http://127.0.0.1:1/interface.asp"',
        "accounts.main.endpoint",
        "live",
    ),
    (
        "accounts.main",
        LIVE + '\nendpoint = "https://localhost/interface.asp"',
        "accounts.main.endpoint",
        "live",
    ),
    (
        "accounts.main",
        LIVE + '\nendpoint = "https://resellertest.enom.com/interface.asp"',
        "accounts.main.endpoint",
        "test system",
    ),
    ("accounts.main", '+backend = "enim"', "accounts.main.backend", "did you mean enom"),
    ("accounts.main", '+backend = "memory"', "accounts.main.backend", "must be one of: "),
    ("accounts.main", "+backend = 1", "accounts.main.backend", "must be one of: "),
    ("safety", "max_creations_per_day = -1", "safety.max_creations_per_day", "0 or more"),
    (
        "accounts.main",
        LIVE + '\nhosted_email = {user = "u", password = "p", endpoint = "http://[::1]/api"}',
        "accounts.main.hosted_email.endpoint",
        "live",
    ),
    (
        "accounts.main",
        GOOD["accounts.main"].replace("refuse", "commands"),
        "accounts.main.commands",
        "needs it",
    ),
    (
        "accounts.main",
        GOOD["accounts.main"].replace("refuse", "hosted-email"),
        "accounts.main.hosted_email",
        "needs it",
    ),
    (
        "accounts.main.hosted_email",
        "keep_receiving = 1",
        "accounts.main.hosted_email.keep_receiving",
        "true or false",
    ),
    ("accounts.main.hosted_email", 'user = "u"', "accounts.main.hosted_email.password", "missing"),
    ('accounts."a b"', GOOD["accounts.main"], "accounts.a b", "usable name"),
    ("plans.x", 'quota_gb = "10"', "plans.x.quota_gb", "whole number"),
    ("plans.x", "quota_gb = 0", "plans.x.quota_gb", "1 or more"),
    ("sources.a", '+platform = "nope"', "sources.a.platform", "standard, stripe, whmcs"),
    (
        "sources.a",
        f'account = "other"\nsecrets = ["{SECRET_A}"]',
        "sources.a.account",
        "[accounts.other]",
    ),
    ("sources.a", 'account = "main"\nsecrets = []', "sources.a.secrets", "empty"),
    ("sources.a", 'account = "main"\nsecrets = 5', "sources.a.secrets", "list"),
    ("sources.a", 'account = "main"\nsecrets = ["hidden-word"]', "sources.a.secrets[0]", "whsec_"),
    (
        "sources.a",
        'account = "main"\nsecrets = ["env:NONE", "hidden-word"]',
        "sources.a.secrets",
        "whsec_",
    ),
    (
        "sources.a",
        'account = "main"\nsecrets = ["whsec_aGlkZGVuLXdvcmQ="]',
        "sources.a.secrets[0]",
        "24 to 64",
    ),
    ("sources.a", '+callback = "http://billing.example.com/cb"', "sources.a.callback", "https"),
    ("sources.a", '+callback = "http://127.0.0.1/cb"', "sources.a.callback", "callback_loopback"),
    (
        "sources.a",
        '+callback = "http://x.example.com/"\ncallback_loopback = true',
        "sources.a.callback",
        "this machine",
    ),
    ("sources.a", '+events = ["mailbox.nearly_full"]', "sources.a.events", "need a callback"),
    ("sources.a", '+events = ["mailbox.full"]', "sources.a.events[0]", "mailbox.nearly_full"),
    ("plans.p", "+nearly_full = 101", "plans.p.nearly_full", "from 0 to 100"),
    ("sources.a", '+callback = "/callback"', "sources.a.callback", "must be a URL"),
    ("sources.a", "+domains = []", "sources.a.domains", "empty"),
    ("sources.a", '+domains = ["nodots"]', "sources.a.domains[0]", "mail domain"),
    ("sources.a", '+domains = ["*", "example.com"]', "sources.a.domains", "use only"),
    ("sources.a", '+allow_from = ["all"]', "sources.a.allow_from[0]", "network"),
    ("sources.b", SECOND + '\ndomains = ["example.com"]', "sources.a.domains", "sources.b"),
    ("sources.b", f'account = "main"\nsecrets = ["{SECRET_A}"]', "sources.b.secrets", "sources.a"),
]


@pytest.mark.parametrize(
    ("table", "lines", "key", "words"), CASES, ids=[f"{key}: {words}" for _, _, key, words in CASES]
)
def test_a_fault_names_its_key_and_the_remedy(
    tmp_path: Path, table: str, lines: str, key: str, words: str
) -> None:
    """A leading + adds to the good lines of the table instead of replacing them."""
    text = GOOD.get(table, "") + "\n" + lines[1:] if lines.startswith("+") else lines

    found = faults(tmp_path, GOOD | {table: text})

    assert words in found[key]
    assert "hidden-word" not in str(found)


@pytest.mark.parametrize(
    "command",
    [
        "PurchasePOPBundle",
        "purchaseservices",
        "RenewPOPBundle",
        "RENEWSERVICES",
        "AddToCart",
        "InsertNewOrder",
        "DeletePOP3",
    ],
)
@pytest.mark.parametrize("verb", ["suspend", "unsuspend"])
def test_a_command_that_buys_or_deletes_is_refused(tmp_path: Path, command: str, verb: str) -> None:
    key = f"accounts.main.commands.{verb}"

    found = faults(tmp_path, GOOD | COMMANDS | {key: f'command = "{command}"'})

    assert "buys, renews or deletes" in found[f"{key}.command"]


@pytest.mark.parametrize(
    "text", ["{password}", "{local!r}", "{local:>9}", "{", "{0}", "{}", "{local.x}"]
)
def test_a_parameter_holds_known_placeholders_only(tmp_path: Path, text: str) -> None:
    key = "accounts.main.commands.suspend"

    found = faults(
        tmp_path, GOOD | COMMANDS | {key: f'command = "Disable"\nparameters = {{ P = "{text}" }}'}
    )

    assert "{address}" in found[f"{key}.parameters.P"]


def test_the_bridges_own_parameters_cannot_be_overwritten(tmp_path: Path) -> None:
    key = "accounts.main.commands.suspend"

    found = faults(
        tmp_path, GOOD | COMMANDS | {key: 'command = "Disable"\nparameters = { PW = "x" }'}
    )

    assert list(found) == [f"{key}.parameters.PW"]


def test_commands_for_another_way_to_suspend_are_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD | COMMANDS | {"accounts.main": GOOD["accounts.main"]})

    assert "refuse" in found["accounts.main.commands"]


def test_two_sources_of_one_account_share_no_domain(tmp_path: Path) -> None:
    domains = '\ndomains = ["{}", "example.com"]'
    both = {
        "sources.a": GOOD["sources.a"] + domains.format("a.example"),
        "sources.b": SECOND + domains.format("b.example"),
    }

    assert list(faults(tmp_path, GOOD | both)) == ["sources.b.domains"]


def test_sources_of_different_accounts_may_both_touch_all_domains(tmp_path: Path) -> None:
    both = {"accounts.second": GOOD["accounts.main"], "sources.b": SECOND.replace("main", "second")}

    assert faults(tmp_path, GOOD | both) == {}


def test_faults_of_every_kind_come_together(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        {
            "bridge": "wait_limit = 99\nunknown = 1",
            "accounts.main": 'token = "env:NONE"\nsuspend_with = "lock-out"',
            "safety": "terminate_grace_days = 1",
            "sources.a": 'account = "main"\nsecrets = ["env:NONE"]\nplatform = "nope"',
        },
    )

    assert set(found) == {
        "bridge.keys",
        "bridge.wait_limit",
        "bridge.unknown",
        "accounts.main.token",
        "accounts.main.uid",
        "safety.terminate_grace_days",
        "sources.a.secrets[0]",
        "sources.a.platform",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"[bridge\n", "line 1"), (b"a = 1\na = 2\n", "line 2"), (b"\xff\xfe", "UTF-8")],
)
def test_a_file_that_is_not_toml_is_one_fault(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert caught.value.faults[0][0] == str(path)
    assert words in caught.value.faults[0][1]


@pytest.mark.parametrize(
    "content", ["bridge = 1", "accounts = 1", "accounts.main = 1", "sources = []", 'plans = "x"']
)
def test_a_value_in_place_of_a_table_is_a_fault(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(content)

    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert "must be a table" in dict(caught.value.faults)[content.split(" =")[0]]


def test_configuration_errors_stand_outside_the_root_of_the_bridges_errors() -> None:
    assert not issubclass(ConfigurationError, BridgeError)


def test_without_its_driver_a_url_of_postgresql_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "postgresql+psycopg://bridge@db.example.net/bridge"
    assert values.database(url) == url
    monkeypatch.setattr(values, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"driver.*requirements-postgres\.lock"):
        values.database(url)


@pytest.mark.parametrize(
    ("written", "result"),
    [
        (
            "[bridge]\nkeep_day = 3",
            (
                "bridge.keep_day: is not a key of this table; did "
                "you mean keep_days? Correct or remove it"
            ),
        ),
        ("[bridge]\nkeep_day = 3", "(known here: public_url, listen,"),
        (
            "[acounts.main]",
            "acounts: is not a key of this table; did you mean accounts? Correct or remove it",
        ),
        ("[bridge]\nzzz = 1", "bridge.zzz: is not a key of this table; correct or remove it"),
        (
            '[accounts.main]\nsuspend_wiht = "refuse"',
            "accounts.main.suspend_wiht: is not a key of this table; did you mean suspend_with",
        ),
        (
            '[accounts.main]\nmode = "obseve"',
            "accounts.main.mode: must be one of: act, observe; did you mean observe?",
        ),
        (
            '[accounts.main]\n[sources.shop]\naccount = "mian"',
            "sources.shop.account: names no account; did you mean main? Otherwise add",
        ),
    ],
)
def test_what_was_meant_is_named(tmp_path: Path, written: str, result: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(written)
    with pytest.raises(ConfigurationError) as error:
        load(path, {})
    assert result in str(error.value)


@pytest.mark.parametrize("wrong", ["0", "true", '"x"', "[]", "[1]", "[[]]"])
def test_accounts_that_are_no_table_are_one_fault(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "bridge.toml"
    rest = (f"[{name}]\n{GOOD[name]}" for name in ("bridge", "sources.a"))
    path.write_text("\n".join([f"accounts = {wrong}", *rest]))
    with pytest.raises(ConfigurationError) as error:
        load(path, {})
    assert error.value.faults == [("accounts", "must be a table")]
