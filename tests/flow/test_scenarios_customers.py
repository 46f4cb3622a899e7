"""A domain is a customer's: what another customer asks for in it waits for a person, through
real hooks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.customers import RESERVED
from bridge.domain.model import Address
from bridge.store.base import tables
from tests.support.bridge import add_domain
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_both, on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

DAY = 86400.0
ANN, BEN = "11", "12"  # customers
sqlite = pytest.mark.parametrize("store", ["sqlite"])


def create(
    scene: Scene, local: str, service: str, customer: str | None = None, **more: Any
) -> dict[str, Any]:
    result = {} if customer is None else {"customer_id": customer}
    at = more.pop("at", "example.com")
    return scene.do(
        "create", address=f"{local}@{at}", service_id=service, password=PASSWORD, **result, **more
    )


def outcome(receipt: dict[str, Any]) -> str:
    return str(receipt["error"]["code"] if receipt["error"] else receipt["status"])


def held(scene: Scene, *arguments: Any, **more: Any) -> dict[str, Any]:
    """Holds it, and nothing was sent for it."""
    before = len([call for call in scene.calls() if call["effect"]])
    receipt = create(scene, *arguments, **more)
    assert receipt["status"] == "held", receipt
    assert receipt["state"] == "unknown" and not receipt["changed"]
    assert len([call for call in scene.calls() if call["effect"]]) == before
    return receipt


def test_what_another_customer_orders_in_a_domain_is_held(scene: Scene) -> None:
    assert outcome(create(scene, "alice", "1", ANN)) == "succeeded"
    for local, service in (("ceo", "2"), ("info", "3")):
        receipt = held(scene, local, service, BEN)
        assert outcome(receipt) == "domain_of_another"
        assert receipt["error"]["detail"] == (
            "example.com has mailboxes of customer 11. This hook is for customer 12, who has "
            "no mailbox there."
        )
        assert scene.mailbox(f"{local}@example.com") is None
        assert "11" not in receipt["message"] + receipt["error"]["message"]
    assert outcome(create(scene, "bob", "4", ANN)) == "succeeded"
    result = {claimed["data"]["address"]: claimed["type"] for claimed in scene.call_back()}
    assert result["ceo@example.com"] == "job.held"


def test_who_has_a_mailbox_of_the_domain_already_gets_more_of_it(scene: Scene) -> None:
    create(scene, "alice", "1", ANN)
    assert outcome(create(scene, "ben", "2", BEN, domain_confirmed=True)) == "succeeded"
    assert outcome(create(scene, "ben2", "3", BEN)) == "succeeded"
    assert outcome(create(scene, "postmaster", "4", BEN)) == "succeeded"


def test_a_hook_without_a_customer_is_not_judged_and_a_mailbox_without_one_counts_for_nobody(
    scene: Scene,
) -> None:
    assert outcome(create(scene, "old", "1")) == "succeeded"
    assert (
        outcome(create(scene, "alice", "2", ANN)) == "succeeded"
    )  # what is not known refuses nobody
    assert outcome(create(scene, "postmaster", "3")) == "succeeded"
    assert outcome(held(scene, "ceo", "4", BEN)) == "domain_of_another"
    assert outcome(create(scene, "more", "5")) == "succeeded"


@pytest.mark.parametrize("local", sorted(RESERVED))
@sqlite
def test_a_reserved_name_needs_a_mailbox_of_the_domain_first(scene: Scene, local: str) -> None:
    assert outcome(held(scene, local.upper(), "1", ANN)) == "reserved_name"
    assert outcome(create(scene, f"{local}2", "2", ANN)) == "succeeded"
    assert outcome(create(scene, local, "3", ANN)) == "succeeded"


@sqlite
def test_a_name_that_is_not_known_to_be_whose_permits_no_reserved_one(scene: Scene) -> None:
    create(scene, "old", "1")
    assert outcome(held(scene, "postmaster", "2", ANN)) == "reserved_name"


@pytest.mark.parametrize(("days", "expected"), [(29, "domain_of_another"), (31, "succeeded")])
def test_a_domain_stays_its_customers_for_30_days_after_the_last_mailbox(
    scene: Scene, days: int, expected: str
) -> None:
    create(scene, "alice", "1", ANN)
    assert (
        scene.do("terminate", address="alice@example.com", service_id="1", customer_id=ANN)["state"]
        == "absent"
    )
    gone = scene.service.lookup.mailbox("alice@example.com")
    assert gone["gone_at"] and gone["customer_id"] == ANN and gone["source"] is None
    scene.clock.now += days * DAY - 3600
    # A repetition is no new going.
    scene.do("terminate", address="alice@example.com", service_id="1")
    assert scene.service.lookup.mailbox("alice@example.com")["gone_at"] == gone["gone_at"]
    scene.clock.now += 3600
    # Nor is a creation under the very name that ends badly.
    assert outcome(create(scene, "alice", "2", None, plan="gold")) == "plan_unknown"
    assert outcome(create(scene, "alice", "3", BEN)) == expected
    assert outcome(create(scene, "alice2", "4", ANN)) == (
        "succeeded" if days == 29 else "domain_of_another"
    )


@sqlite
def test_the_last_customer_of_an_empty_domain_comes_back_and_an_earlier_one_is_held(
    scene: Scene,
) -> None:
    create(scene, "alice", "1", ANN)
    create(scene, "ben", "2", BEN, domain_confirmed=True)
    for service, address in (("1", "alice@example.com"), ("2", "ben@example.com")):
        scene.do("terminate", address=address, service_id=service)
        scene.clock.now += DAY
    assert outcome(held(scene, "alice", "3", ANN)) == "domain_of_another"
    assert outcome(held(scene, "root", "4", BEN)) == "reserved_name"
    assert outcome(create(scene, "ben", "5", BEN)) == "succeeded"


@sqlite
def test_what_waits_at_the_end_of_a_grace_is_still_its_customers(open_scene: Open) -> None:
    scene = open_scene(safety__terminate_grace_days=40)
    create(scene, "alice", "1", ANN)
    assert (
        scene.do("terminate", address="alice@example.com", service_id="1")["state"] == "suspended"
    )
    scene.clock.now += 39 * DAY
    assert outcome(held(scene, "ceo", "2", BEN)) == "domain_of_another"


@sqlite
def test_what_a_reconciliation_missed_is_gone_since_then(scene: Scene) -> None:
    create(scene, "alice", "1", ANN)
    scene.clock.now += 60
    scene.sim.control("/mailboxes/delete", {"address": "alice@example.com"})
    found = scene.service.reconcile.account("main", "night").differences
    scene.clock.now += 25 * DAY
    assert (
        outcome(held(scene, "ceo", "2", BEN)) == "domain_of_another"
    )  # as long as its service is there
    scene.do("terminate", address="alice@example.com", service_id="1")
    scene.clock.now += 6 * DAY
    assert found and outcome(create(scene, "ceo", "2", BEN)) == "succeeded"


def test_approving_lets_it_pass_and_trying_again_does_not(scene: Scene) -> None:
    create(scene, "alice", "1", ANN)
    receipt = held(scene, "postmaster", "2", BEN)
    assert receipt["error"]["detail"].endswith(
        "postmaster is also a name that proves control of a domain."
    )
    again = scene.service.operator.by("jane").retry(receipt["job"])
    scene.work(60, until={"job": again.job})
    assert outcome(scene.job({"job": again.job})) == "domain_of_another"
    approved = scene.service.operator.by("jane").retry(again.job, approve=True)
    scene.work(60, until={"job": approved.job})
    assert outcome(scene.job({"job": approved.job})) == "succeeded"
    assert scene.service.lookup.mailbox("postmaster@example.com")["customer_id"] == BEN
    assert outcome(create(scene, "ben", "3", BEN)) == "succeeded"


@pytest.mark.parametrize(
    ("local", "code"), [("ceo", "domain_of_another"), ("root", "domain_of_another")]
)
def test_what_staff_vouches_for_passes_and_is_audited(scene: Scene, local: str, code: str) -> None:
    create(scene, "alice", "1", ANN)
    receipt = create(scene, local, "2", BEN, domain_confirmed=True, id="msg_confirmed")
    assert outcome(receipt) == "succeeded"
    rows, _ = scene.service.lookup.page("audit", None, action="confirm")
    assert [(row["who"], row["target"]) for row in rows] == [
        ("source shop", f"{local}@example.com")
    ]
    assert rows[0]["detail"].startswith(
        "domain_confirmed for customer 12 in hook msg_confirmed; it overrode " + code
    )


@sqlite
def test_where_nothing_stood_against_it_the_audit_says_so(scene: Scene) -> None:
    create(scene, "alice", "1", ANN, domain_confirmed=True)
    create(scene, "bob", "2", domain_confirmed=True)
    rows, _ = scene.service.lookup.page("audit", None, action="confirm")
    assert {row["detail"].split("; ")[1] for row in rows} == {"no check objected"}
    assert "customer (unknown)" in rows[0]["detail"]


@on_both
def test_of_two_workers_at_one_domain_one_makes_a_mailbox(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if nothing kept the jobs of one domain from running side by side."""
    limits = {
        name: replace(each, exclusive_actions=frozenset())
        for name, each in scene.engine.limits.items()
    }
    monkeypatch.setattr(scene.engine, "limits", limits)
    for number in range(4):
        domain = f"fresh{number}.example"
        add_domain(scene.sim, domain)
        sent = [
            scene.hook(
                "create",
                address=f"{local}@{domain}",
                service_id=f"{number}{customer}",
                customer_id=customer,
                password=PASSWORD,
            )
            for local, customer in (("alice", ANN), ("bert", BEN))
        ]
        claimed = [scene.engine.queue.claim(f"worker{n}", scene.engine.limits) for n in range(2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(scene.engine.worker.run, [job for job in claimed if job is not None]))
        scene.work(60)
        assert sorted(outcome(scene.job(each)) for each in sent) == [
            "domain_of_another",
            "succeeded",
        ]
        assert len(scene.sim.control("/state")["domains"][domain]["mailboxes"]) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_nothing_is_bought_for_what_is_held_and_what_was_bought_is_used(
    open_scene: Open, lost: bool
) -> None:
    scene = open_scene(account__purchase="paks")
    add_domain(scene.sim, "example.net", pak=False)
    with_pak = create(scene, "alice", "1", ANN, at="example.net")
    assert outcome(with_pak) == "succeeded" and len(scene.orders) == 1
    scene.do("terminate", address="alice@example.net", service_id="1")
    scene.sim.control(
        "/paks",
        {"domain": "example.net", "size": 1, "expires": "2020-01-01T00:00:00Z", "kind": "pak"},
    )
    assert outcome(held(scene, "ceo", "2", BEN, at="example.net")) == "domain_of_another"
    add_domain(scene.sim, "example.org", pak=False)
    assert outcome(held(scene, "root", "3", BEN, at="example.org")) == "reserved_name"
    assert len(scene.orders) == 1
    if lost:
        scene.fault("PurchasePOPBundle", "drop_after")
    assert outcome(create(scene, "ben", "4", BEN, at="example.org")) == "succeeded"
    assert len(scene.orders) == 2


def test_spelling_the_domain_in_another_way_makes_it_no_other_domain(scene: Scene) -> None:
    add_domain(scene.sim, "xn--bcher-kva.example")
    assert outcome(create(scene, "alice", "1", ANN, at="Bücher.example")) == "succeeded"
    for number, spelt in enumerate(
        ("bücher.example", "BÜCHER.EXAMPLE", "xn--bcher-kva.example", "XN--BCHER-KVA.example")
    ):
        assert outcome(held(scene, "ceo", f"{number + 2}", BEN, at=spelt)) == "domain_of_another"


@sqlite
def test_a_customer_that_is_none_is_parked_with_the_field_named(scene: Scene) -> None:
    for wrong in ("", "x" * 65, 12, True, ["12"], "a\nb"):
        answer = scene.send("mailbox.suspend", customer_id=wrong)
        assert (answer.status_code, list((answer.json or {})["errors"])) == (
            422,
            ["data.customer_id"],
        )
    for wrong in ("true", 1, None, "yes"):
        answer = scene.send("mailbox.create", password=PASSWORD, domain_confirmed=wrong)
        assert (answer.status_code, list((answer.json or {})["errors"])) == (
            422,
            ["data.domain_confirmed"],
        )
    parked, _ = scene.service.lookup.page("hooks", None, status="parked")
    assert len(parked) == 10
    assert scene.send("mailbox.suspend", customer_id="x" * 64).status_code == 202


@sqlite
def test_where_customers_share_their_domains_nothing_is_held(open_scene: Open) -> None:
    scene = open_scene(source__domain_per_customer=False)
    create(scene, "alice", "1", ANN)
    assert outcome(create(scene, "postmaster", "2", BEN)) == "succeeded"


def test_observed_only_it_says_that_it_would_be_held(open_scene: Open) -> None:
    scene = open_scene()
    create(scene, "alice", "1", ANN)
    scene.close()
    scene = open_scene(account__mode="observe")
    receipt = create(scene, "ceo", "2", BEN)
    assert (receipt["status"], receipt["observed_only"]) == ("succeeded", True)
    assert (receipt["would_be"]["status"], receipt["would_be"]["code"]) == (
        "held",
        "domain_of_another",
    )
    for more in (
        {"service": "3", "customer": ANN},
        {"service": "4", "customer": BEN, "domain_confirmed": True},
    ):
        passing = create(scene, "root", **more)
        assert "would_be" not in passing and passing["plan"]


class TestLearning:
    def known(self, scene: Scene, address: str = "john.doe@example.com") -> Any:
        return scene.service.lookup.mailbox(address)["customer_id"]

    def test_any_hook_of_the_owner_teaches_it_and_the_newest_wins(self, scene: Scene) -> None:
        scene.do("create", password=PASSWORD)
        assert self.known(scene) is None
        scene.hook("suspend", customer_id=ANN)
        assert self.known(scene) == ANN  # also while its job still waits
        scene.hook("unsuspend", customer_id=BEN)
        scene.hook("suspend", customer_id=ANN, at=-600)  # from before the service was Ben's
        assert self.known(scene) == BEN
        scene.work(60)
        scene.do("unsuspend")
        assert self.known(scene) == BEN  # who says nothing takes nothing back

    def test_nor_does_one_that_came_late_while_the_mailbox_was_made(self, scene: Scene) -> None:
        first = scene.hook("create", password=PASSWORD, customer_id=BEN)
        assert scene.hook("suspend", customer_id=ANN, at=-600)["status"] == "cancelled"
        scene.work(60, until=first)
        assert self.known(scene) == BEN

    def test_of_hooks_that_come_while_the_mailbox_is_made_the_newest_wins(
        self, scene: Scene
    ) -> None:
        first = scene.hook("create", password=PASSWORD, customer_id=ANN)
        scene.hook("change_password", password="Other-Secret.8", customer_id=BEN)
        scene.work(60, until=first)
        assert self.known(scene) == BEN

    def test_who_does_not_own_it_teaches_nothing(self, scene: Scene) -> None:
        scene.do("create", password=PASSWORD, customer_id=ANN)
        for type in ("suspend", "terminate", "change_plan"):
            refused = scene.do(
                type,
                service_id="8",
                customer_id=BEN,
                **({"plan": "basic"} if type == "change_plan" else {}),
            )
            assert outcome(refused) == "not_ours"
        refused = scene.do("create", service_id="8", password=PASSWORD, customer_id=BEN)
        assert outcome(refused) == "not_ours"
        assert self.known(scene) == ANN

    def test_a_creation_that_was_refused_changes_nothing_of_whose_it_was(
        self, scene: Scene
    ) -> None:
        scene.do("create", password=PASSWORD, customer_id=ANN)
        scene.do("terminate")
        scene.fault("SetUpPOP3User", "maintenance")
        first = scene.hook(
            "create", service_id="8", password="short", customer_id=BEN, domain_confirmed=True
        )
        scene.hook("change_password", service_id="8", password="Other-Secret.8", customer_id="13")
        scene.work(300, until=first)
        assert scene.job(first)["status"] == "failed"
        scene.work(300)
        assert self.known(scene) == ANN
        assert outcome(held(scene, "ceo", "9", BEN)) == "domain_of_another"

    def test_a_new_owner_takes_the_place_of_the_former_also_if_its_customer_is_not_known(
        self, scene: Scene
    ) -> None:
        scene.do("create", password=PASSWORD, customer_id=ANN)
        scene.do("terminate", customer_id=ANN)
        assert self.known(scene) == ANN
        assert outcome(scene.do("create", service_id="8", password=PASSWORD)) == "succeeded"
        assert self.known(scene) is None
        assert scene.service.lookup.mailbox("john.doe@example.com")["gone_at"] is None

    def test_adopted_it_is_the_customers_of_the_new_owner_only(self, scene: Scene) -> None:
        scene.do("create", password=PASSWORD, customer_id=ANN)
        operator, lookup = scene.service.operator, scene.service.lookup
        operator.adopt("main", Address.parse("john.doe@example.com"), "shop", "8")
        assert self.known(scene) is None
        operator.adopt("main", Address.parse("john.doe@example.com"), "shop", "7")
        assert self.known(scene) == ANN  # its own hooks said so
        assert lookup.mailbox("john.doe@example.com")["customer_source"] == "shop"

    def test_the_list_tells_it_to_the_owning_source_only(self, scene: Scene) -> None:
        scene.do("create", password=PASSWORD, customer_id=ANN)
        items = (scene.ask("mailbox.list").json or {})["data"]["items"]
        assert [item["customer_id"] for item in items] == [ANN]

    def test_a_customer_of_another_source_is_nobody_here(self, open_scene: Open) -> None:
        scene = open_scene()
        create(scene, "alice", "1", ANN)
        with scene.service.database.write() as tx:
            tx.execute(tables.mailboxes.update().values(source="other", customer_source="other"))
        assert outcome(create(scene, "ceo", "2", BEN)) == "succeeded"
