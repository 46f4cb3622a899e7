"""Whether a terminate is still wanted, asked by the store: in its races, of what was pruned,
restored, repeated or upgraded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import Limit, NeedsPerson, NotPossible, Overtaken, Withdrawn
from bridge.domain.model import ChangeKind, Record, State
from bridge.domain.ports import Job, JobResult, Receipt
from bridge.store.backup.restored import quarantine_after_restore
from bridge.store.base.tables import jobs, mailboxes, steps
from bridge.store.queue import enqueue
from hooks.types import Intent
from tests.store.conftest import NOON, Shop
from tests.store.test_withdrawals import withdraw

PASSWORD = "Planted-Secret.7"
DATA: dict[str, dict[str, Any]] = {"create": {"password": PASSWORD}, "unsuspend": {}, "renew": {}}
DAY = 86400.0

needs = pytest.mark.parametrize("needs", DATA)


def needing(shop: Shop, action: str, **more: Any) -> Receipt:
    return shop.hook(action, **DATA[action], **more)


def hold(shop: Shop, job: Job) -> None:
    shop.finish(job, "held", NeedsPerson("Too many.", limit=Limit.DELETIONS))


class TestAtWork:
    @needs
    def test_the_first_intent_sees_what_came_meanwhile_and_leaves_nothing(
        self, shop: Shop, needs: str
    ) -> None:
        terminate = shop.hook("terminate")
        job = shop.claimed()
        needing(shop, needs)
        assert shop.status(terminate) == "running"
        with pytest.raises(Overtaken):
            shop.intend(job, ChangeKind.DELETE)
        row = next(row for row in shop.rows(jobs) if row["id"] == job.id)
        assert (row["touched"], shop.rows(steps)) == (False, [])

    @needs
    def test_so_does_each_later_one(self, shop: Shop, needs: str) -> None:
        shop.hook("terminate")
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.SUSPEND))
        needing(shop, needs)
        with pytest.raises(Overtaken):
            shop.intend(job, ChangeKind.LOG_OUT)

    def test_what_another_service_or_another_action_says_stops_nothing(self, shop: Shop) -> None:
        shop.hook("terminate")
        job = shop.claimed()
        needing(shop, "create", service="8")
        needing(shop, "unsuspend", source="till")
        needing(shop, "unsuspend", address="else@example.com")
        shop.hook("suspend")
        needing(shop, "unsuspend", at=NOON - 100)  # late by its own time
        assert shop.intend(job, ChangeKind.DELETE).kind == "delete"

    @pytest.mark.parametrize("how", ["wait", "held", "release"])
    def test_what_a_worker_leaves_unbegun_is_called_off(self, shop: Shop, how: str) -> None:
        terminate = shop.hook("terminate")
        job = shop.claimed()
        newer = needing(shop, "unsuspend")
        match how:
            case "wait":
                shop.queue.wait(job, shop.now, "retry", None, True)
            case "held":
                hold(shop, job)
            case "release":
                shop.queue.release("worker")
                with pytest.raises(Overtaken):
                    shop.intend(shop.claimed(), ChangeKind.DELETE)
                return
        seen = shop.receipt(terminate)
        assert (seen.status, seen.error and seen.error["code"]) == ("cancelled", "overtaken")
        assert shop.claimed().id == newer.job

    def test_a_grace_does_not_begin(self, shop: Shop) -> None:
        shop.hook("terminate")
        job = shop.claimed()
        needing(shop, "renew")
        record = Record("shop", "7", State.SUSPENDED, delete_after=shop.now + DAY)
        with pytest.raises(Overtaken):
            shop.finish(job, record=record)
        shop.queue.finish(
            job, JobResult("cancelled", State.SUSPENDED, False, {}, "Over.", Overtaken())
        )
        assert [row["delete_after"] for row in shop.rows(mailboxes)] == [None]

    @needs
    def test_a_hook_that_is_just_coming_in_is_waited_for(self, shop: Shop, needs: str) -> None:
        """The intent and the hook take turns: whichever comes second knows of the first."""
        shop.hook("terminate")
        job, inside, go = shop.claimed(), Event(), Event()

        def wait(point: str) -> None:
            if point == "accepting":
                inside.set()
                assert go.wait(10)

        shop.inbox.checkpoint = wait
        with ThreadPoolExecutor(2) as pool:
            hook = pool.submit(needing, shop, needs)
            assert inside.wait(10)
            intent = pool.submit(shop.intend, job, ChangeKind.DELETE)
            with pytest.raises(TimeoutError):
                intent.result(0.3)
            go.set()
            assert hook.result(10).status == "queued"
            with pytest.raises(Overtaken):
                intent.result(10)


class TestCalledOff:
    """What is not done because it was called off makes no other hook late."""

    @pytest.mark.parametrize(
        "how", ["withdrawn", "withdrawn at work", "rejected", "cancelled", "overtaken"]
    )
    @pytest.mark.parametrize("action, delayed", [("terminate", "create"), ("suspend", "unsuspend")])
    def test_a_hook_that_is_older_than_it_is_done(
        self, shop: Shop, how: str, action: str, delayed: str
    ) -> None:
        """The life that this is about: create is delayed, terminate is sent, the customer pays,
        unsuspend, create arrives."""
        hook = shop.hook(action, at=NOON + 5, id="msg_off")
        match how:
            case "withdrawn":
                withdraw(shop, "msg_off")
            case "withdrawn at work":
                job = shop.claimed()
                withdraw(shop, "msg_off")
                shop.finish(job, "cancelled", Withdrawn())
            case "rejected":
                shop.finish(shop.claimed(), "held", NeedsPerson())
                shop.operator.reject(hook.job)
            case "cancelled":
                shop.operator.cancel(hook.job)
            case "overtaken":
                shop.hook(
                    "unsuspend" if action == "terminate" else "create",
                    at=NOON + 6,
                    **DATA["create"],
                )
        late = shop.hook(delayed, at=NOON + 4, **DATA[delayed])
        # For a suspension there is a newer create now, and that has decided it.
        assert late.status == (
            "cancelled" if (action, how) == ("suspend", "overtaken") else "queued"
        )

    def test_what_was_done_before_it_counts_again(self, shop: Shop) -> None:
        shop.run("change_password", at=NOON + 3, password=PASSWORD)
        shop.hook("change_password", at=NOON + 5, password=PASSWORD, id="msg_off")
        withdraw(shop, "msg_off")
        assert shop.hook("change_password", at=NOON + 2, password=PASSWORD).status == "cancelled"
        assert shop.hook("change_password", at=NOON + 4, password=PASSWORD).status == "queued"

    def test_a_terminate_older_than_a_renewal_stays_late_though_that_was_withdrawn(
        self, shop: Shop
    ) -> None:
        needing(shop, "renew", at=NOON + 5, id="msg_off")
        withdraw(shop, "msg_off")
        assert shop.hook("terminate", at=NOON + 4).status == "cancelled"


class TestRepeating:
    @needs
    @pytest.mark.parametrize("status", ["held", "failed"])
    @pytest.mark.parametrize("became", ["queued", "succeeded", "failed", "held", "cancelled"])
    def test_what_was_begun_or_failed_is_not_repeated_whatever_became_of_the_newer_hook(
        self, shop: Shop, needs: str, status: str, became: str
    ) -> None:
        shop.hook("terminate")
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.DELETE), "unknown")
        shop.finish(job, status, NeedsPerson(limit=Limit.DELETIONS))
        newer = needing(shop, needs)
        if became == "cancelled":
            shop.operator.cancel(newer.job)
        elif became != "queued":
            shop.finish(
                shop.claimed(),
                became,
                NeedsPerson(limit=Limit.DELETIONS) if became != "succeeded" else None,
            )
        for approve in (False, True)[: 2 if status == "held" else 1]:
            with pytest.raises(
                NotPossible, match=f"overtaken: .* needs the mailbox .job {newer.job}."
            ):
                shop.operator.retry(job.id, approve=approve)
        assert len(shop.rows(jobs)) == 2

    def test_what_was_late_itself_does_not_count(self, shop: Shop) -> None:
        shop.hook("terminate")
        hold(shop, shop.claimed())
        assert needing(shop, "unsuspend", at=NOON - 100).status == "cancelled"
        (terminate, _) = shop.rows(jobs)
        assert terminate["status"] == "held"
        assert shop.operator.retry(terminate["id"], approve=True).status == "queued"

    def test_a_person_who_repeats_an_older_create_says_nothing_newer(self, shop: Shop) -> None:
        create = shop.run("create", password=PASSWORD, status="failed")
        shop.hook("terminate")
        hold(shop, shop.claimed())
        shop.operator.retry(create.job)
        (_, terminate, _) = shop.rows(jobs)
        assert shop.operator.retry(terminate["id"], approve=True).status == "queued"

    def test_a_repetition_that_waits_from_before_an_upgrade_is_as_old_as_its_hook(
        self, shop: Shop
    ) -> None:
        terminate = shop.hook("terminate")
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.DELETE), "unknown")
        hold(shop, job)
        shop.finish(shop.claimed() if needing(shop, "unsuspend") else job)
        with shop.database.write() as tx:
            row = tx.execute(sa.select(jobs).where(jobs.c.id == terminate.job)).mappings().one()
            shop.operator._again(tx, row, Limit.DELETIONS)  # which is refused now
        again = shop.claimed()
        assert again.lifted
        with pytest.raises(Overtaken):
            shop.intend(again, ChangeKind.DELETE)


class TestLate:
    @needs
    def test_also_when_the_job_of_the_newer_hook_is_pruned(self, shop: Shop, needs: str) -> None:
        newer = needing(shop, needs, at=NOON)
        shop.finish(shop.claimed())
        shop.delivered()
        shop.now += 91 * DAY
        assert shop.retention.prune() == 1 and newer.job not in [
            row["id"] for row in shop.rows(jobs)
        ]
        assert shop.hook("terminate", at=NOON - 10).status == "cancelled"
        assert shop.hook("terminate", at=NOON + 10).status == "queued"

    @needs
    def test_also_when_another_service_spoke_since(self, shop: Shop, needs: str) -> None:
        needing(shop, needs, at=NOON)
        needing(shop, "create", service="8", at=NOON)
        assert shop.hook("terminate", at=NOON - 10).status == "cancelled"

    def test_an_upgraded_database_knows_by_its_mark_of_existence(self, shop: Shop) -> None:
        shop.run("create", password=PASSWORD)
        with shop.database.write() as tx:
            marks = {"existence": ["shop", "7", NOON]}
            tx.execute(sa.update(mailboxes).values(decided=marks))
            for table in (sa.text("DELETE FROM callbacks"), sa.text("DELETE FROM jobs")):
                tx.execute(table)
        assert shop.hook("terminate", at=NOON - 10).status == "cancelled"

    def test_it_is_told_and_ends_nothing_else(self, shop: Shop) -> None:
        unsuspend = shop.hook("unsuspend", at=NOON)
        late = shop.hook("terminate", at=NOON - 10)
        assert (late.status, late.error and late.error["code"]) == ("cancelled", "overtaken")
        assert shop.claimed().id == unsuspend.job
        assert shop.status(unsuspend) == "running"


class TestGrace:
    def due(self, shop: Shop, *, newer: str | None = None, status: str = "succeeded") -> None:
        """A mailbox whose grace is over, and perhaps a hook that came within it."""
        shop.run("create", password=PASSWORD)
        shop.hook("terminate")
        record = Record("shop", "7", State.SUSPENDED, delete_after=shop.now + 7 * DAY)
        shop.finish(shop.claimed(), record=record)
        if newer is not None:
            needing(shop, newer)
            shop.finish(
                shop.claimed(),
                status,
                NeedsPerson(limit=Limit.DELETIONS) if status != "succeeded" else None,
            )
        shop.now += 8 * DAY

    @needs
    @pytest.mark.parametrize("status", ["failed", "held", "succeeded"])
    def test_nothing_is_deleted_when_the_customer_came_back(
        self, shop: Shop, needs: str, status: str
    ) -> None:
        self.due(shop, newer=needs, status=status)
        shop.retention.purge_due()
        assert not any(row["purge"] for row in shop.rows(jobs))
        assert [row["delete_after"] for row in shop.rows(mailboxes)] == [None]

    def test_a_second_terminate_counts_from_there(self, shop: Shop) -> None:
        self.due(shop, newer="renew", status="failed")
        shop.hook("terminate")
        shop.finish(
            shop.claimed(), record=Record("shop", "7", State.SUSPENDED, delete_after=shop.now)
        )
        shop.hook("terminate", at=NOON - 10)  # late, and so no newer word
        shop.retention.purge_due()
        assert [row["purge"] for row in shop.rows(jobs)][-1]

    @needs
    def test_a_deletion_from_before_an_upgrade_is_as_old_as_its_terminate(
        self, shop: Shop, needs: str
    ) -> None:
        self.due(shop, newer=needs, status="failed")
        with shop.database.write() as tx:
            row = tx.execute(sa.select(mailboxes)).mappings().one()
            intent = Intent(
                "mailbox.terminate", datetime.fromtimestamp(shop.now, UTC), "7", row["address"]
            )
            enqueue.add_job(
                tx,
                shop.database,
                "job_old",
                "purge_job_old",
                "shop",
                "main",
                intent,
                None,
                shop.now,
                purge=True,
            )
        job = shop.claimed()
        with pytest.raises(Overtaken):
            shop.intend(job, ChangeKind.DELETE)


class TestRestored:
    @needs
    def test_what_a_restore_holds_is_called_off_by_a_customer_who_pays(
        self, shop: Shop, needs: str
    ) -> None:
        terminate = shop.hook("terminate")
        with shop.database.write() as tx:
            quarantine_after_restore(tx, shop.database, {"main": 60.0})
        assert shop.status(terminate) == "held"
        needing(shop, needs)
        seen = shop.receipt(terminate)
        assert (seen.status, seen.error and seen.error["code"]) == ("cancelled", "overtaken")
