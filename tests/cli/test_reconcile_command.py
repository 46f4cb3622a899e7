"""`reconcile` and `mailboxes undelete` as an admin gives them: what is shown first, what is
done, and each wrong use."""

import json
import re
import time

import pytest

from bridge.backends.hosted_email.wire import SERVICES
from bridge.cli import undelete
from bridge.domain.errors import NotPossible
from bridge.domain.model import Address, Deleted
from bridge.reconcile.reconcile import Reconcile
from bridge.store.base.tables import accounts, mailboxes
from tests.cli.conftest import House

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def open_house(house: House) -> House:
    """Two mailboxes of ours, the second suspended; nothing is under way any more."""
    house.configure(account__settle=0)
    house.start()
    house.send("mailbox.create", ANN, "7")
    house.send("mailbox.create", BOB, "8")
    house.send("mailbox.suspend", BOB, "8")
    house.billing.wait_for(3)
    return house


def work_again(house: House, address: str = BOB) -> None:
    """Somebody lifts our suspension at Enom."""
    house.sim.control(
        "/services", {"address": address, "services": dict.fromkeys(SERVICES.values(), "enabled")}
    )


def test_where_nothing_differs_it_says_so(open_house: House) -> None:
    shown = open_house.ok("reconcile")
    head = "Account main, compared with the mail provider on "
    assert shown.startswith(head) and "domains read: 1; mailboxes: 2." in shown
    assert shown.endswith("No differences.\n")


def test_what_differs_is_told_with_counts_first_and_its_remedy(open_house: House) -> None:
    open_house.sim.control(
        "/mailboxes", {"address": "eve@example.com", "password": "Old-Secret.1", "settled": True}
    )
    open_house.sim.control("/mailboxes/delete", {"address": ANN})
    shown = open_house.ok("reconcile").splitlines()
    assert shown[1:3] == [
        "      1  recorded, but not at the mail provider",
        "      1  at the mail provider, but owned by no service",
    ]
    text = "\n".join(shown)
    assert (
        "ann@example.com: It belongs to service 7 of shop and is recorded as active, but the mail "
        "provider "
        "does not list it."
    ) in text
    assert (
        "-> If the customer should have it, create it again "
        "from billing (Create, for service 7 of shop)"
    ) in text
    assert "mailboxes adopt eve@example.com" in text


def test_what_was_sold_stands_apart_from_the_last_list(open_house: House) -> None:
    open_house.send("mailbox.create", ANN, "7", seats=2)
    sold = "      2  mailboxes sold in services with seats (1): 1 used, 1 empty, 0 over\n"
    assert open_house.ok("reconcile").endswith(f"No differences.\n{sold}")
    work_again(open_house)
    shown = open_house.ok("reconcile")
    assert f"\n\n{sold}" in shown and "\n-\n" not in shown


def test_a_repair_is_shown_first_and_done_under_its_checksum_only(open_house: House) -> None:
    work_again(open_house)
    shown = open_house.ok("reconcile")
    assert (
        "bob@example.com (service 8 of shop): Billing had it suspended, but it is active at the "
        "mail provider." in shown
    )
    checksum = re.search(r"--apply (\w{12})$", shown.strip())
    assert checksum and "To repair 1, run the same command" in shown
    assert "nothing was done" in open_house.refused("reconcile", "--apply", "0123456789ab")
    done = open_house.ok("reconcile", "--apply", checksum[1])
    assert re.search(r"^bob@example.com: suspend it again: job job_\w+$", done, re.MULTILINE)
    open_house.billing.wait_for(4)
    assert "No differences." in open_house.ok("reconcile")
    late = open_house.ok("reconcile", "--apply", checksum[1])
    assert late.endswith("There is nothing to repair.\n") and "plan above" not in late
    assert open_house.json("reconcile", "--apply", checksum[1])["done"] == []
    reported = open_house.ok("audit", "list", "--action", "repair")
    assert BOB in reported and "command line" in reported
    job = open_house.json("jobs", "list")["items"][0]["id"]
    assert "an admin started a repair: suspend bob@example.com for service 8" in open_house.ok(
        "jobs", "explain", job
    )


def test_json_has_all_of_it(open_house: House) -> None:
    work_again(open_house)
    found = open_house.json("reconcile")
    (item,) = found["items"]
    assert (item["account"], item["whole"], item["mailboxes"], len(found["checksum"])) == (
        "main",
        True,
        2,
        12,
    )
    assert item["differences"] == [
        {
            "kind": "wrong_state",
            "domain": "example.com",
            "address": BOB,
            "owner": "service 8 of shop",
            "detail": "Billing had it suspended, but it is active at the mail provider.",
            "remedy": (
                "Suspend it again: enom-bridge reconcile shows the plan, and does it with --apply."
            ),
            "repair": "suspend it again",
        }
    ]
    done = open_house.json("reconcile", "--apply", found["checksum"])["done"]
    assert [each["address"] for each in done] == [BOB]


def test_single_addresses_and_wrong_uses(open_house: House) -> None:
    assert "mailboxes read: 1." in open_house.ok("reconcile", ANN)
    assert "it has main" in open_house.refused("reconcile", "--account", "none", code=2)
    assert "ADDRESS" in open_house.refused("reconcile", "no address", code=2)


def test_a_domain_that_is_not_in_the_account_makes_the_exit_code_1(open_house: House) -> None:
    open_house.configure(account__settle=0, source__domains=["example.com", "example.org"])
    result = open_house.run("reconcile")
    assert result.exit_code == 1
    assert (
        "example.org:" in result.stdout
        and "Add the domain to this account at the mail provider" in result.stdout
    )


class TestSeveralAccounts:
    @pytest.fixture(autouse=True)
    def second(self, open_house: House) -> None:
        """An account of one domain beside main, with credentials of its own."""
        sim = open_house.sim
        theirs = {"uid": "second", "token": "SECONDTOKEN1234567890", "environment": "test"}
        sim.control("/accounts", theirs | {"allow": ["127.0.0.1"]})
        sim.control("/domains", {"uid": "second", "domain": "example.net"})
        values = {
            "accounts.another__uid": "second",
            "accounts.another__token": theirs["token"],
            "accounts.another__endpoint": sim.endpoint,
            "accounts.another__timeout": 5,
            "accounts.another__suspend_with": "refuse",
            "sources.till__platform": "standard",
            "sources.till__account": "another",
            "sources.till__secrets": ["whsec_" + "dGhlLXNlY3JldC1vZi10aGUtc2Vjb25kLXNvdXJjZQ=="],
            "sources.till__domains": ["example.net"],
        }
        open_house.stop()
        open_house.configure(account__settle=0, **values)
        open_house.start().stop()

    def heads(self, shown: str) -> list[str]:
        return re.findall(r"^Account (\w+)", shown, re.MULTILINE)

    def test_are_all_compared_and_told_by_name(self, open_house: House) -> None:
        assert self.heads(open_house.ok("reconcile")) == ["another", "main"]
        items = open_house.json("reconcile")["items"]
        assert [(item["account"], item["domains"]) for item in items] == [
            ("another", 1),
            ("main", 1),
        ]
        assert self.heads(open_house.ok("reconcile", "--account", "main")) == ["main"]

    def test_one_that_enom_refuses_is_told_and_spoils_no_other(self, open_house: House) -> None:
        open_house.sim.control(
            "/accounts", {"uid": "second", "token": "CHANGED", "environment": "test"}
        )
        work_again(open_house)
        result = open_house.run("reconcile")
        assert result.exit_code == 1 and self.heads(result.stdout) == ["another", "main"]
        assert "could not be compared" in result.stdout and "To repair 1" in result.stdout

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_a_fault_in_one_shows_the_others_and_repairs_nothing(
        self, open_house: House, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        work_again(open_house)
        checksum = open_house.json("reconcile")["checksum"]
        account = Reconcile.account

        def faulty(reconcile: Reconcile, name: str, *more: object) -> object:
            if name == "another":
                raise ZeroDivisionError
            return account(reconcile, name, *more)  # type: ignore[arg-type] # handed on

        monkeypatch.setattr(Reconcile, "account", faulty)
        more = ["--json"] if form == "json" else []
        result = open_house.run("reconcile", "--apply", checksum, *more)
        assert result.exit_code == 1 and isinstance(result.exception, ZeroDivisionError)
        if form == "json":
            shown = json.loads(result.stdout)
            assert [item["account"] for item in shown["items"]] == ["main"]
            assert shown["done"] == []
        else:
            assert self.heads(result.stdout) == ["main"] and "job_" not in result.stdout
        monkeypatch.undo()
        assert "To repair 1" in open_house.ok("reconcile")


class TestNightly:
    @pytest.fixture
    def hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bridge.engine.CHORES", 0.05)

    def make_due(self, house: House) -> None:
        assert house.running
        with house.running.service.database.write() as tx:
            tx.execute(accounts.update().values(reconcile_at=1.0))

    def test_a_worker_compares_every_account_once_when_it_is_due(
        self, hurry: None, open_house: House
    ) -> None:
        open_house.start()
        self.make_due(open_house)
        assert open_house.running
        findings = open_house.running.service.findings
        deadline = time.monotonic() + 20
        while findings.last("main") is None and time.monotonic() < deadline:
            time.sleep(0.05)
        last = findings.last("main")
        assert last is not None and (last["who"], last["mailboxes"]) == ("the bridge (nightly)", 2)
        open_house.stop()  # and it is over by itself

    def test_a_stop_gives_up_what_takes_long(self, hurry: None, open_house: House) -> None:
        open_house.configure(
            account__settle=0, source__domains=[f"d{number}.example.com" for number in range(40)]
        )
        open_house.start()
        open_house.sim.control(
            "/faults", {"command": "GetPOP3", "fault": "slow", "delay": 1.0, "times": None}
        )
        self.make_due(open_house)
        time.sleep(1.0)
        open_house.stop()
        assert open_house.json("inventory")["items"][0]["as_of"] is None


class TestUndelete:
    def test_a_terminated_mailbox_comes_back_and_is_nobodys(self, open_house: House) -> None:
        open_house.send("mailbox.terminate", ANN, "7")
        assert "Nothing changed yet" in open_house.ok("mailboxes", "undelete", ANN)
        assert json.loads(open_house.ok("reconcile", "--json"))["items"][0]["differences"] == []
        done = open_house.ok("mailboxes", "undelete", ANN, "--apply")
        assert (
            "It belongs to no service yet; to adopt it: enom-bridge mailboxes adopt ann@example.com"
            in done
        )
        (found,) = open_house.json("reconcile")["items"][0]["differences"]
        assert (found["kind"], found["address"]) == ("extra", ANN)
        assert "undelete" in open_house.ok("audit", "list", "--target", ANN)
        open_house.ok("mailboxes", "adopt", ANN, "--source", "shop", "--service-id", "7", "--apply")
        assert open_house.send("mailbox.suspend", ANN, "7")["status"] == "succeeded"

    def test_the_next_step_names_the_time_from_which_it_works(self, open_house: House) -> None:
        open_house.send("mailbox.terminate", ANN, "7")
        assert open_house.running
        with open_house.running.service.database.write() as tx:
            settles = {"settles_at": open_house.running.service.database.now(tx) + 300}
            tx.execute(mailboxes.update().where(mailboxes.c.address == ANN).values(settles))
        done = open_house.ok("mailboxes", "undelete", ANN, "--apply")
        (after,) = re.findall(r"after (\S+Z): enom-bridge", done)
        adopt = ("mailboxes", "adopt", ANN, "--source", "shop", "--service-id", "7", "--apply")
        assert f"Look again after {after}" in open_house.refused(*adopt)

    def test_of_two_at_once_hosted_email_is_asked_by_one(self, open_house: House) -> None:
        assert open_house.running
        kept, others = Deleted(Address.parse(ANN), "30017"), Deleted(Address.parse(ANN), "30018")
        service = open_house.running.service
        undelete.refuse_second(service, "main", kept)
        with pytest.raises(NotPossible, match=f"{ANN} is being restored right now"):
            undelete.refuse_second(service, "main", kept)
        undelete.refuse_second(service, "main", others)

    def test_what_is_there_or_never_was_cannot(self, open_house: House) -> None:
        assert "exists at the mail provider" in open_house.refused("mailboxes", "undelete", ANN)
        assert "never existed" in open_house.refused("mailboxes", "undelete", "eve@example.com")
        assert "Domain name not found" in open_house.refused(
            "mailboxes", "undelete", "eve@example.org"
        )
        assert "it has" not in open_house.refused(
            "mailboxes", "undelete", ANN, "--account", "none", code=2
        )
