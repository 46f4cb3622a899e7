"""Who is let in: two environments, GET and POST, addresses, credentials, and the order of the
checks."""

import urllib.request

import pytest

TRUE_TEXTS = {
    "304155": ("Bad User name or Password", "Validation error; invalid ; loginid"),
    "713254": (
        "User not permitted from this IP address - 127.0.0.1",
        "Policy error; unauthorized; user(s)",
    ),
    "316153": ("Domain name not found", "Validation error; not found; domain name(s)"),
    "316154": ("Domain name not active", "Validation error; not active; domain name(s)"),
}


def failure(root):
    return root.findtext("responses/response/ResponseNumber"), (
        root.findtext("errors/Err1"),
        root.findtext("responses/response/ResponseString"),
    )


def test_live_and_test_have_accounts_and_balances_of_their_own(remote):
    assert remote.codes("CheckLogin", live=True) == ["304155"]
    remote.sim.control(
        "/accounts", {"uid": "reseller", "token": "LIVE", "environment": "live", "balance": 12.5}
    )
    assert remote.ask("GetBalance", live=True, pw="LIVE").findtext("Balance") == "12.50"
    assert remote.ask("GetBalance").findtext("Balance") == "5,000.00"
    assert remote.codes("CheckLogin", pw="LIVE") == ["304155"]


def test_the_test_balance_can_be_set_back(remote):
    remote.ask("PurchasePOPBundle", quantity=3)
    assert remote.balance() == 4970.0
    remote.sim.control("/balance", {"uid": "reseller"})
    assert remote.balance() == 5000.0


@pytest.mark.parametrize("get", [True, False])
def test_get_and_post_are_alike_and_names_ignore_case(remote, get):
    raw = remote.raw("gEtPoP3", get=get, Unheard="ignored", ResponseType="xMl")
    assert b"<Command>GETPOP3</Command>" in raw


def test_the_first_of_duplicates_wins(remote):
    url = f"{remote.sim.endpoint}?UID=reseller&uid=other&pw=TOKEN&pw=WRONG&command=CheckLogin&command=Nothing"
    with urllib.request.urlopen(url) as answer:
        assert b"ErrCount=0" in answer.read()


@pytest.mark.parametrize(
    ("code", "change"),
    [("304155", {"pw": "WRONG"}), ("304155", {"uid": "nobody"}), ("316153", {"sld": "unknown"})],
)
def test_known_errors_have_their_exact_texts(remote, code, change):
    assert failure(remote.ask("GetPOP3", **change)) == (code, TRUE_TEXTS[code])


def test_an_inactive_domain_is_refused_with_its_exact_text(remote):
    remote.sim.control("/domains", {"uid": "reseller", "domain": "sleeping.test", "active": False})
    assert failure(remote.ask("GetPOP3", sld="sleeping", tld="test")) == (
        "316154",
        TRUE_TEXTS["316154"],
    )


def test_a_foreign_address_is_refused(remote):
    remote.sim.control("/accounts", {"uid": "reseller", "token": "TOKEN", "allow": ["127.0.0.9"]})
    assert failure(remote.ask("GetPOP3")) == ("713254", TRUE_TEXTS["713254"])


def test_address_and_credentials_can_fail_together(remote):
    remote.sim.control("/accounts", {"uid": "reseller", "token": "TOKEN", "allow": []})
    root = remote.ask("GetPOP3", pw="WRONG")
    assert [root.findtext("ErrCount"), root.findtext("ResponseCount")] == ["2", "1"]
    assert [root.findtext("errors/Err1"), root.findtext("errors/Err2")] == [
        TRUE_TEXTS["713254"][0],
        TRUE_TEXTS["304155"][0],
    ]


def test_checks_come_in_order_credentials_command_domain_parameters(remote):
    worst = {"sld": "unknown", "bundleid": "x"}
    assert remote.codes("NoSuchCommand", pw="WRONG", **worst) == ["304155"]
    assert remote.codes("NoSuchCommand", **worst) == ["304150"]
    assert remote.codes("SetUpPOP3User", **worst) == ["316153"]
    assert remote.codes("SetUpPOP3User", bundleid="x") == ["304269"]


def test_a_domain_of_another_account_is_not_open(remote):
    remote.sim.control("/accounts", {"uid": "other", "token": "T2"})
    assert remote.codes("GetPOP3", uid="other", pw="T2") == ["703380"]
    assert remote.codes("GetPOP3", sld="") == ["301151"]
    assert remote.codes("GetPOP3", tld="") == ["301152"]
    assert remote.codes("GetPOP3", sld="", tld="", domainnameid=30001) == []
