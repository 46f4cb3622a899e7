"""The commands of interface.asp on paks, orders and the account."""

from dataclasses import replace

from . import orders
from .envelope import Element, Failure, date, group, money, one, row
from .interface import Call, Command


def purchase_bundle(call: Call) -> list[Element]:
    quantity = call.number("quantity", default=0, most=10, code="303183")
    order = orders.buy(call, [orders.Item("create", call.domain.key, quantity=quantity)])
    bundles = (one("BundleID", bundle) for bundle in order.bundles)
    return [
        one("orderid", order.id),
        group("Bundles", *bundles),
        one("BundleCount", len(order.bundles)),
    ]


def purchase_services(call: Call) -> list[Element]:
    item = orders.item(call)
    order = orders.buy(call, [item])
    product = call.value("service", "producttype")
    action, months, amount = call.value("actiontype") or "Create", item.months, money(order.amount)
    sold = row(
        "Success ProductType ActionType DomainName OrderID",
        "True",
        product,
        action,
        call.domain.name,
        order.id,
    )
    bundles = [one("BundleID", bundle) for bundle in order.bundles]
    names = "BundleCount Quantity BillingPeriod OrderAmount ExpDate"
    expires = date(call.state.domains[item.domain].paks[order.bundles[0]].expires)
    return [*sold, *bundles, *row(names, len(bundles), item.quantity, months, amount, expires)]


def renew_bundle(call: Call) -> list[Element]:
    pak = call.pak("pakid")
    years = call.number("quantity", default=0, most=10, code="303183")
    order = orders.buy(call, [orders.renewal(call, pak, 12 * years)])
    return [one("orderid", order.id)]


def expirations(call: Call) -> list[Element]:
    rows = []
    for domain in call.state.owned(call.account):
        for pak in call.seen(domain).paks.values():
            values = (domain.name, pak.bundle, date(pak.expires), pak.auto_renew, 2)
            rows.append(group("pop", *row("domain bundleid expdate renew version", *values)))
    return [group("popexpirations", *rows, one("count", len(rows))), one("success", "True")]


def set_renew(call: Call) -> list[Element]:
    pak = call.pak("bundleid")
    flag = call.required("autopakrenew", "301163")
    if flag not in ("0", "1"):
        raise Failure("304163", "AutoPakRenew must be 0 or 1")
    call.put(call.domain.with_pak(replace(pak, auto_renew=flag == "1")))
    return row("DomainRRP PakUpdated AutoPakRenew", "E", pak.bundle, flag)


def delete_pak(call: Call) -> list[Element]:
    pak = call.pak("bundleid")
    if call.domain.free(pak.bundle) < pak.size:
        raise Failure("315271", f"BundleID {pak.bundle} still holds mailboxes")
    call.put(call.domain.without_paks(pak.bundle))
    return []


def delete_all_paks(call: Call) -> list[Element]:
    if call.domain.mailboxes:
        raise Failure("315271", "the paks of this domain still hold mailboxes")
    count = len(call.domain.paks)
    if count:
        call.put(call.domain.without_paks(*call.domain.paks))
    return [one("PaksRemoved", count)]


def check_login(call: Call) -> list[Element]:
    return row("Success LoginID", "True", call.account.uid)


def balance(call: Call) -> list[Element]:
    amount = money(call.account.balance)
    return row("Reseller Balance AvailableBalance", 1, amount, amount)


def add_to_cart(call: Call) -> list[Element]:
    item = orders.item(call)
    if call.value("clearitems").lower() == "yes":
        call.account.cart.clear()
    if len(call.account.cart) >= 200:
        raise Failure("303192", "the cart is full")
    call.account.cart.append(item)
    call.state.changes += 1
    values = (call.domain.name, call.domain.id, money(item.price), 0, call.state.number(), "True")
    return row("ItemName ItemId Price ICANNFees CartItemID ItemAdded", *values)


def insert_order(call: Call) -> list[Element]:
    if not call.account.cart:
        raise Failure("301192", "the cart is empty")
    order = orders.buy(call, list(call.account.cart), wait=call.settings.order_seconds)
    call.account.cart.clear()
    return row("OrderID OrderAmount", order.id, money(order.amount))


def order_detail(call: Call) -> list[Element]:
    number = call.required("orderid", "301259")
    order = call.account.orders.get(int(number)) if number.isascii() and number.isdigit() else None
    if order is None:
        return [group("Order", one("OrderID", number), one("Result", "False"))]
    number_status, status, stage = (
        (6, "Successful", "Closed") if order.closed else (1, "Processing", "Open")
    )
    names = "OrderID Result OrderDate OrderBillAmount OrderStatus StatusDesc"
    head = row(
        names,
        order.id,
        "True",
        date(order.placed),
        f"${money(order.amount)}",
        number_status,
        status,
    )
    details = []
    for n, item in enumerate(order.items):
        bundles = order.delivered[n] if order.closed else []
        product = {"enlarge": "EmailStorage"}.get(item.action) or {"box": "Mailbox", "pak": "POP"}[
            item.kind
        ]
        values = (product, item.quantity, status, stage, f"${money(item.price)}")
        detail = row("ProductType Quantity Status OrderStatus AmountPaid", *values)
        details.append(
            group("OrderDetail", *detail, *(one("BundleID", bundle) for bundle in bundles))
        )
    return [group("Order", *head, *details)]


COMMANDS = (
    Command("PurchasePOPBundle", purchase_bundle, skin="API"),
    Command("PurchaseServices", purchase_services, skin="API"),
    Command("RenewPOPBundle", renew_bundle, skin="API"),
    Command("GetPOPExpirations", expirations, domain=False, read=True),
    Command("SetPakRenew", set_renew),
    Command("DeletePOPPak", delete_pak),
    Command("DeleteAllPOPPaks", delete_all_paks),
    Command("CheckLogin", check_login, domain=False),
    Command("GetBalance", balance, skin="API", domain=False),
    Command("AddToCart", add_to_cart, skin="API"),
    Command("InsertNewOrder", insert_order, skin="API", domain=False),
    Command("GetOrderDetail", order_detail, skin="API", domain=False),
)
