"""A whole account beside its records, over the memory backend and a real store: reads only, and
believes a second look."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from bridge import store
from bridge.domain.errors import AccountFault, NotPossible, Unavailable
from bridge.domain.model import Address, Forwarding, State, Survey
from bridge.domain.ports import Reconciliation
from bridge.reconcile import drift
from bridge.reconcile.reconcile import Reconcile
from bridge.reconcile.report import lines
from bridge.reconcile.scan import Scanner
from bridge.store.base import tables
from tests.support.bench import GOOD, JOHN, Bench

ANN = Address("ann", "example.com")


class House:
    """`asked` counts surveys by domain and looks by address."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.backend.domains.add("example.net")
        bench.backend.add_pak("example.net")
        self.asked: Counter[str] = Counter()
        self.listed: Survey | None = None
        self.survey, bench.backend.survey = bench.backend.survey, self._survey
        self.observe, bench.backend.observe = bench.backend.observe, self._observe
        self.findings = store.Findings(bench.database)
        scanner = Scanner(bench.account_state, bench.clock, lambda seconds: None)
        accounts = {"main": bench.account(domains={"example.net"})}
        self.reconcile = Reconcile(bench.lookup, scanner, self.findings, accounts, bench.clock)

    def _survey(self, domain: str) -> Survey:
        self.asked[domain] += 1
        return self.listed or self.survey(domain)

    def _observe(self, address: Address, *about: Any) -> Any:
        self.asked[str(address)] += 1
        return self.observe(address, *about)

    def look(self, *addresses: str, **more: Any) -> Reconciliation:
        self.asked.clear()
        return self.reconcile.account("main", "ann", addresses, **more)

    def kinds(self, *addresses: str, **more: Any) -> dict[str, str]:
        return {
            each.address or each.domain: str(each.kind)
            for each in self.look(*addresses, **more).differences
        }

    def settled(self) -> None:
        self.bench.clock.now += 3600


@pytest.fixture
def house(bench: Bench) -> House:
    made = House(bench)
    bench.do("create", password=GOOD)
    bench.do("create", address=str(ANN), service_id="8", password=GOOD)
    made.settled()
    return made


def test_where_nothing_differs_each_domain_is_read_once_and_no_mailbox(house: House) -> None:
    assert house.kinds() == {}
    assert house.asked == {"example.com": 1, "example.net": 1}


def test_what_differs_is_looked_at_a_second_time(house: House) -> None:
    del house.bench.backend.mailboxes[ANN]
    assert house.kinds() == {str(ANN): "missing"}
    assert house.asked == {"example.com": 1, "example.net": 1, str(ANN): 1}


def test_a_list_that_shows_the_past_accuses_nobody(house: House) -> None:
    house.listed = Survey(())
    assert house.kinds() == {}
    assert house.asked[str(ANN)] == house.asked[str(JOHN)] == 1


def test_what_a_hook_changed_meanwhile_is_not_judged(house: House) -> None:
    house.bench.do("suspend")
    house.bench.hook("suspend", address=str(ANN), service_id="8")
    house.bench.backend.mailboxes.clear()
    report = house.look()
    assert (report.differences, report.under_way) == ([], 2)


def test_what_was_not_compared_is_not_said_to_be_without_differences(house: House) -> None:
    house.bench.do("suspend")
    house.bench.hook("suspend", address=str(ANN), service_id="8")
    head, skipped = lines(house.look())
    assert head.endswith("mailboxes: 2.")
    assert skipped.startswith("Not compared: 2 mailboxes (an open job, or changed so lately")
    assert house.bench.clock.now < house.look().settles_at
    house.settled()
    _, skipped, verdict = lines(house.look())
    assert skipped.startswith("Not compared: 1 mailbox (")
    assert skipped.endswith("Run it again when its jobs ended.")
    assert verdict == "No differences in what was compared."


def test_an_address_that_could_not_be_read_is_not_counted_as_read(house: House) -> None:
    house.bench.backend.domains.discard("example.com")
    report = house.look(str(ANN))
    assert (report.mailboxes, [str(each.kind) for each in report.differences]) == (0, ["unread"])


def test_a_deep_one_looks_at_every_mailbox_and_so_sees_sizes(house: House) -> None:
    house.bench.do("change_plan", plan="large")
    house.settled()
    house.bench.backend.mailboxes[JOHN].quota = 1 << 30
    house.listed = Survey(tuple(house.observe(address) for address in (JOHN, ANN)))
    house.listed = Survey(tuple(type(seen)(seen.address, True) for seen in house.listed.mailboxes))
    assert house.kinds() == {}
    assert house.kinds(deep=True) == {str(JOHN): "wrong_plan"}


INFO, OUT = "info@example.com", "somebody@example.org"


def test_who_was_told_aliases_or_a_forwarding_is_looked_at_each_time(house: House) -> None:
    house.bench.do("set_aliases", aliases=(INFO,))
    house.settled()
    assert house.kinds() == {}
    assert house.asked == {"example.com": 1, "example.net": 1, str(JOHN): 1}


def test_what_the_customer_changed_is_told_once_billing_has_said_what_it_should_be(
    house: House,
) -> None:
    john = house.bench.backend.mailboxes[JOHN]
    john.forwarding, john.aliases = Forwarding.of([OUT], False), (INFO,)
    assert house.kinds(deep=True) == {}
    house.bench.do("set_forwarding", forward_to=(), keep_copy=True)
    house.bench.do("set_aliases", aliases=())
    house.settled()
    assert house.kinds() == {}
    john.forwarding = Forwarding.of([OUT], False)
    (found,) = house.look().differences
    assert (found.kind, found.repair and found.repair.words()) == (
        "wrong_forwarding",
        "set its forwarding again (off)",
    )
    assert f"recorded as off, but is to {OUT}, without a copy here" in found.detail
    john.aliases = (INFO,)
    (found,) = house.look().differences  # what weighs most
    assert (found.kind, found.repair and found.repair.words()) == (
        "wrong_aliases",
        "set its aliases again (none)",
    )


def test_a_repair_sets_again_what_billing_wanted_and_only_that(house: House) -> None:
    for data in ({"aliases": (INFO,)}, {"forward_to": (OUT,), "keep_copy": False}):
        house.bench.do("set_aliases" if "aliases" in data else "set_forwarding", **data)
    house.settled()
    john = house.bench.backend.mailboxes[JOHN]
    john.aliases, john.forwarding = (), Forwarding()
    for kind in ("wrong_aliases", "wrong_forwarding"):
        (found,) = house.look().differences
        assert found.kind == kind
        assert house.bench.operator.repair("main", found).startswith("job ")
        house.bench.work(600)
        house.settled()
        with pytest.raises(NotPossible):
            house.bench.operator.repair("main", replace(found, owner=("shop", "9")))
    assert (john.aliases, john.forwarding) == ((INFO,), Forwarding.of([OUT], False))
    assert house.kinds() == {}


def test_a_repair_that_was_shown_is_not_done_once_billing_wants_something_else(
    house: House,
) -> None:
    house.bench.do("set_aliases", aliases=(INFO,))
    house.settled()
    house.bench.backend.mailboxes[JOHN].aliases = ()
    (found,) = house.look().differences
    house.bench.do("set_aliases", aliases=())
    with pytest.raises(NotPossible, match="has changed since you looked"):
        house.bench.operator.repair("main", found)


def test_single_addresses_are_looked_at_without_their_domains(house: House) -> None:
    house.bench.backend.mailboxes.clear()
    assert house.kinds(str(ANN)) == {str(ANN): "missing"}
    assert house.asked == {str(ANN): 1}


def test_a_domain_that_cannot_be_read_spoils_no_other(house: House) -> None:
    del house.bench.backend.mailboxes[ANN]
    house.bench.backend.domains.discard("example.net")
    report = house.look()
    assert [(each.domain, str(each.kind)) for each in report.differences] == [
        ("example.com", "missing"),
        ("example.net", "unread"),
    ]
    assert report.unread == ["example.net"]


class TestAMistypedDomain:
    """A hook for a domain that is not in the account leaves a name on record, which is no fault
    of a reconciliation."""

    TYPO = "john@nowhere.example"

    @pytest.fixture(autouse=True)
    def typed(self, house: House) -> None:
        receipt = house.bench.do("create", address=self.TYPO, service_id="9", password=GOOD)
        assert (receipt.status, (receipt.error or {})["code"]) == (
            "failed",
            "domain_not_in_account",
        )

    def test_is_told_as_such_and_is_neither_a_difference_nor_unread(self, house: House) -> None:
        for addresses in ((), (self.TYPO,)):
            report = house.look(*addresses)
            assert (list(report.foreign), list(report.unread), report.differences) == (
                ["nowhere.example"],
                [],
                [],
            )
            result = "\n".join(lines(report))
            assert (
                "nowhere.example" in result and "mistyped" in result and "No differences." in result
            )

    def test_what_was_kept_of_it_before_is_forgotten(self, house: House) -> None:
        row = {
            "account": "main",
            "domain": "nowhere.example",
            "kind": "unread",
            "detail": "",
            "remedy": "",
            "since": 1,
            "seen_at": 1,
        }
        with house.bench.database.write() as tx:
            tx.execute(tables.differences.insert(), row)
        house.look()
        assert house.bench.rows("differences") == []

    def test_a_mailbox_of_ours_on_record_there_makes_it_a_fault_again(self, house: House) -> None:
        house.bench.operator.adopt("main", Address("ann", "nowhere.example"), "shop", "10")
        report = house.look()
        assert (list(report.foreign), list(report.unread)) == ([], ["nowhere.example"])
        assert [(each.domain, str(each.kind)) for each in report.differences] == [
            ("nowhere.example", "unread")
        ]

    def test_a_domain_that_only_cannot_be_read_is_a_fault(self, house: House) -> None:
        for _ in range(6):
            house.bench.backend.fail_next(None, Unavailable("away"))
        report = house.look()
        assert not report.foreign and set(report.unread) >= {"nowhere.example"}

    def test_one_whose_mailboxes_are_all_gone_may_leave_the_account(self, house: House) -> None:
        bench = house.bench
        bench.backend.domains.add("example.org")
        bench.backend.add_pak("example.org")
        bench.do("create", address="eve@example.org", service_id="11", password=GOOD)
        bench.do("terminate", address="eve@example.org", service_id="11")
        house.settled()
        bench.backend.domains.discard("example.org")
        assert list(house.look().foreign) == ["example.org", "nowhere.example"]


def test_a_hook_for_what_was_never_there_does_not_make_billings_of_what_comes_later(
    house: House,
) -> None:
    bench, sue = house.bench, Address("sue", "example.com")
    assert (bench.do("suspend", address=str(sue), service_id="9").error or {})[
        "code"
    ] == "not_found"
    house.settled()
    bench.backend.mailboxes[sue] = bench.backend.mailboxes[ANN]  # made by hand at Enom
    assert house.kinds() == {str(sue): "no_owner"}, "not: terminated, and to be deleted"


def test_one_that_cannot_be_reached_is_tried_twice(house: House) -> None:
    house.bench.backend.fail_next(None, Unavailable("away"))
    assert house.kinds() == {}
    for _ in range(2):
        house.bench.backend.fail_next(None, AccountFault("refused"))
    assert set(house.kinds()) == {"example.com", "example.net"}


def test_it_changes_nothing_at_enom_nor_on_record(house: House) -> None:
    house.bench.do("suspend")
    house.settled()
    house.bench.backend.mailboxes[JOHN].services["imap"] = "enabled"
    before = house.bench.rows("mailboxes"), len(house.bench.commands)
    house.look(deep=True)
    assert (house.bench.rows("mailboxes"), len(house.bench.commands)) == before


class TestRepair:
    def test_a_lost_suspension_is_set_again_in_the_name_of_its_service(self, house: House) -> None:
        bench = house.bench
        bench.do("suspend")
        house.settled()
        bench.backend.mailboxes[JOHN].services.update(imap="enabled")
        (found,) = house.look().differences
        done = bench.operator.by("ann").repair("main", found)
        assert done.startswith("job ") and house.look(str(JOHN)).under_way == 1
        bench.work(600)
        house.settled()
        assert house.kinds(deep=True) == {}
        job = bench.rows("jobs")[-1]
        assert (job["action"], job["status"], job["source"], job["hook_id"]) == (
            "mailbox.suspend", "succeeded", "shop", f"repair_{job['id']}",
        )  # fmt: skip
        assert bench.record().saved_services == dict.fromkeys(
            bench.record().saved_services or {}, "enabled"
        )
        assert [row["action"] for row in bench.rows("audit")] == ["repair"]

    def test_what_is_seen_is_noted(self, house: House) -> None:
        bench = house.bench
        with bench.database.write() as tx:
            tx.execute(tables.mailboxes.update().values(state="unknown"))
        report = house.look()
        assert [bench.operator.repair("main", each) for each in report.differences] == [
            "recorded as active"
        ] * 2
        assert (house.kinds(), bench.record().state, len(bench.rows("jobs"))) == (
            {},
            State.ACTIVE,
            2,
        )

    @pytest.mark.parametrize("meanwhile", ["another owner", "a hook"])
    def test_what_was_changed_meanwhile_is_left_alone(self, house: House, meanwhile: str) -> None:
        bench = house.bench
        bench.do("suspend")
        house.settled()
        bench.backend.mailboxes[JOHN].services.update(imap="enabled")
        (found,) = house.look().differences
        if meanwhile == "a hook":
            bench.hook("unsuspend")
        else:
            bench.operator.adopt("main", JOHN, "other", "9")
        jobs = len(bench.rows("jobs"))
        with pytest.raises(NotPossible, match="has changed since you looked"):
            bench.operator.repair("main", found)
        assert len(bench.rows("jobs")) == jobs

    def test_a_hook_that_comes_later_wins(self, house: House) -> None:
        bench = house.bench
        bench.do("suspend")
        house.settled()
        bench.backend.mailboxes[JOHN].services.update(imap="enabled")
        (found,) = house.look().differences
        bench.operator.repair("main", found)
        bench.do(
            "unsuspend", at=-5
        )  # by its own clock it is older than the repair, and still it is billing's word
        assert bench.record().state is State.ACTIVE
        assert drift.checksum(house.look().differences) == drift.checksum([])
