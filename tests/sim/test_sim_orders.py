"""Money and paks: purchases, renewals, the cart, and what each costs."""

import pytest


def expiry(remote, bundle):
    root = remote.ask("GetPOPExpirations")
    return {pop.findtext("bundleid"): pop.findtext("expdate") for pop in root.iter("pop")}[
        str(bundle)
    ]


def test_a_pak_costs_ten_and_serves_at_once(remote):
    root = remote.ask("PurchasePOPBundle", quantity=2)
    bundles = [each.text for each in root.iterfind("Bundles/BundleID")]
    assert (len(bundles), root.findtext("BundleCount"), remote.balance()) == (2, "2", 4980.0)
    assert (
        remote.codes(
            "SetUpPOP3User", bundleid=bundles[1], username1="jane", password1=remote.password
        )
        == []
    )
    detail = remote.ask("GetOrderDetail", orderid=root.findtext("orderid"))
    assert detail.findtext("Order/OrderDetail/OrderStatus") == "Closed"


def test_no_purchase_without_money(remote):
    remote.sim.control("/balance", {"uid": "reseller", "balance": 9.99})
    assert remote.codes("PurchasePOPBundle", quantity=1) == ["524181"]
    assert remote.balance() == 9.99
    assert len(remote.domain()["paks"]) == 1


@pytest.mark.parametrize(
    ("parameters", "price", "size", "capacity"),
    [
        ({"service": "POP3"}, 10.0, 10, 1024),
        (
            {"service": "mailbox", "quantityunit": "boxes", "quantity": 3, "capacity": 25},
            6.0,
            3,
            25600,
        ),
        (
            {
                "producttype": "Mailbox",
                "quantityunit": "boxes",
                "billingperiod": "Month",
                "period": 6,
            },
            1.0,
            1,
            1024,
        ),
        ({"producttype": "POP", "timeunit": "Year", "timequantity": 2}, 20.0, 10, 1024),
    ],
)
def test_services_are_sold_in_all_spellings(remote, parameters, price, size, capacity):
    root = remote.ask("PurchaseServices", enduserip="192.0.2.1", **parameters)
    pak = remote.domain()["paks"][root.findtext("BundleID")]
    assert (pak["size"], pak["capacity_mb"], remote.balance()) == (size, capacity, 5000.0 - price)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"service": "SSL"}, "304182"),
        ({"service": "MAILBOX", "capacity": 7}, "303315"),
        ({"service": "MAILBOX", "quantityunit": "crates"}, "304183"),
        ({"service": "MAILBOX", "timequantity": 13}, "303217"),
        ({"service": "MAILBOX", "actiontype": "Renew"}, "301269"),
        ({"service": "MAILBOX", "enduserip": ""}, "301160"),
    ],
)
def test_bad_orders_cost_nothing(remote, parameters, code):
    assert remote.codes("PurchaseServices", **{"enduserip": "192.0.2.1", **parameters}) == [code]
    assert remote.balance() == 5000.0


def test_renewal_counts_from_the_old_expiry(remote):
    root = remote.ask("RenewPOPBundle", pakid=remote.bundle, quantity=2)
    assert root.findtext("orderid")
    assert (expiry(remote, remote.bundle), remote.balance()) == ("5/3/2033 2:09:59 PM", 4980.0)
    renew = {
        "service": "MAILBOX",
        "actiontype": "Renew",
        "productid": remote.bundle,
        "timeunit": "Month",
        "timequantity": 3,
    }
    remote.ask("PurchaseServices", enduserip="192.0.2.1", **renew)
    assert expiry(remote, remote.bundle) == "8/3/2033 2:09:59 PM"


def test_a_repeated_purchase_charges_again(remote):
    for _ in range(2):
        remote.ask("RenewPOPBundle", pakid=remote.bundle, quantity=1)
    assert remote.balance() == 4980.0
    assert remote.sim.control("/state")["accounts"]["reseller"]["purchases"] == 2


def test_a_cart_order_is_open_until_its_time_comes(remote):
    remote.create("jane")
    storage = {
        "producttype": "EmailStorage",
        "productid": remote.bundle,
        "quantity": 2,
        "enduserip": "192.0.2.1",
    }
    assert remote.ask("AddToCart", **storage).findtext("ItemAdded") == "True"
    order = remote.ask("InsertNewOrder").findtext("OrderID")
    assert (
        remote.ask("GetOrderDetail", orderid=order).findtext("Order/OrderDetail/OrderStatus")
        == "Open"
    )
    assert remote.ask("GetPOP3").findtext("pop/quota") == "1024"
    remote.clock.now += 6
    assert (
        remote.ask("GetOrderDetail", orderid=order).findtext("Order/OrderDetail/OrderStatus")
        == "Closed"
    )
    assert remote.ask("GetPOP3").findtext("pop/quota") == "2048"
    assert remote.codes("InsertNewOrder") == ["301192"]


def test_an_order_that_is_not_mine_has_no_result(remote):
    assert remote.ask("GetOrderDetail", orderid=1).findtext("Order/Result") == "False"


def test_only_an_empty_pak_can_be_deleted(remote):
    remote.create("jane")
    assert remote.codes("DeletePOPPak", bundleid=remote.bundle) == ["315271"]
    assert remote.codes("DeleteAllPOPPaks") == ["315271"]
    remote.ask("DeletePOP3", username1="jane")
    assert remote.codes("DeletePOPPak", bundleid=remote.bundle) == []
    remote.ask("PurchasePOPBundle", quantity=2)
    assert remote.ask("DeleteAllPOPPaks").findtext("PaksRemoved") == "2"
    assert remote.domain()["paks"] == {}


def test_auto_renewal_is_a_switch(remote):
    assert remote.ask("SetPakRenew", bundleid=remote.bundle, autopakrenew=1).findtext(
        "PakUpdated"
    ) == str(remote.bundle)
    assert remote.ask("GetPOP3").findtext("Paks/Pak/AutoRenew") == "1"
    assert remote.codes("SetPakRenew", bundleid=remote.bundle, autopakrenew=2) == ["304163"]
