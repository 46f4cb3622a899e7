"""The queue: who may run, under which lease, and what the journal says after a worker was lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bridge.domain.errors import LeaseLost, RefusalUnproven, Refused, Unavailable
from bridge.domain.model import Address, Change, ChangeKind, Mailbox, Plan, Record, State, Step
from bridge.domain.ports import InitialPlan, Job, JobResult, Limits
from bridge.store.base.rows import KINDS, KINDS_OF_0_1, error_values, to_error
from bridge.store.base.tables import callbacks, jobs, mailboxes, steps
from tests.store.conftest import ADDRESS, CALL, LEASE, NOON, SETTLE, Shop


class TestClaiming:
    def test_nothing_waits_nothing_is_claimed(self, shop: Shop) -> None:
        assert shop.claim() is None

    def test_a_claimed_job_brings_all_that_a_worker_needs(self, shop: Shop) -> None:
        shop.hook(
            "create",
            password="Planted-Secret.7",
            display_name="John",
            plan="basic",
            unknown=("colour",),
        )
        job = shop.claimed()
        assert (job.intent.action, job.intent.password, job.intent.plan) == (
            "mailbox.create",
            "Planted-Secret.7",
            "basic",
        )
        assert (job.sequence, job.tries, job.journal, job.record) == (1, 1, (), Record())

    def test_the_oldest_that_is_due_comes_first(self, shop: Shop) -> None:
        first = shop.hook("suspend", "a@one.test")
        shop.now += 1
        second = shop.hook("suspend", "a@two.test")
        assert [shop.claimed().id, shop.claimed().id, shop.claim()] == [first.job, second.job, None]

    def test_a_job_that_waits_until_later_is_not_due(self, shop: Shop) -> None:
        shop.hook("suspend")
        shop.queue.wait(shop.claimed(), shop.now + 10, "retry", Unavailable(), True)
        shop.now += 9
        assert shop.claim() is None
        shop.now += 1
        assert shop.claimed().tries == 2

    def test_a_mailbox_goes_by_sequence_even_when_the_later_one_is_due(self, shop: Shop) -> None:
        shop.hook("suspend")
        shop.queue.wait(shop.claimed(), shop.now + 10, "retry", Unavailable(), True)
        shop.hook("change_plan", plan="basic")
        assert shop.claim() is None
        shop.now += 10
        assert shop.claimed().sequence == 1

    def test_with_few_hands_no_account_waits_for_all_of_another(self, shop: Shop) -> None:
        for number in range(4):
            shop.hook("suspend", f"a@main{number}.test")
            shop.hook("suspend", f"a@other{number}.test", account="other", source="till")
        served = []
        for _ in range(4):
            job = shop.claimed()
            served.append(job.account)
            shop.finish(job)
        assert sorted(served) == ["main", "main", "other", "other"]

    def test_one_domain_in_two_accounts_is_two(self, shop: Shop) -> None:
        shop.hook("suspend", "a@example.com")
        shop.hook("suspend", "a@example.com", account="other", source="till")
        assert shop.claimed().account != shop.claimed().account

    def test_a_waiting_job_holds_up_its_own_mailbox_only(self, shop: Shop) -> None:
        shop.hook("suspend", "a@example.com")
        shop.queue.wait(shop.claimed(), shop.now + 10, "retry", Unavailable(), True)
        shop.hook("suspend", "b@example.com")
        assert shop.claimed().intent.address == "b@example.com"

    def test_an_account_has_no_more_in_flight_than_allowed(self, shop: Shop) -> None:
        for number in range(4):
            shop.hook("suspend", f"a@d{number}.test")
        assert shop.claim(main=2) is not None
        assert shop.claim(main=2) is not None
        assert shop.claim(main=2) is None

    def test_calls_of_queries_count_too(self, shop: Shop) -> None:
        shop.hook("suspend")
        with shop.account_state.call_slot("main", most=1, seconds=30):
            assert shop.claim(main=1) is None
        assert shop.claim(main=1) is not None

    @pytest.mark.parametrize("code", ["person", "credentials"])
    def test_a_paused_account_is_left_alone_and_others_go_on(self, shop: Shop, code: str) -> None:
        shop.hook("suspend", "a@example.com")
        shop.hook("suspend", "a@example.net", account="other", source="till")
        shop.account_state.pause_account("main", code, "why")
        assert shop.claimed().account == "other"
        assert shop.claim() is None
        shop.operator.resume_account("main")
        assert shop.claimed().account == "main"

    def test_many_workers_at_once_never_get_the_same_job(self, shop: Shop) -> None:
        for number in range(40):
            shop.hook("suspend", f"a@d{number}.test")
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda n: shop.claimed(f"worker{n}").id, range(40)))
        assert len(set(taken)) == 40

    def test_many_workers_at_once_never_exceed_the_limit(self, shop: Shop) -> None:
        for number in range(40):
            shop.hook("suspend", f"box{number}@d{number % 8}.test")
        assert len(claimed_at_once(shop)) == 5

    def test_many_workers_at_once_never_meet_where_a_place_of_a_domain_is_needed(
        self, shop: Shop
    ) -> None:
        for number in range(40):
            shop.hook("terminate", f"box{number}@d{number % 4}.test")
        taken = claimed_at_once(shop)
        assert len(taken) == len({job.intent.address.partition("@")[2] for job in taken}) == 4


def claimed_at_once(shop: Shop) -> list[Job]:
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: shop.claim(f"worker{n}", main=5), range(40))
        return [job for job in found if job is not None]


class TestLeases:
    def test_a_lease_that_ran_out_gives_the_job_to_another_with_a_new_token(
        self, shop: Shop
    ) -> None:
        shop.hook("suspend")
        old = shop.claimed("first")
        shop.now += LEASE
        assert shop.claim("second") is None
        shop.now += 1
        new = shop.claimed("second")
        assert (new.id, new.token, new.tries) == (old.id, old.token + 1, 2)

    def test_a_heartbeat_keeps_the_lease_of_what_is_worked_at(self, shop: Shop) -> None:
        shop.hook("suspend", "a@example.com")
        shop.hook("suspend", "a@example.net")
        kept, dropped = shop.claimed("first"), shop.claimed("first")
        shop.now += LEASE - 1
        shop.queue.extend("first", [kept.id])
        shop.now += 2
        assert shop.claimed("second").id == dropped.id
        assert shop.claim("second") is None

    def test_a_graceful_stop_hands_back_at_once(self, shop: Shop) -> None:
        shop.hook("suspend")
        old = shop.claimed("first")
        shop.queue.release("second")
        assert shop.claim("second") is None
        shop.queue.release("first")
        assert shop.claimed("second").id == old.id

    def test_every_write_under_a_stale_token_is_refused(self, shop: Shop) -> None:
        shop.hook("suspend")
        old = shop.claimed("first")
        step = shop.intend(old)
        shop.now += LEASE + 1
        shop.claimed("second")
        before = shop.rows(jobs), shop.rows(steps), shop.rows(mailboxes)
        for write in (
            lambda: shop.intend(old),
            lambda: shop.answer(old, step),
            lambda: shop.queue.renew(old, step, CALL, SETTLE),
            lambda: shop.queue.wait(old, shop.now, "retry", None, True),
            lambda: shop.finish(old),
        ):
            with pytest.raises(LeaseLost):
                write()
        assert (shop.rows(jobs), shop.rows(steps), shop.rows(mailboxes)) == before
        assert shop.rows(callbacks) == []

    def test_the_same_token_after_the_end_is_stale_too(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        shop.finish(job)
        with pytest.raises(LeaseLost):
            shop.finish(job)
        assert len(shop.rows(callbacks)) == 1

    def test_renewing_moves_lease_and_the_end_of_the_call(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        step = shop.intend(job)
        shop.now += 50
        shop.queue.renew(job, step, CALL, SETTLE)
        assert shop.rows(steps)[0]["ended_at"] == shop.now + CALL
        assert shop.lookup.record("main", ADDRESS).settles_at == shop.now + CALL + SETTLE
        shop.now += LEASE - 1
        assert shop.claim("second") is None


class TestJournal:
    def test_an_intent_without_an_answer_is_unknown_and_interrupted(self, shop: Shop) -> None:
        shop.hook("suspend")
        shop.intend(shop.claimed("first"))
        shop.now += LEASE + 1
        (step,) = shop.claimed("second").journal
        assert (step.outcome, step.interrupted, step.ended_at) == ("unknown", True, NOON + CALL)

    def test_an_answered_step_keeps_outcome_error_and_the_end_of_its_call(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        step = shop.intend(job)
        shop.now += 5
        shop.answer(job, step, "refused", Refused("no", code="conflict", remote={"number": "1"}))
        shop.queue.wait(job, shop.now, "retry", None, True)
        (step,) = shop.claimed().journal
        assert (step.outcome, step.interrupted, step.ended_at) == ("refused", False, NOON + 5)
        assert isinstance(step.error, Refused)
        assert (step.error.code, step.error.remote) == ("conflict", {"number": "1"})

    def test_the_mailbox_settles_from_the_end_of_the_last_call_that_may_have_acted(
        self, shop: Shop
    ) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        step = shop.intend(job)
        assert shop.lookup.record("main", ADDRESS).settles_at == NOON + CALL + SETTLE
        shop.now += 5
        shop.answer(job, step)
        assert shop.lookup.record("main", ADDRESS).settles_at == NOON + 5 + SETTLE

    @pytest.mark.parametrize(
        "outcome", ["intent", "renewed", "accepted", "refused", "doubted", "unknown", "unsent"]
    )
    def test_a_smaller_settle_shortens_no_window_and_the_step_says_what_was_written(
        self, shop: Shop, outcome: str
    ) -> None:
        def command(job: Job, settle: float, outcome: str) -> Step:
            change = Change(ChangeKind.SET_PASSWORD)
            step = shop.queue.intend(
                job, change, "do it", "digest", job.record, CALL, settle, Limits(0, 0)
            )
            if outcome == "renewed":
                shop.queue.renew(job, step, CALL, settle)
            if outcome in ("intent", "renewed"):
                return step
            return shop.queue.answered(job, step, outcome, None, None, job.record, settle)

        shop.hook("suspend")
        first = shop.claimed()
        long = command(first, 600.0, "accepted").settles_at
        assert shop.lookup.record("main", ADDRESS).settles_at == long == NOON + 600
        shop.finish(first)
        shop.now += 10
        shop.hook("unsuspend")
        step = command(shop.claimed(), 5.0, outcome)
        assert shop.lookup.record("main", ADDRESS).settles_at == step.settles_at == long

    def test_what_was_surely_not_done_unsettles_nothing(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        shop.answer(job, shop.intend(job), "unsent", Unavailable())
        assert shop.lookup.record("main", ADDRESS).settles_at == 0

    @pytest.mark.parametrize("write", ["intend", "wait", "finish"])
    def test_the_first_plan_and_what_it_rests_on_are_kept_with_whatever_is_written_next(
        self, shop: Shop, write: str
    ) -> None:
        receipt = shop.hook("suspend")
        job = shop.claimed()
        first = InitialPlan(
            Plan((Change(ChangeKind.LOG_OUT),)), Mailbox(Address.parse(ADDRESS), False)
        )
        match write:
            case "intend":
                shop.answer(job, shop.intend(job, first=first))
            case "wait":
                shop.queue.wait(job, shop.now, "retry", None, True, first)
            case "finish":
                shop.queue.finish(job, JobResult("failed", State.ABSENT, False, {}, "No."), first)
        kept = shop.lookup.story(receipt.job)["job"]
        assert (kept["seen"], kept["plan"]) == (
            {"exists": False, "paks": []},
            first.plan.describe(),
        )

    def test_the_mark_before_a_command_survives_until_the_answer(self, shop: Shop) -> None:
        """What must be remembered before a command is sent stands in the mailbox's row, whatever
        becomes of the sender."""
        shop.hook("suspend")
        saved = Record(
            "shop", "7", suspended_with="hosted-email", saved_services={"imap": "enabled"}
        )
        shop.intend(replace(shop.claimed(), record=saved), ChangeKind.SUSPEND)
        assert shop.lookup.record("main", ADDRESS).saved_services == {"imap": "enabled"}
        assert shop.lookup.record("main", ADDRESS).settles_at > shop.now + SETTLE


class TestEnding:
    def test_the_end_writes_job_mailbox_and_exactly_one_callback(self, shop: Shop) -> None:
        receipt = shop.hook("create", password="Planted-Secret.7")
        shop.finish(shop.claimed(), record=Record("shop", "7", State.ACTIVE, password_digest="d"))
        ended = shop.receipt(receipt)
        assert (ended.status, ended.state, ended.changed, ended.message) == (
            "succeeded",
            "active",
            True,
            "Done.",
        )
        assert shop.lookup.record("main", ADDRESS) == Record(
            "shop", "7", State.ACTIVE, password_digest="d"
        )
        assert [row["id"] for row in shop.rows(callbacks)] == [f"cb_{receipt.job}_1"]

    @pytest.mark.parametrize(
        ("status", "kept"), [("succeeded", False), ("failed", True), ("held", True)]
    )
    def test_a_password_is_wiped_with_success_and_kept_for_a_retry_otherwise(
        self, shop: Shop, status: str, kept: bool
    ) -> None:
        shop.hook("change_password", password="Planted-Secret.7")
        shop.finish(shop.claimed(), status, Refused())
        assert (shop.rows(jobs)[0]["sealed"] is not None) == kept

    def test_a_job_cannot_end_as_something_that_no_worker_may_say(self, shop: Shop) -> None:
        shop.hook("suspend")
        job = shop.claimed()
        with pytest.raises(ValueError, match="cannot go from running to running"):
            shop.finish(job, "running")

    def test_undecided_time_counts_from_the_first_try_and_stops_while_the_account_is_away(
        self, shop: Shop
    ) -> None:
        shop.hook("suspend")
        shop.queue.wait(shop.claimed(), shop.now, "retry", Unavailable(), True)
        shop.now += 100
        job = shop.claimed()
        assert job.undecided_since == NOON
        shop.queue.wait(job, shop.now, "account", Unavailable(), False)
        assert shop.claimed().undecided_since is None


def test_an_error_is_stored_by_a_kind_that_no_class_is_named_after_and_rows_of_before_are_read() -> (
    None
):
    for kind, error in KINDS.items():
        made = error(Refused("no")) if error is RefusalUnproven else error("why")
        kept = error_values(made)
        assert kept["kind"] == kind and "class" not in kept
        again = to_error(kept)
        assert (type(again), again and again.code, again and again.detail) == (
            type(made),
            made.code,
            made.detail,
        )
    for name, kind in KINDS_OF_0_1.items():
        old = to_error({"class": name, "code": "refused", "detail": "no", "remote": {}})
        assert type(old) is KINDS[kind]
