"""The settings of Enom: the keys of the configuration, and one account as the backend needs it.

In the account secrets are plain, and never part of a repr.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter

from bridge.backends.hosted_email.settings import HostedEmailAccount, HostedEmailTable
from bridge.infra.secret import Secret
from bridge.infra.setting import filled, setting
from bridge.infra.urls import api_url

ENDPOINTS = {  # [D]
    "live": "https://reseller.enom.com/interface.asp",
    "test": "https://resellertest.enom.com/interface.asp",
}
TEST_HOST = "resellertest.enom.com"
PLACEHOLDERS = ("local", "sld", "tld", "domain", "address")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# These spend money or destroy; the rest of the list answers for what the Email API calls them.
REFUSED = (
    "purchase",
    "renew",
    "extend",
    "delete",
    "remove",
    "addtocart",
    "insertneworder",
    "refillaccount",
)


def enom_url(text: str) -> str:
    """Empty: the documented endpoint of the environment."""
    if text and not api_url(text).lower().endswith("/interface.asp"):
        raise ValueError('must be the full URL, ending in "/interface.asp"')
    return text


def command_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(
            "must be the name of a command as Enom documents it, such as the letters before "
            "its parameters"
        )
    if text.lower().startswith(REFUSED):
        raise ValueError(
            "is a command that buys, renews or deletes; only one that changes the mailbox "
            "itself is allowed"
        )
    return text


def parameter_name(text: str) -> str:
    if not NAME.fullmatch(text) or text.lower() in ("command", "uid", "pw", "responsetype"):
        raise ValueError(
            "is not an allowed parameter; the bridge adds command, uid, pw and responsetype itself"
        )
    return text


def template(text: str) -> str:
    allowed = ", ".join(f"{{{place}}}" for place in PLACEHOLDERS)
    try:
        for _, place, spec, conversion in Formatter().parse(text):
            if place is not None and (place not in PLACEHOLDERS or spec or conversion):
                raise ValueError
    except ValueError:
        raise ValueError(
            f"may use only the placeholders {allowed}; other braces are not allowed"
        ) from None
    return text


@dataclass(frozen=True)
class Command:
    """A command that the admin configured, `[accounts.NAME.commands.suspend]` or `….unsuspend`."""

    command: str = setting(
        "The name of one Enom command.",
        needs="the command that Enom's Email API documents for this",
        read=command_name,
    )
    parameters: Mapping[str, str] = setting(
        "Enom's names, and values that may hold {local} {sld} {tld} {domain} {address}.",
        {"UserName": "{local}", "SLD": "{sld}", "TLD": "{tld}"},
        name=parameter_name,
        read=template,
    )


@dataclass(frozen=True)
class Commands:
    """What suspends and unsuspends where `suspend_with` is "commands": both are needed, or
    neither."""

    suspend: Command = setting(
        "The command that suspends.",
        needs="the table [accounts.NAME.commands.suspend]",
    )
    unsuspend: Command = setting(
        "The command that restores.",
        needs="the table [accounts.NAME.commands.unsuspend]",
    )


@dataclass(frozen=True, kw_only=True)
class EnomKeys:
    """The keys of `[accounts.NAME]` that belong to the backend `enom`."""

    uid: str = setting(
        "The login of the account.", needs='uid = "reseller"', read=filled, elsewhere=True
    )
    token: Secret = setting("API token or password.", needs='token = "env:ENOM_TOKEN"', read=filled)
    endpoint: str = setting(
        "Another URL of Enom's API; empty: the documented one of the environment.",
        "",
        read=enom_url,
    )
    purchase: str = setting(
        "May the bridge spend money: never, or buy and renew paks or boxes?",
        "never",
        choices=("never", "paks", "boxes"),
    )
    suspend_with: str = setting(
        "How a mailbox is suspended: hosted-email, lock-out, commands or refuse.",
        choices=("hosted-email", "lock-out", "commands", "refuse"),
        needs='suspend_with = "hosted-email", or "lock-out", "commands", "refuse": it has no default',
    )
    hosted_email: HostedEmailTable | None = setting(
        "Where the hosted-email API is, and who signs in.",
    )
    commands: Commands | None = setting('The commands of suspend_with = "commands".')


@dataclass(frozen=True)
class EnomAccount:
    """`endpoint` is the full URL of interface.asp, `timeout` seconds for one call in all,
    `plans` name -> bytes."""

    name: str
    uid: str
    token: str = field(repr=False)
    endpoint: str
    suspend_with: str
    timeout: float = 30.0
    purchase: str = "never"
    hosted_email: HostedEmailAccount | None = None
    commands: Mapping[str, Command] | None = None
    plans: Mapping[str, int] = field(default_factory=dict)
