"""What a person may do: retry, approve, cancel, resend, adopt; and what is refused, with the
reason."""

from typing import Any

import pytest

from bridge.domain.errors import (
    BridgeError,
    Limit,
    NeedsPerson,
    NotPossible,
    OutcomeUnknown,
    Refused,
    UnknownThing,
)
from bridge.domain.model import Address, ChangeKind, Record, State
from bridge.domain.ports import Receipt
from bridge.store.base.tables import jobs, purchases
from tests.store.conftest import ADDRESS, SETTLE, Shop

PASSWORD = "Planted-Secret.7"


class TestRetry:
    @pytest.mark.parametrize("status", ["held", "failed"])
    def test_makes_a_new_job_of_the_same_hook_at_the_end_of_the_line(
        self, shop: Shop, status: str
    ) -> None:
        old = shop.run("change_password", password=PASSWORD, status=status)
        shop.hook("suspend")
        new = shop.operator.retry(old.job)
        assert (new.hook, new.action, new.sequence, new.status) == (
            old.hook,
            old.action,
            3,
            "queued",
        )
        assert shop.status(old) == status
        shop.finish(shop.claimed())
        assert shop.claimed().intent.password == PASSWORD

    @pytest.mark.parametrize("status", ["succeeded", "queued", "running", "cancelled"])
    def test_only_what_is_held_or_failed(self, shop: Shop, status: str) -> None:
        receipt = shop.hook("suspend")
        if status == "cancelled":
            shop.hook("unsuspend")
        elif status != "queued":
            job = shop.claimed()
            if status == "succeeded":
                shop.finish(job)
        with pytest.raises(NotPossible, match=f"is {status}"):
            shop.operator.retry(receipt.job)

    def test_once(self, shop: Shop) -> None:
        old = shop.run("suspend", status="failed")
        new = shop.operator.retry(old.job)
        with pytest.raises(NotPossible, match=new.job):
            shop.operator.retry(old.job)

    @pytest.mark.parametrize("newer", ["queued", "running", "succeeded"])
    def test_not_when_newer_hooks_decided_the_same(self, shop: Shop, newer: str) -> None:
        old = shop.run("suspend", status="failed")
        shop.hook("unsuspend")
        if newer != "queued":
            job = shop.claimed()
            if newer == "succeeded":
                shop.finish(job)
        with pytest.raises(NotPossible, match="overtaken"):
            shop.operator.retry(old.job)

    def test_a_purchase_in_doubt_is_judged_also_when_its_job_is_not_repeated(
        self, shop: Shop
    ) -> None:
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.BUY, product="pak"), "unknown")
        shop.finish(job, "held")
        shop.run("terminate")
        with pytest.raises(NotPossible, match=r"overtaken.* no longer blocks others"):
            shop.operator.retry(job.id)
        assert [row["outcome"] for row in shop.rows(purchases)] == ["judged"], (
            "or nobody could ever settle it"
        )
        with pytest.raises(NotPossible, match=r"overtaken.*wants now\.$"):
            shop.operator.retry(job.id)

    def test_a_newer_one_that_failed_or_is_anothers_decided_nothing(self, shop: Shop) -> None:
        old = shop.run("suspend", status="failed")
        shop.run("unsuspend", status="failed")
        shop.run("unsuspend", service="8")
        assert shop.operator.retry(old.job).status == "queued"

    def test_a_retry_overtakes_nothing_and_is_no_newer_word(self, shop: Shop) -> None:
        old = shop.run("suspend", status="failed", at=shop.now - 100)
        waiting = shop.hook("change_plan", plan="basic")
        shop.operator.retry(old.job)
        assert shop.status(waiting) == "queued"
        assert shop.hook("suspend", at=shop.now - 50).status == "queued"

    def test_what_there_is_not(self, shop: Shop) -> None:
        with pytest.raises(UnknownThing):
            shop.operator.retry("job_none")


class TestApprove:
    @pytest.mark.parametrize("limit", Limit)
    def test_lifts_what_held_it_and_no_other_limit(self, shop: Shop, limit: Limit) -> None:
        old = held(shop, NeedsPerson("Too many.", limit=limit))
        shop.operator.retry(old.job, approve=True)
        assert shop.claimed().lifted == {limit}

    def test_trying_again_lifts_nothing(self, shop: Shop) -> None:
        old = held(shop, NeedsPerson("Too many.", limit=Limit.DELETIONS))
        shop.operator.retry(old.job)
        assert shop.claimed().lifted == frozenset()

    def test_only_what_is_held(self, shop: Shop) -> None:
        old = shop.run("terminate", status="failed")
        with pytest.raises(NotPossible, match="only held"):
            shop.operator.retry(old.job, approve=True)

    @pytest.mark.parametrize("error", [OutcomeUnknown("The answer was lost."), NeedsPerson("The pak has expired."),
                                       NeedsPerson("Suspended by others.", code="conflict")])  # fmt: skip
    def test_a_doubt_is_looked_up_and_not_approved(self, shop: Shop, error: BridgeError) -> None:
        old = held(shop, error)
        with pytest.raises(
            NotPossible, match=rf"nothing to approve.* {error.code}\. .*jobs retry {old.job}"
        ):
            shop.operator.retry(old.job, approve=True)
        assert shop.operator.retry(old.job).status == "queued"


def held(shop: Shop, error: BridgeError, action: str = "terminate", **more: Any) -> Receipt:
    receipt = shop.hook(action, **more)
    shop.finish(shop.claimed(), "held", error)
    return shop.receipt(receipt)


class TestCancel:
    def test_a_queued_job_ends_and_is_called_back_without_its_password(self, shop: Shop) -> None:
        receipt = shop.hook("change_password", password=PASSWORD)
        assert shop.operator.cancel(receipt.job).status == "cancelled"
        assert shop.rows(jobs)[0]["sealed"] is None
        assert shop.delivered() == [1]
        assert shop.claim() is None

    def test_not_what_runs_nor_what_has_ended(self, shop: Shop) -> None:
        receipt = shop.hook("suspend")
        job = shop.claimed()
        with pytest.raises(NotPossible, match="running"):
            shop.operator.cancel(receipt.job)
        shop.finish(job)
        with pytest.raises(NotPossible, match="succeeded"):
            shop.operator.cancel(receipt.job)


class TestResend:
    def test_an_ended_callback_goes_out_again_with_all_its_tries(self, shop: Shop) -> None:
        receipt = shop.run("suspend")
        shop.delivered()
        shop.operator.resend(f"cb_{receipt.job}_1")
        claimed = shop.claim_callback()
        assert claimed is not None
        assert (claimed.id, claimed.tries) == (f"cb_{receipt.job}_1", 1)

    def test_what_there_is_not(self, shop: Shop) -> None:
        with pytest.raises(UnknownThing):
            shop.operator.resend("cb_none_1")


class TestAdopt:
    def test_gives_an_unknown_mailbox_to_a_service(self, shop: Shop) -> None:
        shop.operator.adopt("main", Address.parse(ADDRESS), "shop", "7")
        assert shop.lookup.record("main", ADDRESS).owned_by("shop", "7")
        assert shop.hook("suspend").sequence == 1

    def test_what_enom_showed_is_noted_where_no_state_is_on_record(self, shop: Shop) -> None:
        shop.operator.adopt("main", Address.parse(ADDRESS), "shop", "7", State.ACTIVE)
        assert shop.lookup.record("main", ADDRESS) == Record("shop", "7", State.ACTIVE)
        shop.operator.adopt("main", Address.parse(ADDRESS), "till", "9", State.SUSPENDED)
        assert shop.lookup.record("main", ADDRESS) == Record("till", "9", State.ACTIVE)

    def test_what_may_be_from_before_a_command_is_not_noted(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        shop.answer(job, shop.intend(job, ChangeKind.SUSPEND), "unknown", OutcomeUnknown())
        shop.queue.wait(job, shop.now + SETTLE, "settle", None, True)
        shop.operator.adopt("main", Address.parse(ADDRESS), "shop", "7", State.ACTIVE)
        assert shop.lookup.record("main", ADDRESS).state is State.UNKNOWN
        shop.now += SETTLE + 1
        shop.operator.adopt("main", Address.parse(ADDRESS), "shop", "7", State.ACTIVE)
        assert shop.lookup.record("main", ADDRESS).state is State.ACTIVE

    def test_gives_a_known_one_to_another_and_forgets_nothing_else(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        shop.finish(shop.claimed(), record=Record("shop", "7", State.ACTIVE, password_digest="d"))
        shop.operator.adopt("main", Address.parse(ADDRESS), "till", "9")
        assert shop.lookup.record("main", ADDRESS) == Record(
            "till", "9", State.ACTIVE, password_digest="d"
        )
        assert shop.hook("suspend").sequence == 2


class TestNotes:
    def test_a_held_job_is_noted_once_and_cleared_by_its_retry(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        shop.finish(job, "held", NeedsPerson("Look at the orders."))
        (note,) = shop.alert_log.due_notes()
        assert (note.subject, note.cleared) == (f"job:{job.id}", False)
        assert "Look at the orders." in note.text
        shop.operator.retry(job.id)
        (note,) = shop.alert_log.due_notes()
        assert note.cleared

    def test_a_failed_job_is_no_note(self, shop: Shop) -> None:
        shop.hook("suspend")
        shop.finish(shop.claimed(), "failed", Refused())
        assert shop.alert_log.due_notes() == []

    def test_one_for_each_subject_until_it_is_over(self, shop: Shop) -> None:
        for _ in range(3):
            shop.account_state.pause_account("main", "credentials", "refused")
        shop.account_state.resume_account("main")
        shop.account_state.resume_account("main")
        shop.account_state.pause_account("main", "credentials", "refused")
        assert [note.cleared for note in shop.alert_log.due_notes()] == [False, True, False]

    def test_a_resume_by_a_person_is_not_said_to_be_the_provider_that_works_again(
        self, shop: Shop
    ) -> None:
        shop.account_state.pause_account("main", "credentials", "refused")
        shop.operator.by("ann (page)").resume_account("main")
        shop.account_state.pause_account("main", "credentials", "refused")
        shop.account_state.resume_account("main")
        _, by_hand, again, works = [note.text for note in shop.alert_log.due_notes()]
        assert by_hand == "Account main was resumed by ann (page); its jobs continue."
        assert "is paused" in again and works == "Account main works again; its jobs continue."

    def test_a_note_that_cannot_be_sent_is_tried_again_and_given_up_in_the_end(
        self, shop: Shop
    ) -> None:
        shop.account_state.pause_account("main", "credentials", "refused")
        tries = 0
        for _ in range(20):
            for note in shop.alert_log.due_notes():
                tries = note.tries
                shop.alert_log.notes_sent([note], ok=False)
            shop.now += 10_000
        assert tries == 5

    def test_a_sent_note_is_not_sent_again_and_a_lost_sender_is_followed(self, shop: Shop) -> None:
        shop.account_state.pause_account("main", "credentials", "refused")
        assert len(shop.alert_log.due_notes()) == 1
        assert shop.alert_log.due_notes() == []
        shop.now += 60
        (note,) = shop.alert_log.due_notes()
        shop.alert_log.notes_sent([note], ok=True)
        shop.now += 1e6
        assert shop.alert_log.due_notes() == []


class TestAudit:
    def trail(self, shop: Shop) -> list[tuple[str, ...]]:
        rows, _ = shop.lookup.page("audit", None)
        return [(row["who"], row["action"], row["target"], row["detail"]) for row in reversed(rows)]

    def test_names_who_did_what_to_what(self, shop: Shop) -> None:
        ann = shop.operator.by("ann (page)")
        over = held(shop, NeedsPerson("Too many.", limit=Limit.DELETIONS), "suspend")
        waiting = shop.hook("unsuspend")
        ann.cancel(waiting.job)
        ann.retry(over.job, approve=True)
        ann.adopt("main", Address.parse("new@example.com"), "till", "9")
        ann.pause_account("main", "moving house")
        ann.resume_account("main")
        ann.pause_source("shop", True)
        assert self.trail(shop) == [
            ("ann (page)", "cancel", waiting.job, None),
            ("ann (page)", "approve", over.job, None),
            ("ann (page)", "adopt", "new@example.com", "for service 9 of till"),
            ("ann (page)", "pause", "account main", "moving house"),
            ("ann (page)", "resume", "account main", None),
            ("ann (page)", "pause", "source shop", None),
        ]

    def test_what_was_refused_and_what_the_bridge_does_itself_leave_nothing(
        self, shop: Shop
    ) -> None:
        for refused in (
            lambda: shop.operator.retry("job_none"),
            lambda: shop.operator.resend("cb_none_1"),
            lambda: shop.operator.pause_account("none", ""),
            lambda: shop.operator.pause_source("none", True),
        ):
            with pytest.raises(UnknownThing):
                refused()
        shop.account_state.pause_account("main", "credentials", "refused")
        shop.account_state.resume_account("main")
        assert self.trail(shop) == []
