"""Aliases and forwarding from the hook to the callback: what is set, what is refused, what lags or
is lost, and what else a mailbox goes through leaves them alone."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.backends.hosted_email import HostedEmail, HostedEmailAccount
from bridge.domain.model import Address
from bridge.infra.http_client import HttpClient
from bridge.reporting.explain import chapters
from bridge.store.base import tables
from tests.support.bridge import HOSTED_PASSWORD, PASSWORD, add_domain
from tests.support.scene import Scene
from tests.support.stores import BACKENDS

JOHN, JANE = "john.doe@example.com", "jane@example.com"
INFO, SALES, OUT = "info@example.com", "sales@example.com", "out@example.org"
IDN = ["x@bücher.example", "x@xn--bcher-kva.example"]
SETTLED = 600.0

Open = Callable[..., Scene]


@pytest.fixture(params=BACKENDS)
def two(open_scene: Open, request: pytest.FixtureRequest) -> Scene:
    """Two mailboxes of one domain, of two services."""
    scene = open_scene(backend=request.param, bridge__wait_limit=0, account__settle=20)
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    assert jane(scene, "create", password=PASSWORD)["status"] == "succeeded"
    scene.clock.now += SETTLED
    return scene


def jane(scene: Scene, action: str, **data: Any) -> dict[str, Any]:
    return scene.do(action, service_id="8", address=JANE, **data)


def aliases(scene: Scene, *names: str, **more: Any) -> dict[str, Any]:
    return scene.do("set_aliases", aliases=list(names), **more)


def forwarding(scene: Scene, *names: str, keep_copy: bool = True, **more: Any) -> dict[str, Any]:
    return scene.do("set_forwarding", forward_to=list(names), keep_copy=keep_copy, **more)


def named(scene: Scene, address: str = JOHN) -> dict[str, Any]:
    """What is set at the remote."""
    box = scene.mailbox(address)
    assert box is not None
    return dict(box["attributes"])


def by_somebody(scene: Scene, address: str = JOHN, **attributes: Any) -> None:
    """The customer in webmail, or an admin in the control panel."""
    scene.sim.control("/attributes", {"address": address, "attributes": attributes})


def failed(receipt: dict[str, Any], code: str = "address_taken") -> str:
    """The sentence for staff of what was refused."""
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", code), receipt
    return str(receipt["error"]["detail"])


def status(scene: Scene, address: str = JOHN, service: str = "7") -> dict[str, Any]:
    answer = scene.ask("mailbox.status", service_id=service, address=address)
    assert answer.status_code == 200, answer.text
    return dict((answer.json or {})["data"])


class TestSet:
    def test_they_are_set_proved_told_and_shown(self, two: Scene) -> None:
        receipt = aliases(two, SALES, "Info@Example.COM")
        assert (receipt["status"], receipt["changed"]) == ("succeeded", True)
        assert receipt["verified"] == {"aliases": "verified"}
        assert receipt["message"] == "Aliases changed."
        receipt = forwarding(two, OUT, "Boss+work@Example.net", keep_copy=False)
        assert receipt["verified"] == {"forwarding": "verified"}
        assert receipt["message"] == "Forwarding changed."
        assert named(two) == {
            "aliases": [INFO, SALES],
            "forward_recipients": ["boss+work@example.net", OUT],
            "delivery_forward": True,
            "delivery_local": False,
        }
        shown = {
            "aliases": [INFO, SALES],
            "forwarding": {"forward_to": ["boss+work@example.net", OUT], "keep_copy": False},
        }
        answer = two.ask("service.mailboxes", service_id="7")
        (of_service,) = (answer.json or {})["data"]["items"]
        kept = two.service.lookup.mailbox(JOHN)
        for found in (status(two), listed(two)[JOHN], of_service, kept):
            assert {name: found[name] for name in shown} == shown
        told = {call["data"]["hook"]: call for call in two.call_back(SETTLED)}[receipt["hook"]]
        assert (told["type"], told["data"]["verified"]) == (
            "job.succeeded",
            {"forwarding": "verified"},
        )

    def test_what_is_so_already_sends_nothing(self, two: Scene) -> None:
        aliases(two, INFO)
        before = len(two.calls("change_user"))
        receipt = aliases(two, INFO.upper())
        assert (receipt["changed"], receipt["message"]) == (False, "The aliases were already so.")
        receipt = forwarding(two)
        assert receipt["message"] == "The forwarding was already so."
        assert len(two.calls("change_user")) == before

    def test_empty_ends_them(self, two: Scene) -> None:
        aliases(two, INFO)
        forwarding(two, OUT, keep_copy=False)
        assert aliases(two)["status"] == forwarding(two, keep_copy=False)["status"] == "succeeded"
        assert named(two) == {
            "aliases": [],
            "forward_recipients": [],
            "delivery_forward": False,
            "delivery_local": True,
        }

    def test_nothing_else_of_the_mailbox_is_touched(self, two: Scene) -> None:
        theirs = {
            "autoresponder": "Away until Monday.",
            "delivery_autoresponder": True,
            "allow": ["friend@example.org"],
            "spamlevel": "High",
        }
        by_somebody(two, **theirs)
        before = two.mailbox()
        assert before is not None
        aliases(two, INFO)
        forwarding(two, OUT)
        forwarding(two)
        after = two.mailbox()
        assert after is not None
        assert {name: after["attributes"][name] for name in theirs} == theirs
        for name in ("password", "quota_bytes", "services", "display_name"):
            assert after[name] == before[name]

    def test_the_story_is_told_in_words(self, two: Scene) -> None:
        receipt = forwarding(two, OUT, keep_copy=False)
        said = chapters(two.service.lookup.story(receipt["job"]), 72)
        assert (
            "set the forwarding of john.doe@example.com: to out@example.org, without a copy"
            in (said["asked"][0])
        )
        assert said["seen"][0].startswith("Read from the mail provider: the mailbox exists")
        assert ", forwarding off" in said["seen"][0]
        assert said["planned"] == [
            "Plan: set its forwarding: to out@example.org, without a copy here."
        ]
        said = chapters(two.service.lookup.story(aliases(two, INFO)["job"]), 72)
        assert said["planned"] == ["Plan: set its aliases to info@example.com."]
        assert ", aliases none" in said["seen"][0]

    def test_a_repeated_hook_is_the_same_whatever_its_order(self, two: Scene) -> None:
        first = two.hook("set_aliases", id="msg_same", aliases=[INFO, SALES])
        again = two.send("mailbox.set_aliases", id="msg_same", aliases=[INFO, SALES])
        other = two.send("mailbox.set_aliases", id="msg_same", aliases=[INFO])
        assert (again.json or {})["job"] == first["job"]
        assert other.status_code == 409


def listed(scene: Scene) -> dict[str, dict[str, Any]]:
    answer = scene.ask("mailbox.list")
    assert answer.status_code == 200, answer.text
    return {item["address"]: item for item in (answer.json or {})["data"]["items"]}


class TestRefused:
    @pytest.mark.parametrize(
        ("action", "data", "field", "words"),
        [
            ("set_aliases", {}, "aliases", "Missing."),
            ("set_aliases", {"aliases": INFO}, "aliases", "Not a list."),
            ("set_aliases", {"aliases": [7]}, "aliases", "Entry 1: Not a string."),
            ("set_aliases", {"aliases": ["info"]}, "aliases", "Entry 1: Not an address."),
            ("set_aliases", {"aliases": ["info@example.net"]}, "aliases", "of the mailbox's domain"),
            ("set_aliases", {"aliases": [JOHN]}, "aliases", "own address"),
            ("set_aliases", {"aliases": [INFO, "INFO@Example.com"]}, "aliases", "Entry 2 is the same"),
            ("set_aliases", {"aliases": ["x@example.com"] * 2001}, "aliases", "More than 2000"),
            ("set_forwarding", {}, "forward_to", "Missing."),
            ("set_forwarding", {"forward_to": [JOHN.upper()]}, "forward_to", "which is a loop"),
            ("set_forwarding", {"forward_to": ["a b@example.org"]}, "forward_to", "Entry 1"),
            ("set_forwarding", {"forward_to": [f"a{n}@example.org" for n in range(21)]}, "forward_to", "More than 20"),
            ("set_forwarding", {"forward_to": IDN}, "forward_to", "Entry 2 is the same"),
            ("set_forwarding", {"forward_to": [], "keep_copy": "no"}, "keep_copy", "Not true or false."),
        ],
    )  # fmt: skip
    def test_a_hook_that_cannot_be_right_is_refused_by_field_and_kept(
        self, two: Scene, action: str, data: dict[str, Any], field: str, words: str
    ) -> None:
        answer = two.send(f"mailbox.{action}", **data)
        assert answer.status_code == 422
        problem = answer.json or {}
        assert set(problem["errors"]) == {f"data.{field}"}
        sentence = " ".join(problem["errors"][f"data.{field}"])
        assert words in sentence and ("Send" in sentence or "Leave" in sentence)
        parked, _ = two.service.lookup.page("hooks", 5, status="parked")
        assert len(parked) == 1 and parked[0]["body_kept"]
        assert named(two) == {}

    def test_an_address_of_another_mailbox_is_refused_with_its_name(self, two: Scene) -> None:
        assert failed(aliases(two, JANE)).startswith("jane@example.com is a mailbox.")
        jane(two, "set_aliases", aliases=[INFO])
        detail = failed(aliases(two, INFO, SALES))
        assert "info@example.com is an alias of jane@example.com." in detail
        assert named(two) == {}
        assert two.service.lookup.record("main", JOHN).aliases is None

    def test_what_only_the_remote_knows_of_is_refused_too(self, two: Scene) -> None:
        by_somebody(two, JANE, aliases=[INFO])
        before = len(two.calls("change_user"))
        assert "shows info@example.com as taken" in failed(aliases(two, INFO))
        assert len(two.calls("change_user")) == before

    def test_an_alias_that_somebody_adds_just_before_is_the_remotes_to_refuse(
        self, two: Scene
    ) -> None:
        """The look found it free, the command does not."""
        two.sim.control("/settings", {"stale_seconds": 5.0, "stale_share": 1.0})
        by_somebody(two, JANE, aliases=[INFO])
        detail = failed(aliases(two, SALES, INFO))
        assert "shows info@example.com as taken" in detail  # as it did in the end
        (step,) = [step for step in steps(two) if step["kind"] == "set_aliases"]
        assert step["outcome"] == "doubted"
        assert "One of the aliases is taken: leave it out." in step["error"]["detail"]
        assert named(two) == {}
        assert two.service.lookup.record("main", JOHN).aliases is None

    def test_no_mailbox_is_made_at_an_alias(self, two: Scene) -> None:
        aliases(two, INFO)
        receipt = two.do("create", service_id="9", address=INFO, password=PASSWORD)
        detail = failed(receipt, "conflict")
        assert "is no mailbox there, but of type alias, a name of another mailbox" in detail
        assert two.mailbox(INFO) is None

    def test_nor_where_the_remote_does_not_show_the_alias_yet(self, two: Scene) -> None:
        """Nothing is bought or sent for it either: the record knows."""
        aliases(two, INFO)
        by_somebody(two, aliases=[])  # lost there
        before = len(two.calls("change_user", "SetUpPOP3User", "PurchasePOPBundle"))
        receipt = two.do("create", service_id="9", address=INFO, password=PASSWORD)
        assert failed(receipt, "conflict").startswith(
            "info@example.com is an alias of john.doe@example.com."
        )
        assert len(two.calls("change_user", "SetUpPOP3User", "PurchasePOPBundle")) == before

    def test_loops_and_rings_are_refused(self, two: Scene) -> None:
        aliases(two, INFO)
        assert "forward to its own address info@example.com" in failed(
            forwarding(two, INFO), "forwarding_loop"
        )
        assert jane(two, "set_forwarding", forward_to=[INFO], keep_copy=False)["changed"]
        assert "Mail forwarded to jane@example.com comes back" in failed(
            forwarding(two, JANE, keep_copy=False), "forwarding_loop"
        )
        assert forwarding(two, JANE)["status"] == "succeeded"  # with a copy nothing is lost

    def test_a_ring_over_two_domains_is_found(self, open_scene: Open) -> None:
        scene = open_scene(bridge__wait_limit=0)
        add_domain(scene.sim, "example.net")
        far = {"service_id": "9", "address": "far@example.net"}
        scene.do("create", password=PASSWORD)
        assert scene.do("create", password=PASSWORD, **far)["status"] == "succeeded"
        scene.do("set_forwarding", forward_to=[JOHN], keep_copy=False, **far)
        assert "comes back" in failed(
            forwarding(scene, "far@example.net", keep_copy=False), "forwarding_loop"
        )

    def test_the_domains_own_limit_is_named(self, two: Scene) -> None:
        limit(two, limit_aliases=1)
        receipt = aliases(two, INFO, SALES)
        assert (receipt["status"], receipt["error"]["code"]) == ("failed", "refused")
        detail = two.service.lookup.receipt("shop", receipt["job"]).error
        assert detail is not None and "limit_aliases" in detail["detail"]
        assert named(two) == {}
        assert aliases(two, INFO)["status"] == "succeeded"

    def test_another_services_mailbox_keeps_its_names(self, two: Scene) -> None:
        for action, data in (
            ("set_aliases", {"aliases": [INFO]}),
            ("set_forwarding", {"forward_to": [OUT]}),
        ):
            receipt = two.do(action, service_id="8", **data)
            assert (receipt["status"], receipt["error"]["code"]) == ("failed", "not_ours")
        assert named(two) == {}

    def test_a_reserved_name_is_an_alias_as_it_would_be_a_mailbox(self, two: Scene) -> None:
        """Who has a mailbox in the domain may have it, and who has aliases has one."""
        receipt = aliases(two, "postmaster@example.com", customer_id="5")
        assert receipt["status"] == "succeeded"


def limit(scene: Scene, **attributes: int) -> None:
    """What an admin sets for the domain in the control panel."""
    account = HostedEmailAccount(scene.sim.hosted_email, "admin@reseller.example", HOSTED_PASSWORD)
    http = HttpClient()
    HostedEmail(account, http).client.call(
        "change_domain", domain="example.com", attributes=attributes
    )
    http.close()


class TestMoved:
    def test_an_alias_moves_in_the_order_of_arrival(self, two: Scene) -> None:
        aliases(two, INFO)
        first = two.hook("set_aliases", aliases=[])
        second = two.hook("set_aliases", service_id="8", address=JANE, aliases=[INFO])
        two.work(SETTLED)
        assert two.job(first)["status"] == two.job(second)["status"] == "succeeded"
        assert (named(two)["aliases"], named(two, JANE)["aliases"]) == ([], [INFO])

    def test_a_list_that_shows_the_past_is_waited_for(self, two: Scene) -> None:
        """John has given it up, which the list of the domain does not show yet."""
        aliases(two, INFO)
        two.clock.now += SETTLED
        two.sim.control("/settings", {"stale_seconds": 8.0, "stale_share": 0.0})
        assert aliases(two)["status"] == "succeeded"
        two.sim.control("/settings", {"stale_seconds": 8.0, "stale_share": 1.0})
        receipt = two.hook("set_aliases", service_id="8", address=JANE, aliases=[INFO])
        two.work(1)
        waiting = two.job(receipt)
        assert (waiting["status"], waiting["waiting_for"]) == ("queued", "settle")
        two.work(SETTLED)
        assert two.job(receipt)["status"] == "succeeded"
        assert named(two, JANE)["aliases"] == [INFO]

    def test_two_that_close_a_ring_at_once_do_not_both_succeed(self, two: Scene) -> None:
        two.hook("set_forwarding", forward_to=[JANE], keep_copy=False)
        whose = {"service_id": "8", "address": JANE}
        two.hook("set_forwarding", forward_to=[JOHN], keep_copy=False, **whose)
        queue, worker = two.engine.queue, two.engine.worker
        first, second = (queue.claim(name, two.engine.limits) for name in ("one", "two"))
        assert first is not None and second is not None, "they run side by side"
        meanwhile, checkpoint = [second], worker.checkpoint

        def second_passes(point: str) -> None:
            if point == "planned" and meanwhile:
                worker.run(meanwhile.pop())

        worker.checkpoint = second_passes
        worker.run(first)
        worker.checkpoint = checkpoint
        assert "comes back to this mailbox" in failed(two.job({"job": first.id}), "forwarding_loop")
        assert named(two, first.intent.address) == {}
        assert named(two, second.intent.address)["delivery_forward"] is True


class TestLost:
    @pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_500_after", "oma_22"])
    @pytest.mark.parametrize("action", ["aliases", "forwarding"])
    def test_a_lost_answer_is_looked_up(self, two: Scene, action: str, fault: str) -> None:
        two.sim.control("/faults", {"command": "change_user", "fault": fault})
        receipt = aliases(two, INFO) if action == "aliases" else forwarding(two, OUT)
        assert (receipt["status"], receipt["changed"]) == ("succeeded", True)
        assert named(two)["aliases" if action == "aliases" else "forward_recipients"]

    def test_a_lagging_read_is_not_taken_for_a_no(self, two: Scene) -> None:
        two.sim.control("/settings", {"stale_seconds": 8.0, "stale_share": 1.0})
        assert aliases(two, INFO)["status"] == "succeeded"
        assert len([step for step in steps(two) if step["kind"] == "set_aliases"]) == 1

    def test_a_look_from_before_an_own_alias_takes_it_for_nobody_elses(self, two: Scene) -> None:
        """The answer was lost, and the mailbox itself is shown as it was; the list is not."""
        two.fault("change_user", "drop_after")
        two.fault("get_user", "stale", times=2)
        receipt = aliases(two, INFO)
        assert (receipt["status"], named(two)["aliases"]) == ("succeeded", [INFO])

    def test_a_no_leaves_on_record_what_was_wanted_before(self, two: Scene) -> None:
        aliases(two, INFO)
        limit(two, limit_aliases=1)
        assert aliases(two, INFO, SALES)["status"] == "failed"
        assert two.service.lookup.record("main", JOHN).aliases == (INFO,)


def steps(scene: Scene) -> list[Any]:
    with scene.service.database.read() as tx:
        return list(tx.execute(tables.steps.select()).mappings())


class TestLife:
    """What else becomes of a mailbox, and of its names with it."""

    def test_a_suspension_an_unsuspend_and_a_change_of_plan_leave_them(self, two: Scene) -> None:
        aliases(two, INFO)
        forwarding(two, OUT)
        before = named(two)
        for action, data in (
            ("suspend", {}),
            ("unsuspend", {}),
            ("change_plan", {"plan": "large"}),
            ("change_password", {"password": "Another-Pass.01"}),
        ):
            assert two.do(action, **data)["status"] == "succeeded"
            assert named(two) == before
        assert status(two)["aliases"] == [INFO]

    def test_they_can_be_changed_while_it_is_suspended(self, two: Scene) -> None:
        two.do("suspend")
        assert aliases(two, INFO)["status"] == forwarding(two, OUT)["status"] == "succeeded"
        box = two.mailbox()
        assert box is not None and set(box["services"].values()) == {"suspended"}
        assert two.do("unsuspend")["status"] == "succeeded"
        assert named(two)["aliases"] == [INFO]

    def test_a_terminate_frees_them_and_the_next_owner_inherits_nothing(self, two: Scene) -> None:
        aliases(two, INFO)
        forwarding(two, OUT, keep_copy=False)
        assert two.do("terminate")["status"] == "succeeded"
        record = two.service.lookup.record("main", JOHN)
        assert (record.aliases, record.forwarding) == (None, None)
        two.clock.now += SETTLED
        assert jane(two, "set_aliases", aliases=[INFO])["status"] == "succeeded"
        assert two.do("create", service_id="9", password=PASSWORD)["status"] == "succeeded"
        assert named(two) == {}

    def test_in_a_grace_they_stay_taken_and_come_back_with_it(self, open_scene: Open) -> None:
        scene = open_scene(bridge__wait_limit=0, safety__terminate_grace_days=7)
        scene.do("create", password=PASSWORD)
        jane(scene, "create", password=PASSWORD)
        aliases(scene, INFO)
        assert scene.do("terminate")["state"] == "suspended"
        receipt = jane(scene, "set_aliases", aliases=[INFO])
        assert "is an alias of john.doe@example.com" in failed(receipt)
        assert scene.do("unsuspend")["status"] == "succeeded"
        assert named(scene)["aliases"] == [INFO]

    def test_a_newer_hook_replaces_one_that_waits(self, two: Scene) -> None:
        first = two.hook("set_forwarding", forward_to=[OUT])
        second = two.hook("set_forwarding", forward_to=[])
        two.work(SETTLED)
        assert two.job(first)["status"] == "cancelled"
        assert two.job(second)["status"] == "succeeded"

    def test_who_is_given_the_mailbox_is_not_held_to_what_the_former_owner_wanted(
        self, two: Scene
    ) -> None:
        aliases(two, INFO)
        two.service.operator.adopt("main", Address.parse(JOHN), "shop", "77")
        assert two.service.lookup.record("main", JOHN).aliases is None
        assert named(two)["aliases"] == [INFO]

    def test_observe_mode_changes_nothing_and_says_what_it_would(self, open_scene: Open) -> None:
        scene = open_scene(bridge__wait_limit=0)
        scene.do("create", password=PASSWORD)
        scene.clock.now += SETTLED
        seen = open_scene(account__mode="observe", bridge__wait_limit=0)
        seen.service.operator.adopt("main", Address.parse(JOHN), "shop", "7")
        receipt = aliases(seen, INFO)
        assert receipt["plan"] == [{"change": "set_aliases", "aliases": [INFO]}]
        assert receipt["observed_only"] is True and named(seen) == {}

    def test_it_is_deleted_and_undeleted_with_its_aliases_but_those_that_others_have(
        self, two: Scene
    ) -> None:
        aliases(two, INFO, SALES)
        two.do("terminate")
        two.clock.now += SETTLED
        jane(two, "set_aliases", aliases=[INFO])
        backend = two.service.accounts["main"].backend
        backend.undelete(backend.deleted("example.com")[0])
        assert named(two)["aliases"] == ["sales"]


@pytest.mark.parametrize("store", ["sqlite"])
def test_without_hosted_email_it_is_unsupported_and_says_what_to_set(open_scene: Open) -> None:
    scene = open_scene(hosted=None, account__suspend_with="refuse", bridge__wait_limit=0)
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    for receipt in (aliases(scene, INFO), aliases(scene), forwarding(scene, OUT)):
        assert (receipt["status"], receipt["error"]["code"]) == ("failed", "unsupported")
        assert "[accounts.….hosted_email]" in receipt["error"]["detail"]
    shown = status(scene)
    assert (shown["aliases"], shown["forwarding"]) == (None, None)
