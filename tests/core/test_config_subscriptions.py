"""What is wrong with a source of Stripe, and with the keys that only such a source has."""

from pathlib import Path

import pytest

from bridge.config import ConfigurationError, load
from bridge.infra import masking

KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
OURS = "whsec_c2VjcmV0LW9mLWEtdGVzdC1pbnN0YWxsYXRpb24="
GOOD = {
    "bridge": f'keys = ["{KEY}"]',
    "safety": "terminate_grace_days = 14",
    "admin": "",
    "accounts.main": (
        'uid = "reseller"\ntoken = "example-token"\nsuspend_with = "hosted-email"\n'
        "[accounts.main.hosted_email]\n"
        'user = "admin@reseller.example"\npassword = "made-up"'
    ),
    "sources.subs": (
        'platform = "stripe"\naccount = "main"\nsecrets = ["whsec_hidden_word_0123"]\n'
        'callback = "https://billing.example.com/mailboxes"'
    ),
    "sources.subs.api": 'key = "rk_test_hiddenword01"',
}


@pytest.fixture(autouse=True)
def forget_registered_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_registered", set())


def faults(folder: Path, changes: dict[str, str | None]) -> dict[str, str]:
    tables = {name: lines for name, lines in (GOOD | changes).items() if lines is not None}
    path = folder / "bridge.toml"
    path.write_text("\n".join(f"[{name}]\n{lines}" for name, lines in tables.items()))
    try:
        load(path, {})
    except ConfigurationError as error:
        assert "hidden" not in str(error)
        return dict(error.faults)
    return {}


def test_the_ground_that_the_others_stand_on_is_good(tmp_path: Path) -> None:
    assert faults(tmp_path, {}) == {}
    more = 'address = "metadata.mailbox"\nplan = "items.data.0.price.lookup_key"'
    when = 'past_due = "suspend"\nunpaid = "nothing"\npaused = "terminate"'
    assert faults(tmp_path, {"sources.subs.map": more, "sources.subs.when": when}) == {}


def source(text: str = "", **without: str) -> str:
    lines = GOOD["sources.subs"].splitlines()
    kept = [line for line in lines if line.split(" ")[0] not in without]
    return "\n".join([*kept, *without.values(), text])


@pytest.mark.parametrize(
    ("table", "lines", "key", "words"),
    [
        ("safety", "terminate_grace_days = 13", "safety.terminate_grace_days", "14 or more"),
        ("safety", None, "safety.terminate_grace_days", "is 0"),
        ("sources.subs", source(callback=""), "sources.subs.callback", "admin.smtp"),
        ("sources.subs", source('signature = "standard"'), "sources.subs.signature", "own way"),
        (
            "sources.subs",
            source(secrets='secrets = ["sk_test_hidden_word_1"]'),
            "sources.subs.secrets",
            "api.key",
        ),
        (
            "sources.subs",
            source(secrets='secrets = ["whsec_short"]'),
            "sources.subs.secrets[0]",
            "16 characters",
        ),
        ("sources.subs.api", None, "sources.subs.api", "before a mailbox is deleted"),
        ("sources.subs.api", "", "sources.subs.api.key", "is missing"),
        ("sources.subs.api", 'key = "whsec_hidden_01"', "sources.subs.api.key", "rk_…"),
        ("sources.subs.api", 'key = "pk_test_hidden01"', "sources.subs.api.key", "rk_…"),
        (
            "sources.subs.api",
            'key = "rk_test_hidden01"\nendpoint = "http://api.example.com"',
            "sources.subs.api.endpoint",
            "https://",
        ),
        ("sources.subs.map", 'adress = "metadata.x"', "sources.subs.map.adress", "address"),
        ("sources.subs.map", 'address = "metadata x"', "sources.subs.map.address", "dotted path"),
        ("sources.subs.map", 'address = ""', "sources.subs.map.address", "dotted path"),
        (
            "sources.subs.map",
            'address = "metadata.enom_bridge_address"',
            "sources.subs.map.address",
            "the bridge itself",
        ),
        ("sources.subs.when", 'unpayed = "suspend"', "sources.subs.when.unpayed", "unpaid"),
        ("sources.subs.when", 'active = "suspend"', "sources.subs.when.active", "always means"),
        ("sources.subs.when", 'unpaid = "delete"', "sources.subs.when.unpaid", "terminate"),
    ],
)
def test_a_fault_names_its_key_and_the_remedy(
    tmp_path: Path, table: str, lines: str | None, key: str, words: str
) -> None:
    assert words in faults(tmp_path, {table: lines})[key]


def test_mail_to_an_admin_serves_as_well_as_a_callback(tmp_path: Path) -> None:
    without = {"sources.subs": source(callback="")}
    by_mail = 'smtp = "smtp://127.0.0.1:25"\nnotify = "mailto:a@example.com"'
    assert faults(tmp_path, without | {"admin": by_mail}) == {}
    chat = 'smtp = "smtp://127.0.0.1:25"\nnotify = "https://chat.example.com/x"'
    assert [*faults(tmp_path, without | {"admin": chat})] == ["sources.subs.callback"]


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("sources.shop.api", 'key = "rk_test_hidden01"'),
        ("sources.shop.map", 'address = "metadata.mailbox"'),
        ("sources.shop.when", 'unpaid = "suspend"'),
    ],
)
def test_these_keys_mean_nothing_elsewhere(tmp_path: Path, table: str, lines: str) -> None:
    shop = f'platform = "standard"\naccount = "main"\nsecrets = ["{OURS}"]'
    changes = {
        "sources.shop": shop + '\ndomains = ["example.net"]',
        "sources.subs": source('domains = ["example.com"]'),
        table: lines,
    }
    assert "sends no subscriptions" in faults(tmp_path, changes)[table]


def test_a_lock_out_is_no_suspension_that_a_grace_can_begin_with(tmp_path: Path) -> None:
    account = 'uid = "reseller"\ntoken = "example-token"\nsuspend_with = "lock-out"'
    assert (
        "real suspension"
        in faults(tmp_path, {"accounts.main": account})["safety.terminate_grace_days"]
    )
