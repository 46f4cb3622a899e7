"""Which command carries out a change, and with what. Pure: one function for each kind of change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.backends.enom.domains import split
from bridge.backends.enom.settings import EnomAccount
from bridge.backends.hosted_email.commands import method_of
from bridge.backends.passwords import unknowable
from bridge.domain.errors import NeedsPerson, Refused
from bridge.domain.model import Address, Change, ChangeKind, Mailbox

END_USER_IP = (
    "127.0.0.1"  # the fraud check's field; a billing system's purchase has no end user's address
)


@dataclass(frozen=True)
class Call:
    """One command for interface.asp: its parameters in Enom's names, without uid, pw and response
    type."""

    command: str
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Order:
    """All that a call is made of.

    `now` in epoch seconds; `choose` picks one character at random.
    """

    account: EnomAccount
    address: Address
    change: Change
    seen: Mailbox
    now: float
    choose: Callable[[Any], str]

    @property
    def domain(self) -> dict[str, str]:
        return split(self.address.domain)

    @property
    def secret(self) -> str:
        if not self.change.secret:
            raise Refused(
                "This change needs a password, but the hook has none.", code="password_needed"
            )
        return self.change.secret


def call_for(order: Order) -> Call | None:
    """The one call of a change; None: hosted email carries it out.

    Raises Refused or NeedsPerson.
    """
    return MAKERS[order.change.kind](order)


def buy(order: Order) -> Call:
    _allowed_to_spend(order)
    given = order.change.arguments
    if given["product"] == "pak":
        return Call("PurchasePOPBundle", {**order.domain, "Quantity": "1"})
    capacity = {"Capacity": str(given["capacity"])} if given.get("capacity") else {}
    return Call("PurchaseServices", {**_boxes(order, "Create", 1), **capacity})


def renew(order: Order) -> Call:
    _allowed_to_spend(order)
    given = order.change.arguments
    if given["product"] == "pak":
        return Call(
            "RenewPOPBundle",
            {**order.domain, "PakID": given["bundle"], "Quantity": str(given["years"])},
        )
    return Call(
        "PurchaseServices", {**_boxes(order, "Renew", given["years"]), "ProductID": given["bundle"]}
    )


def create(order: Order) -> Call:
    name = order.change.arguments.get("display_name")
    parameters = {
        **order.domain,
        "BundleID": order.change.arguments["bundle"],
        "UserName1": order.address.local,
        "Password1": order.secret,
        "IsAdmin1": "0",
        **({"DisplayName1": name} if name else {}),
    }
    return Call("SetUpPOP3User", parameters)


def set_password(order: Order) -> Call:
    return _password(order, order.secret)


def suspend(order: Order) -> Call | None:
    match order.change.arguments["with"]:
        case "hosted-email":
            return None
        case "lock-out":
            return _password(order, unknowable(order.address, order.choose))
        case "commands":
            return _configured(order, "suspend")
    raise Refused("This account is not configured to suspend.", code="unsupported")


def restore(order: Order) -> Call | None:
    return _configured(order, "unsuspend") if order.change.arguments["with"] == "commands" else None


def by_hosted_email(order: Order) -> None:
    return None


def delete(order: Order) -> Call | None:
    pak = order.seen.pak
    if pak is None or pak.expires.timestamp() > order.now:
        return Call("DeletePOP3", {**order.domain, "UserName1": order.address.local})
    # Enom deletes only through a pak that is current [D].
    if order.account.hosted_email is None:
        raise NeedsPerson(
            f"Pak {pak.bundle} has expired, so Enom cannot delete "
            "its mailboxes: renew it, or ask Enom."
        )
    return None


MAKERS: Mapping[ChangeKind, Callable[[Order], Call | None]] = {
    ChangeKind.BUY: buy,
    ChangeKind.RENEW: renew,
    ChangeKind.CREATE: create,
    ChangeKind.SET_PASSWORD: set_password,
    ChangeKind.RESTORE: restore,
    ChangeKind.SET_QUOTA: by_hosted_email,
    ChangeKind.SET_ALIASES: by_hosted_email,
    ChangeKind.SET_FORWARDING: by_hosted_email,
    ChangeKind.SUSPEND: suspend,
    ChangeKind.LOG_OUT: by_hosted_email,
    ChangeKind.DELETE: delete,
    ChangeKind.PROVE_PASSWORD: by_hosted_email,
}


def name_of(change: Change, account: EnomAccount) -> str:
    """The command of a change, as far as it is known before the mailbox is seen."""
    how = change.arguments.get("with", "")
    match change.kind:
        case ChangeKind.BUY if change.arguments.get("product") == "pak":
            return "PurchasePOPBundle"
        case ChangeKind.RENEW if change.arguments.get("product") == "pak":
            return "RenewPOPBundle"
        case ChangeKind.BUY | ChangeKind.RENEW:
            return "PurchaseServices"
        case ChangeKind.CREATE:
            return "SetUpPOP3User"
        case ChangeKind.DELETE:
            return "DeletePOP3"
        case (
            ChangeKind.LOG_OUT
            | ChangeKind.SET_QUOTA
            | ChangeKind.SET_ALIASES
            | ChangeKind.SET_FORWARDING
            | ChangeKind.PROVE_PASSWORD
        ):
            return method_of(change)
        case ChangeKind.SUSPEND | ChangeKind.RESTORE if how == "commands" and account.commands:
            return account.commands[
                "suspend" if change.kind is ChangeKind.SUSPEND else "unsuspend"
            ].command
        case ChangeKind.SUSPEND | ChangeKind.RESTORE if how != "lock-out":
            return method_of(change)
    return "ModifyPOP3"


def _allowed_to_spend(order: Order) -> None:
    if order.account.purchase == "never":
        raise Refused('Purchases are not allowed (purchase = "never").', code="purchase_needed")


def _boxes(order: Order, action: str, years: int) -> dict[str, str]:
    return {
        **order.domain,
        "Service": "MAILBOX",
        "QuantityUnit": "boxes",
        "Quantity": "1",
        "ActionType": action,
        "TimeUnit": "Year",
        "TimeQuantity": str(years),
        "EndUserIP": END_USER_IP,
    }


def _password(order: Order, password: str) -> Call:
    names = {"EmailCount": "1", "UserName1": order.address.local, "Password1": password}
    return Call("ModifyPOP3", {**order.domain, **names})


def _configured(order: Order, which: str) -> Call:
    configured = (order.account.commands or {}).get(which)
    if configured is None:
        raise Refused(
            f"No command is configured: set [accounts.….commands.{which}].", code="unsupported"
        )
    domain = order.domain
    address = order.address
    values = {
        "{local}": address.local,
        "{domain}": address.domain,
        "{sld}": domain["SLD"],
        "{tld}": domain["TLD"],
        "{address}": str(address),
    }
    return Call(
        configured.command,
        {name: _filled(text, values) for name, text in configured.parameters.items()},
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text
