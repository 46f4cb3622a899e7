"""A held job that is rejected, a parked delivery that is dismissed: both wait for nobody any
more, and it stays so."""

import pytest
import sqlalchemy as sa

from bridge.domain.errors import (
    CODES,
    BridgeError,
    Limit,
    NeedsPerson,
    NotPossible,
    OutcomeUnknown,
    UnknownThing,
)
from bridge.domain.model import ChangeKind, Record, State
from bridge.domain.ports import Dismissed, Receipt
from bridge.store import Gauges, Overview
from bridge.store.base.tables import audit, hooks, jobs, mailboxes
from tests.store.conftest import ADDRESS, Shop, verified

PASSWORD = "Planted-Secret.7"


def held(
    shop: Shop, error: BridgeError | None = None, action: str = "terminate", **more: str
) -> Receipt:
    receipt = shop.hook(action, **more)
    shop.finish(shop.claimed(), "held", error or NeedsPerson("Too many.", limit=Limit.DELETIONS))
    shop.now += 60
    return receipt


def counted(shop: Shop) -> tuple[int, float]:
    """On the overview, and for the alarm."""
    todo = Overview(shop.database, lambda now: "").figures().todo
    (gauge,) = [each for each in Gauges(shop.database).read() if each.name == "jobs_held"]
    return todo["held"][0] + todo["parked"][0], sum(value for _, value in gauge.values)


class TestReject:
    def test_it_ends_as_cancelled_and_says_why(self, shop: Shop) -> None:
        old = held(shop)
        receipt = shop.operator.by("ann").reject(old.job, "The customer stays.")
        assert receipt == shop.receipt(old)
        assert (receipt.status, receipt.sequence, receipt.message) == (
            "cancelled",
            old.sequence,
            CODES["rejected"],
        )
        assert receipt.error is not None
        assert (receipt.error["code"], receipt.error["detail"]) == (
            "rejected",
            "Rejected by an admin: The customer stays.",
        )
        (row,) = shop.rows(jobs)
        assert (row["code"], row["finished_at"]) == ("rejected", shop.now)
        trail = [
            (row["who"], row["action"], row["target"], row["detail"]) for row in shop.rows(audit)
        ]
        assert trail == [("ann", "reject", old.job, "The customer stays.")]

    def test_billing_is_told_by_the_next_callback_and_by_results(self, shop: Shop) -> None:
        old = held(shop)
        shop.delivered()
        shop.now += 60
        page, after = shop.lookup.results("shop", "", 10)
        assert [each.status for each in page] == ["held"]
        shop.operator.reject(old.job)
        claimed = shop.claim_callback()
        assert claimed is not None
        assert (claimed.id, claimed.receipt.status, claimed.receipt.sequence) == (
            f"cb_{old.job}_2",
            "cancelled",
            1,
        )
        shop.now += 60
        assert [each.status for each in shop.lookup.results("shop", after or "", 10)[0]] == [
            "cancelled"
        ]

    def test_nothing_counts_it_any_more_and_its_password_is_gone(self, shop: Shop) -> None:
        old = held(shop, action="change_password", password=PASSWORD)
        assert counted(shop) == (1, 1.0)
        assert [note.cleared for note in shop.alert_log.due_notes()] == [False]
        shop.operator.reject(old.job)
        assert counted(shop) == (0, 0.0)
        assert [note.cleared for note in shop.alert_log.due_notes()] == [True]
        assert [row["sealed"] for row in shop.rows(jobs)] == [None]

    @pytest.mark.parametrize("status", ["failed", "succeeded"])
    def test_only_what_is_held(self, shop: Shop, status: str) -> None:
        old = shop.run("suspend", status=status)
        with pytest.raises(NotPossible, match=f"is {status}; only held jobs can be rejected"):
            shop.operator.reject(old.job)

    def test_not_what_was_tried_again_nor_twice(self, shop: Shop) -> None:
        again, old = held(shop), held(shop)
        shop.operator.retry(again.job)
        with pytest.raises(NotPossible, match="was already retried"):
            shop.operator.reject(again.job)
        shop.operator.reject(old.job)
        with pytest.raises(NotPossible, match="is cancelled"):
            shop.operator.reject(old.job)
        for act in (shop.operator.retry, lambda job: shop.operator.retry(job, approve=True)):
            with pytest.raises(NotPossible, match="is cancelled"):
                act(old.job)

    def test_with_a_purchase_in_doubt_it_is_looked_up_first(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.BUY, product="pak"), "unknown")
        shop.finish(job, "held", OutcomeUnknown("Lost."))
        with pytest.raises(
            NotPossible, match=r"purchase in doubt.* retry it first: enom-bridge jobs retry"
        ):
            shop.operator.reject(job.id)
        with pytest.raises(NotPossible, match=r"purchase in doubt.* enom-bridge jobs retry"):
            shop.operator.retry(job.id, approve=True)

    @pytest.mark.parametrize("how", ["reject", "cancel"])
    def test_a_deletion_after_a_grace_is_taken_back(self, shop: Shop, how: str) -> None:
        shop.run("create", password=PASSWORD)
        shop.run("terminate")
        with shop.database.write() as tx:
            owned = {"source": "shop", "service_id": "7", "delete_after": shop.now - 1}
            tx.execute(sa.update(mailboxes).where(mailboxes.c.address == ADDRESS).values(**owned))
        assert shop.retention.purge_due() == 1
        if how == "reject":
            job = shop.claimed()
            shop.finish(job, "held", NeedsPerson("Too many.", limit=Limit.DELETIONS), Record("shop", "7", State.SUSPENDED,
                        delete_after=job.record.delete_after))  # fmt: skip
            shop.operator.reject(job.id)
        else:
            shop.operator.cancel(shop.rows(jobs)[-1]["id"])
        assert shop.lookup.record("main", ADDRESS).delete_after is None
        shop.now += 10 * 86400
        assert shop.retention.purge_due() == 0, "or it would be deleted a day later all the same"


class TestDismiss:
    def park(self, shop: Shop, id: str = "msg_1", source: str = "shop") -> None:
        shop.inbox.park(
            source,
            verified(id),
            "mailbox.create",
            "digest",
            "sealed:body",
            {"data": ["no"]},
            "digest".__eq__,
        )

    def test_what_was_in_it_is_wiped_and_its_id_is_refused(self, shop: Shop) -> None:
        self.park(shop)
        assert counted(shop)[0] == 1
        shop.now += 60
        shop.operator.by("ann").dismiss("msg_1", reason="A test.")
        (row,) = shop.rows(hooks)
        assert (row["sealed"], row["dismissed_at"]) == (None, shop.now)
        assert counted(shop)[0] == 0
        assert [
            (row["who"], row["action"], row["target"], row["detail"]) for row in shop.rows(audit)
        ] == [("ann", "dismiss", "msg_1", "A test.")]
        with pytest.raises(Dismissed):
            self.park(shop)
        with pytest.raises(Dismissed):
            shop.hook("create", id="msg_1", password=PASSWORD)
        assert "was dismissed" in (shop.lookup.recorded("msg_1").refusal or "")

    def test_lists_tell_the_two_apart(self, shop: Shop) -> None:
        self.park(shop)
        self.park(shop, "msg_2")
        shop.operator.dismiss("msg_1")
        for status, id in (("parked", "msg_2"), ("dismissed", "msg_1")):
            rows, _ = shop.lookup.page("hooks", None, status=status)
            assert [(row["id"], row["hook_id"], row["status"]) for row in rows] == [
                (id, id, status)
            ]
            assert shop.lookup.hook(rows[0]["id"])["hook_id"] == id, (
                "what a list names can be asked for"
            )

    def test_only_what_is_parked_and_once(self, shop: Shop) -> None:
        shop.run("suspend", id="msg_done")
        self.park(shop)
        with pytest.raises(NotPossible, match="has a job, so it cannot be dismissed"):
            shop.operator.dismiss("msg_done")
        shop.operator.dismiss("msg_1")
        with pytest.raises(NotPossible, match="already dismissed"):
            shop.operator.dismiss("msg_1")
        with pytest.raises(UnknownThing):
            shop.operator.dismiss("msg_none")

    def test_of_two_sources_with_one_id_the_source_is_asked_for(self, shop: Shop) -> None:
        self.park(shop)
        self.park(shop, source="till")
        with pytest.raises(NotPossible, match="Several sources"):
            shop.operator.dismiss("msg_1")
        shop.operator.dismiss("msg_1", "till")
        assert [row["dismissed_at"] is None for row in shop.rows(hooks)] == [True, False]


class TestMany:
    def test_filters_leave_what_can_be_decided_and_say_of_the_rest_why_not(
        self, shop: Shop
    ) -> None:
        first = held(shop, address="a@example.com")
        doubt = held(shop, OutcomeUnknown("Lost."), address="b@example.com")
        other = held(shop, address="c@example.com", source="till")
        again = held(shop, address="d@example.com")
        failed = shop.run("suspend", "e@example.com", status="failed")
        shop.operator.retry(again.job)

        def left(verb: str, **filters: str) -> tuple[list[str], list[str]]:
            found, refused = shop.lookup.stopped(verb, filters)
            return [row["id"] for row in found], [row["id"] for row, _ in refused]

        assert left("approve", action="mailbox.terminate") == ([first.job, other.job], [doubt.job])
        assert left("approve", code="unsafe", source="till") == ([other.job], [])
        assert left("reject") == ([first.job, doubt.job, other.job], [])
        assert left("retry") == ([first.job, doubt.job, other.job, failed.job], [])
        assert left("retry", status="failed") == ([failed.job], [])
        assert [row["id"] for row in shop.lookup.stopped("reject", {}, limit=2)[0]] == [
            first.job,
            doubt.job,
        ]


class TestDrift:
    def test_what_was_given_to_a_service_differs_no_more_at_once(self, shop: Shop) -> None:
        from bridge.domain.model import Address
        from bridge.store.base.tables import differences

        row = {
            "account": "main",
            "domain": "example.com",
            "detail": "",
            "remedy": "",
            "since": 0.0,
            "seen_at": 0.0,
        }
        with shop.database.write() as tx:
            for address, kind in ((ADDRESS, "no_owner"), ("bob@example.com", "no_owner")):
                tx.execute(sa.insert(differences).values(**row, address=address, kind=kind))
        shop.operator.adopt("main", Address.parse(ADDRESS), "shop", "7", State.ACTIVE)
        assert [each["address"] for each in shop.rows(differences)] == ["bob@example.com"]
