"""Products, prices and orders: every way to buy, renew or enlarge a pak ends in an Item here."""

from dataclasses import dataclass, field, replace

from .envelope import Failure
from .interface import Call, insufficient
from .state import MIB, Account, Key, Pak, State, add_months

YEARLY = {"pak": 10.00, "box": 2.00}
STORAGE_UNIT = 1.00
STORAGE_MB = 512
CAPACITIES = (1, 3, 5, 10, 25, 50)
"""GB. AddToCart's page says 1, 3, 5, 10; that of PurchaseServices 10, 25, 50 [D]."""
PRODUCTS = ("MAILBOX", "POP3", "POP", "RENEW-POP", "EMAILSTORAGE")


@dataclass(frozen=True)
class Item:
    action: str
    """create, renew or enlarge."""
    domain: Key
    kind: str = "pak"
    quantity: int = 1
    """create: paks or boxes. enlarge: units for each address of the pak. renew: the pak's boxes,
    or 1."""
    months: int = 12
    capacity_mb: int = 1024
    bundle: int = 0

    @property
    def price(self) -> float:
        if self.action == "enlarge":
            return STORAGE_UNIT * self.quantity
        return round(YEARLY[self.kind] * self.quantity * self.months / 12, 2)


@dataclass
class Order:
    id: int
    placed: float
    due: float
    items: list[Item]
    amount: float
    delivered: list[list[int]] = field(default_factory=list)
    """The bundles of each item."""
    closed: bool = False

    @property
    def bundles(self) -> list[int]:
        return [bundle for each in self.delivered for bundle in each]


def item(call: Call) -> Item:
    """The item of a PurchaseServices or AddToCart call, in any of the spellings that the
    documents use [D]."""
    product = call.value("service", "producttype").upper()
    if product not in PRODUCTS:
        raise Failure(
            "304182" if product else "301182", "Service or ProductType must be a mail product"
        )
    call.required("enduserip", "301160")
    quantity = call.number("quantity", default=1, most=100, code="303183")
    action = call.value("actiontype").lower() or "create"
    if action not in ("create", "renew"):
        raise Failure("304261", "ActionType must be Create or Renew")
    if product == "EMAILSTORAGE":
        return Item(
            "enlarge", call.domain.key, quantity=quantity, bundle=call.pak("productid").bundle
        )
    if product == "RENEW-POP":
        return renewal(call, call.pak("productid"), 12 * quantity)
    if action == "renew":
        return renewal(call, call.pak("productid"), _months(call))
    gigabytes = call.value("capacity") or "1"
    if gigabytes not in map(str, CAPACITIES):
        raise Failure("303315", "Capacity must be one of the sizes on offer")
    kind = {"packs": "pak", "boxes": "box"}.get(call.value("quantityunit").lower() or "packs")
    if kind is None:
        raise Failure("304183", "QuantityUnit must be packs or boxes")
    return Item("create", call.domain.key, kind, quantity, _months(call), int(gigabytes) * 1024)


def renewal(call: Call, pak: Pak, months: int) -> Item:
    quantity = pak.size if pak.kind == "box" else 1
    return Item("renew", call.domain.key, pak.kind, quantity, months, bundle=pak.bundle)


def buy(call: Call, items: list[Item], wait: float = 0.0) -> Order:
    """Debit the account and place the order; it is delivered `wait` seconds later, at once for
    0."""
    state, account = call.state, call.account
    amount = round(sum(each.price for each in items), 2)
    if amount > account.balance:
        raise insufficient()
    now = state.now()
    order = Order(state.number(), now, now + wait, items, amount)
    account.balance = round(account.balance - amount, 2)
    account.purchases += 1
    account.orders[order.id] = order
    account.open.append(order)
    state.changes += 1
    deliver_due(state, account)
    return order


def deliver_due(state: State, account: Account) -> None:
    for order in [order for order in account.open if order.due <= state.now()]:
        account.open.remove(order)
        order.closed = True
        order.delivered = [_deliver(state, each) for each in order.items]


def _months(call: Call) -> int:
    unit = call.value("timeunit", "billingperiod").lower() or "year"
    if unit not in ("year", "month"):
        raise Failure("304217", "TimeUnit must be Year or Month")
    return call.number("timequantity", "period", default=1, most=12, code="303217") * (
        12 if unit == "year" else 1
    )


def _deliver(state: State, each: Item) -> list[int]:
    domain = state.domains[each.domain]
    if each.action == "create":
        size, count = (10, each.quantity) if each.kind == "pak" else (each.quantity, 1)
        bundles = [state.number() for _ in range(count)]
        for bundle in bundles:
            expires = add_months(state.now(), each.months)
            domain = domain.with_pak(Pak(bundle, each.kind, size, each.capacity_mb, expires))
        state.put(domain)
        return bundles
    pak = domain.paks.get(each.bundle)
    if pak is None:
        return []
    if each.action == "renew":
        state.put(domain.with_pak(replace(pak, expires=add_months(pak.expires, each.months))))
        return [pak.bundle]
    extra = STORAGE_MB * each.quantity
    larger = {
        local: replace(box, quota_bytes=box.quota_bytes + extra * MIB)
        if box.bundle == pak.bundle
        else box
        for local, box in domain.mailboxes.items()
    }
    domain = domain.with_pak(replace(pak, capacity_mb=pak.capacity_mb + extra))
    state.put(replace(domain, mailboxes=larger))
    return [pak.bundle]
