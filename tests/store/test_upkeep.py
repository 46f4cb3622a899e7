"""What happens as time goes by: deletions after a grace, wiped passwords, pruning.

Ownership and purchases stay.
"""

import pytest

from bridge.domain.errors import Limit, NeedsPerson, Refused
from bridge.domain.model import Address, ChangeKind, Record, State
from bridge.maildns.rules import Found
from bridge.store import DnsCache
from bridge.store.admin.sign_ins import REFUSED
from bridge.store.base.tables import (
    audit,
    callbacks,
    hooks,
    jobs,
    mailboxes,
    purchases,
    readiness,
    steps,
)
from tests.store.conftest import Shop, verified

DAY = 86400.0
PASSWORD = "Planted-Secret.7"


class TestGrace:
    def suspended_until(self, shop: Shop, days: float) -> None:
        shop.hook("terminate")
        record = Record(
            "shop",
            "7",
            State.SUSPENDED,
            suspended_with="hosted-email",
            delete_after=shop.now + days * DAY,
        )
        shop.finish(shop.claimed(), record=record)
        shop.delivered()

    def test_when_it_is_over_a_job_deletes_and_only_one(self, shop: Shop) -> None:
        self.suspended_until(shop, 3)
        assert shop.retention.purge_due() == 0
        shop.now += 3 * DAY
        assert shop.retention.purge_due() == 1
        assert shop.retention.purge_due() == 0
        job = shop.claimed()
        assert (job.purge, job.intent.action, job.intent.service_id, job.sequence) == (
            True,
            "mailbox.terminate",
            "7",
            2,
        )

    def test_one_that_failed_comes_again_the_next_day(self, shop: Shop) -> None:
        self.suspended_until(shop, 3)
        shop.now += 3 * DAY
        shop.retention.purge_due()
        shop.finish(shop.claimed(), "failed", Refused())
        shop.now += DAY
        assert shop.retention.purge_due() == 1

    @pytest.mark.parametrize(
        ("action", "data"), [("create", {"password": PASSWORD}), ("unsuspend", {}), ("renew", {})]
    )
    def test_a_customer_who_comes_back_overtakes_the_waiting_deletion(
        self, shop: Shop, action: str, data: dict
    ) -> None:
        self.suspended_until(shop, 3)
        shop.now += 3 * DAY
        shop.retention.purge_due()
        shop.hook(action, **data)
        assert [row["status"] for row in shop.rows(jobs)] == ["succeeded", "cancelled", "queued"]

    def test_nothing_else_does(self, shop: Shop) -> None:
        self.suspended_until(shop, 3)
        shop.now += 3 * DAY
        shop.retention.purge_due()
        shop.hook("change_password", password=PASSWORD)
        shop.hook("create", service="8", password=PASSWORD)
        assert [row["status"] for row in shop.rows(jobs)] == [
            "succeeded",
            "queued",
            "queued",
            "queued",
        ]


class TestWiping:
    def test_passwords_of_ended_jobs_after_three_days(self, shop: Shop) -> None:
        shop.run("change_password", "a@example.com", password=PASSWORD, status="failed")
        waiting = shop.hook("change_password", "b@example.com", password=PASSWORD)
        shop.now += 3 * DAY
        assert shop.retention.wipe() == 0
        shop.now += 1
        assert shop.retention.wipe() == 1
        assert [row["id"] for row in shop.rows(jobs) if row["sealed"]] == [waiting.job]

    def test_parked_bodies_after_three_days(self, shop: Shop) -> None:
        shop.inbox.park(
            "shop", verified("msg_1"), "mailbox.create", "digest", "sealed", {}, "digest".__eq__
        )
        shop.now += 3 * DAY + 1
        assert shop.retention.wipe() == 1
        assert shop.rows(hooks)[0]["sealed"] is None

    @pytest.mark.parametrize("status", ["failed", "held"])
    def test_every_end_but_success_keeps_the_password_for_three_days(
        self, shop: Shop, status: str
    ) -> None:
        shop.run("change_password", password=PASSWORD, status=status)
        shop.now += 3 * DAY
        assert shop.retention.wipe() == 0 and shop.rows(jobs)[0]["sealed"]
        shop.now += 1
        assert shop.retention.wipe() == 1 and shop.rows(jobs)[0]["sealed"] is None

    @pytest.mark.parametrize("code", ["unsafe", "domain_of_another", "reserved_name"])
    def test_what_waits_for_an_approval_keeps_it_for_fourteen_days(
        self, shop: Shop, code: str
    ) -> None:
        held = shop.hook("create", password=PASSWORD)
        shop.finish(
            shop.claimed(),
            "held",
            NeedsPerson(code=code, limit=Limit.PURCHASES if code == "unsafe" else None),
        )
        assert shop.rows(jobs)[0]["code"] == code
        shop.now += 14 * DAY
        assert shop.retention.wipe() == 0
        shop.operator.retry(held.job, approve=True)
        again = shop.claimed()
        assert again.intent.password == PASSWORD
        shop.finish(
            again,
            "held",
            NeedsPerson(code=code, limit=Limit.PURCHASES if code == "unsafe" else None),
        )
        shop.now += 14 * DAY + 1
        assert shop.retention.wipe() == 1

    def test_another_doubt_that_is_held_does_not(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        shop.finish(shop.claimed(), "held", NeedsPerson(code="unclear"))
        shop.now += 3 * DAY + 1
        assert shop.retention.wipe() == 1

    def test_success_and_cancellation_wipe_it_at_once(self, shop: Shop) -> None:
        shop.run("change_password", "a@example.com", password=PASSWORD)
        shop.hook("change_password", "b@example.com", password=PASSWORD)
        shop.hook("change_password", "b@example.com", password="Planted-Newer.8")  # overtakes
        by_hand = shop.hook("change_password", "c@example.com", password=PASSWORD)
        shop.operator.cancel(by_hand.job)
        kept = [row["status"] for row in shop.rows(jobs) if row["sealed"]]
        assert kept == ["queued"]

    def test_a_retry_takes_the_password_with_it_so_that_its_success_leaves_none(
        self, shop: Shop
    ) -> None:
        old = shop.run("change_password", password=PASSWORD, status="failed")
        shop.operator.retry(old.job)
        again = shop.claimed()
        assert again.intent.password == PASSWORD
        shop.finish(again)
        assert [row["sealed"] for row in shop.rows(jobs)] == [None, None]

    def test_a_retry_after_that_has_no_password(self, shop: Shop) -> None:
        old = shop.run("change_password", password=PASSWORD, status="failed")
        shop.now += 3 * DAY + 1
        shop.retention.wipe()
        shop.operator.retry(old.job)
        assert shop.claimed().intent.password is None


class TestPruning:
    def test_what_ended_long_ago_goes_and_ownership_and_purchases_stay(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.BUY, product="pak"))
        shop.finish(job, record=Record("shop", "7", State.ACTIVE))
        shop.delivered()
        shop.now += 90 * DAY
        assert shop.retention.prune() == 0
        shop.now += 1
        assert shop.retention.prune() == 1
        assert [shop.rows(table) for table in (hooks, jobs, steps, callbacks)] == [[], [], [], []]
        assert shop.rows(mailboxes)[0]["service_id"] == "7"
        assert len(shop.rows(purchases)) == 1
        assert shop.hook("suspend").sequence == 2

    def test_what_is_open_or_not_yet_called_back_stays(self, shop: Shop) -> None:
        shop.run("suspend", "a@example.com")
        shop.hook("suspend", "b@example.com")
        shop.now += 91 * DAY
        assert shop.retention.prune() == 0
        assert len(shop.rows(jobs)) == 2

    def test_a_job_whose_purchase_is_in_doubt_stays_until_a_person_has_judged_it(
        self, shop: Shop
    ) -> None:
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.BUY, product="pak"), "unknown")
        shop.finish(job, "held")
        shop.delivered()
        shop.now += 91 * DAY
        assert shop.retention.prune() == 0
        shop.operator.retry(job.id)
        assert shop.retention.prune() == 1

    def test_what_strangers_tried_goes_and_what_people_did_stays(self, shop: Shop) -> None:
        shop.operator.by("client 192.0.2.1").noted(REFUSED, "192.0.2.1", "wrong password")
        shop.operator.by("jane (link)").noted("sign-in", "192.0.2.2")
        shop.operator.by("jane (link)").pause_source("shop", True)
        shop.now += 90 * DAY
        shop.retention.prune()
        assert len(shop.rows(audit)) == 3
        shop.now += 1
        shop.retention.prune()
        assert [row["action"] for row in shop.rows(audit)] == ["sign-in", "pause"]

    def test_parked_deliveries_and_old_notes_go_too(self, shop: Shop) -> None:
        shop.inbox.park(
            "shop", verified("msg_1"), "mailbox.create", "digest", "sealed", {}, "digest".__eq__
        )
        shop.account_state.pause_account("main", "credentials", "why")
        shop.alert_log.notes_sent(shop.alert_log.due_notes(), ok=True)
        DnsCache(shop.database).reading("example.com", lambda found: 3600, lambda domain: Found())
        assert len(shop.rows(readiness)) == 1
        shop.now += 91 * DAY
        shop.retention.prune()
        assert shop.rows(hooks) == [] and shop.rows(readiness) == []
        shop.operator.resume_account("main")
        assert shop.alert_log.due_notes() == []

    def test_a_mailbox_that_only_refused_hooks_have_named_goes_with_the_last_of_them(
        self, shop: Shop
    ) -> None:
        shop.run("create", "john@nowhere.example", password=PASSWORD, status="failed")
        shop.run("suspend", "john@nowhere.example", status="failed")
        shop.hook("suspend", "gone@example.com")
        shop.finish(shop.claimed(), "failed", record=Record(state=State.ABSENT))
        shop.hook("create", "ann@example.com", password=PASSWORD)
        shop.finish(shop.claimed(), record=Record("shop", "7", State.ACTIVE))
        shop.operator.adopt("main", Address.parse("bob@example.com"), "shop", "8")
        shop.delivered()
        shop.retention.prune()
        assert len(shop.rows(mailboxes)) == 4
        shop.now += 91 * DAY
        waiting = shop.hook("suspend", "eve@nowhere.example")
        while shop.retention.prune():
            pass
        kept = [row["address"] for row in shop.rows(mailboxes)]
        assert kept == [
            "gone@example.com",
            "ann@example.com",
            "bob@example.com",
            "eve@nowhere.example",
        ]
        assert shop.status(waiting) == "queued"
        assert shop.hook("create", "john@nowhere.example", password=PASSWORD).sequence == 3, (
            "billing has seen 2"
        )
