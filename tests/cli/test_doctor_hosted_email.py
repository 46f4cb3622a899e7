"""`doctor` and its probe where hosted email is all there is: what is wrong is said with its
remedy, and nothing of Enom is said."""

import re
from typing import Any

import pytest

from bridge.backends.hosted_email import HostedEmail, HostedEmailAccount
from bridge.infra.http_client import HttpClient
from tests.cli.conftest import House
from tests.cli.test_doctor import found
from tests.support.bridge import HOSTED_PASSWORD

PROBE = ("doctor", "--probe", "--domain", "example.com", "--patience", "20")


@pytest.fixture
def alone(house: House) -> House:
    house.configure(account__backend="hosted-email", source__domains=["example.com"])
    return house


def with_role(house: House, role: str, **more: Any) -> None:
    user = f"{role}@reseller.example"
    given = {"uid": "reseller", "user": user, "password": HOSTED_PASSWORD, "role": role, **more}
    house.sim.control("/admins", given)
    domains = {"source__domains": ["example.com"], "hosted__user": user}
    house.configure(account__backend="hosted-email", **domains)


def test_all_is_well(alone: House) -> None:
    alone.start()
    result = alone.run("doctor")

    assert result.exit_code == 0, result.output
    good = ("Hosted email accepts", "have the role company.", "example.com is at hosted email")
    assert [words for words in good if words not in found(alone, "ok")] == []
    assert "the live endpoint, user and password" in found(alone, "warn")
    assert re.search(r"\bEnom\b|\bpak|interface\.asp", result.stdout) is None


@pytest.mark.parametrize(
    ("role", "level", "words"),
    [
        ("company_mail", "FAIL", "cannot create or delete mailboxes"),
        ("company_ro", "FAIL", "can read, and change nothing"),
        ("company_view", "FAIL", "can read, and change nothing"),
        ("company_token_only", "FAIL", "their role is none that can create"),
        ("domain", "warn", "in its own domain only"),
    ],
)
def test_a_role_is_named_with_what_it_cannot_do(
    house: House, role: str, level: str, words: str
) -> None:
    with_role(house, role, **({"domain": "example.com"} if role == "domain" else {}))
    assert words in found(house, level)
    assert "an admin with the role company" in found(house, level)


@pytest.mark.parametrize("which", ["wrong password", "other cluster"])
def test_refused_credentials_are_said_with_both_causes(house: House, which: str) -> None:
    wrong = {"hosted__password": "Wrong-Hosted-1"}
    if which == "other cluster":
        wrong = {"hosted__endpoint": house.sim.other_cluster}
    house.configure(account__backend="hosted-email", **wrong)

    said = found(house, "FAIL")

    assert "Check user and password" in said and "is your cluster's" in said
    assert "Wrong-Hosted-1" not in said


def test_a_live_endpoint_in_a_test_account_is_refused_before_it_is_asked(house: House) -> None:
    endpoint = "https://admin.a.hostedemail.com/api"
    house.configure(account__backend="hosted-email", hosted__endpoint=endpoint)
    assert "is a live system" in house.refused("doctor", code=2)


def test_a_plan_over_the_domains_maximum_is_named(alone: House) -> None:
    outgoing = HttpClient()
    admin = "admin@reseller.example"
    account = HostedEmailAccount(alone.sim.hosted_email, admin, HOSTED_PASSWORD)
    most = {"quota_maximum": 2048}
    HostedEmail(account, outgoing).client.call(
        "change_domain", domain="example.com", attributes=most
    )
    outgoing.close()
    said = found(alone, "warn")
    assert "2048 MB at most, less than the plan(s) large" in said and "basic" not in said


def test_proved_passwords_ask_for_the_probe(house: House) -> None:
    house.configure(account__backend="hosted-email", account__prove_passwords=True)
    assert "doctor --probe" in found(house, "warn")


def test_the_probe_measures_a_sign_in_too_and_leaves_nothing(alone: House) -> None:
    report = alone.json(*PROBE)

    steps = [step["step"] for step in report["steps"]]
    after = ["sign in", "sign in after a wrong password", "suspend", "restore", "delete"]
    assert steps == ["create", "change password", *after]
    assert report["proves_passwords"] is True and report["problem"] is None
    assert report["reads_show"] == ["existence", "services", "quota", "usage"]
    assert alone.sim.control("/state")["domains"]["example.com"]["mailboxes"] == {}


def test_the_probe_finds_a_sign_in_that_locks(alone: House) -> None:
    alone.sim.control("/settings", {"lock_after": 1})
    result = alone.run(*PROBE[:-1], "1")
    assert "leave prove_passwords off" in result.stdout
    assert alone.sim.control("/state")["domains"]["example.com"]["mailboxes"] == {}


def test_the_probe_of_a_role_that_cannot_create_says_so_and_of_no_domain(house: House) -> None:
    with_role(house, "company_mail")
    assert "role of the credentials" in house.refused(*PROBE)
    house.configure(account__backend="hosted-email", account__create_domains=True)
    assert "Name a domain that does" in house.refused("doctor", "--probe", "--domain", "new.test")


def test_the_inventory_lists_what_costs_by_the_month_and_belongs_to_no_service(
    alone: House,
) -> None:
    alone.start()
    alone.send("mailbox.create", "ann@example.com", "7")
    bob = {"address": "bob@example.com", "password": "Somebody-Else.1", "settled": True}
    alone.sim.control("/mailboxes", bob)
    alone.run("reconcile")

    said = alone.ok("inventory")

    assert "1  mailboxes that cost by the month, and belong to no service" in said
    assert "bob@example.com" in said and "slot" not in said
    assert [each["address"] for each in alone.json("inventory")["items"][0]["unpaid"]] == [
        "bob@example.com"
    ]
