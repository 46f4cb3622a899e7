"""The contract's list of keys, word for word, against the schema: nothing missing, nothing more,
the same defaults."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from marshmallow import Schema, fields

from bridge.config import settings
from bridge.config.schema import Document, Named
from bridge.infra.setting import Setting, declared

REQUIRED, ABSENT = "required", "absent"
CONTRACT: dict[str, Any] = {
    "bridge.public_url": "http://127.0.0.1:8080",
    "bridge.listen": "127.0.0.1:8080",
    "bridge.metrics_listen": "127.0.0.1:9108",
    "bridge.trusted_proxies": [],
    "bridge.database": "sqlite:///bridge.sqlite3",
    "bridge.keys": REQUIRED,
    "bridge.wait_limit": 20,
    "bridge.keep_days": 90,
    "bridge.log_format": "text",
    "bridge.resolver": "",
    "worker.concurrency": 8,
    "worker.retry_hours": 72,
    "worker.reconcile_at": "03:00",
    "worker.mail_sample": 200,
    "safety.max_terminations_per_hour": 20,
    "safety.max_purchases_per_day": 20,
    "safety.max_creations_per_day": 200,
    "safety.terminate_grace_days": 0,
    "safety.max_suspended_share": 0.5,
    "admin.password_hash": "",
    "admin.view_password_hash": "",
    "admin.user_header": "",
    "admin.user_admins": [],
    "admin.notify": "",
    "admin.smtp": "",
    "admin.smtp_password": "",
    "admin.summary_at": "",
    "accounts.*.backend": "enom",
    "accounts.*.environment": "test",
    "accounts.*.mode": "act",
    "accounts.*.uid": REQUIRED,
    "accounts.*.token": REQUIRED,
    "accounts.*.endpoint": "",
    "accounts.*.max_in_flight": 4,
    "accounts.*.timeout": 30,
    "accounts.*.settle": 120,
    "accounts.*.purchase": "never",
    "accounts.*.place_price": 0,
    "accounts.*.suspend_with": REQUIRED,
    "accounts.*.hosted_email": ABSENT,
    "accounts.*.hosted_email.endpoint": "https://admin.a.hostedemail.com/api",
    "accounts.*.hosted_email.user": REQUIRED,
    "accounts.*.hosted_email.password": REQUIRED,
    "accounts.*.hosted_email.keep_receiving": False,
    "accounts.*.commands": ABSENT,
    "accounts.*.commands.suspend": REQUIRED,
    "accounts.*.commands.suspend.command": REQUIRED,
    "accounts.*.commands.suspend.parameters": {
        "UserName": "{local}",
        "SLD": "{sld}",
        "TLD": "{tld}",
    },
    "accounts.*.commands.unsuspend": REQUIRED,
    "accounts.*.commands.unsuspend.command": REQUIRED,
    "accounts.*.commands.unsuspend.parameters": {
        "UserName": "{local}",
        "SLD": "{sld}",
        "TLD": "{tld}",
    },
    "accounts.*.mail_hosts": ["hostedemail.com"],
    "accounts.*.spf_includes": ["_spf.hostedemail.com", "_spf.emfwd.name-services.com"],
    "plans.*.quota_gb": 10,
    "plans.*.nearly_full": 90,
    "sources.*.platform": "whmcs",
    "sources.*.account": REQUIRED,
    "sources.*.secrets": REQUIRED,
    "sources.*.signature": "standard",
    "sources.*.callback": "",
    "sources.*.events": [],
    "sources.*.member_callbacks": False,
    "sources.*.callback_loopback": False,
    "sources.*.domains": ["*"],
    "sources.*.domain_per_customer": True,
    "sources.*.allow_from": [],
    "sources.*.api": ABSENT,
    "sources.*.api.key": REQUIRED,
    "sources.*.api.endpoint": "",
    "sources.*.map": {},
    "sources.*.when": {},
}


def keys(schema: Schema, path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in schema.fields.items():
        key = path + name
        inner = (
            field.entry()
            if isinstance(field, Named)
            else field.schema
            if isinstance(field, fields.Nested)
            else None
        )
        if not isinstance(inner, Schema):
            found[key] = REQUIRED if field.required else field.load_default
            continue
        if field.required or field.load_default is None:
            found[key] = REQUIRED if field.required else ABSENT
        found |= keys(inner, f"{key}.*." if isinstance(field, Named) else f"{key}.")
    return found


def test_the_keys_and_defaults_are_those_of_the_contract() -> None:
    assert keys(Document()) == CONTRACT


def tables(table: type) -> Iterator[type]:
    """A dataclass of settings, and those within it; the accounts of every backend."""
    yield table
    for kind in get_type_hints(table).values():
        for inner in (kind, *get_args(kind)):
            for each in (
                settings.ACCOUNTS.values() if inner is settings.AccountSettings else [inner]
            ):
                if dataclasses.is_dataclass(each):
                    yield from tables(each)


TABLES = list(dict.fromkeys(tables(settings.Settings)))
DECLARED = [
    (table, field.name, said)
    for table in TABLES
    for field in dataclasses.fields(table)
    if (said := declared(field))
]


def test_the_tables_are_all_there() -> None:
    assert {"Bridge", "EnomAccountSettings", "HostedEmailTable", "Command", "Plan"} <= {
        table.__name__ for table in TABLES
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_what_is_no_setting_is_only_a_name_and_what_the_loader_knows(table: type) -> None:
    undeclared = {field.name for field in dataclasses.fields(table) if not declared(field)}
    assert undeclared <= ({"path", "warnings"} if table is settings.Settings else {"name"})


@pytest.mark.parametrize(
    ("table", "key", "said"),
    DECLARED,
    ids=[f"{table.__name__}.{key}" for table, key, _ in DECLARED],
)
def test_a_setting_says_what_it_does_in_a_sentence_that_fits_a_line(
    table: type, key: str, said: Setting
) -> None:
    assert said.does[-1] in ".?" and said.does.isprintable()
    assert len(f"# {said.does}") <= 100
