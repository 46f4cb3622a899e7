"""What a person may do now: the whole table, so that store, pages and command line cannot
differ."""

from dataclasses import replace

import pytest

from bridge.domain import decisions
from bridge.domain.decisions import HookFacts, JobFacts
from bridge.domain.errors import CODES, Limit, NeedsPerson
from bridge.domain.jobs import STATES

HELD = JobFacts("job_1", "held", "unsafe", Limit.DELETIONS)


def allowed(job: JobFacts) -> set[str]:
    return {verb for verb, refusal in decisions.of_job(job).items() if refusal is None}


@pytest.mark.parametrize(
    ("job", "may"),
    [
        (HELD, {"approve", "retry", "reject"}),
        (replace(HELD, code="unclear", limit=None), {"retry", "reject"}),
        (replace(HELD, code="unclear", limit=None, in_doubt=True), {"retry"}),
        (replace(HELD, in_doubt=True), {"retry"}),
        (replace(HELD, overtaken="Newer hooks decided."), {"reject"}),
        (replace(HELD, overtaken="Newer hooks decided.", in_doubt=True), {"retry"}),
        (replace(HELD, tried_again_as="job_2"), set()),
        (replace(HELD, status="failed", limit=None), {"retry"}),
        (replace(HELD, status="failed", limit=None, overtaken="Newer hooks decided."), set()),
        (replace(HELD, status="failed", tried_again_as="job_2"), set()),
        (JobFacts("job_1", "queued"), {"cancel"}),
        (JobFacts("job_1", "queued", in_doubt=True), set()),
        (JobFacts("job_1", "queued", limit=Limit.CREATIONS, waits=True), {"approve", "cancel"}),
        (JobFacts("job_1", "running"), set()),
        (JobFacts("job_1", "succeeded"), set()),
        (JobFacts("job_1", "cancelled", "rejected"), set()),
    ],
)
def test_what_may_be_done_to_a_job(job: JobFacts, may: set[str]) -> None:
    assert allowed(job) == may
    for refusal in decisions.of_job(job).values():
        assert refusal is None or refusal == job.overtaken or "job_1" in refusal, (
            "it says which job, and why not"
        )


def test_every_state_is_in_the_table_and_no_two_of_a_job_can_both_be_done_by_one_button() -> None:
    for status in STATES:
        found = allowed(replace(HELD, status=status))
        assert "cancel" not in found or found == {"cancel"}


def test_together_with_others_no_purchase_in_doubt_is_taken_for_looked_up() -> None:
    doubt = replace(HELD, in_doubt=True)
    assert decisions.retry(doubt) is None
    assert "jobs retry job_1" in (decisions.among_many("retry", doubt) or "")
    assert decisions.among_many("approve", HELD) is decisions.among_many("reject", HELD) is None
    for verb, statuses in decisions.STATUSES.items():
        assert all(
            decisions.OF_JOBS[verb](replace(HELD, status=status)) is None for status in statuses
        )


def test_a_checksum_names_the_jobs_and_what_is_done_to_them() -> None:
    sums = {
        decisions.checksum(*shown)
        for shown in (("approve", ["a", "b"]), ("reject", ["a", "b"]), ("approve", ["b", "a"]))
    }
    assert len(sums) == 3 and all(len(each) == 12 for each in sums)


@pytest.mark.parametrize(
    ("hook", "may"),
    [
        (HookFacts("msg_1", led_to=True, dismissed=False, body=False), {"replay"}),
        (HookFacts("msg_1", led_to=False, dismissed=False, body=True), {"replay", "dismiss"}),
        (HookFacts("msg_1", led_to=False, dismissed=False, body=False), {"dismiss"}),
        (HookFacts("msg_1", led_to=False, dismissed=True, body=False), set()),
    ],
)
def test_what_may_be_done_to_a_hook(hook: HookFacts, may: set[str]) -> None:
    assert {verb for verb, refusal in decisions.of_hook(hook).items() if refusal is None} == may


def test_a_callback_that_is_on_its_way_is_not_sent_again() -> None:
    for status in ("delivered", "stopped", "exhausted", "superseded"):
        assert decisions.of_callback("cb_1", status, due=True) == {"resend": None}
    assert decisions.of_callback("cb_1", "pending", due=False) == {"resend": None}
    assert "already being sent" in (
        decisions.of_callback("cb_1", "pending", due=True)["resend"] or ""
    )


def test_what_held_a_job_is_named_with_its_error_or_by_its_code() -> None:
    assert NeedsPerson("Too many.", limit=Limit.DELETIONS).limit is Limit.DELETIONS
    assert NeedsPerson("Too many.").limit is None
    for code in {*CODES} & {*Limit}:
        assert NeedsPerson("Not theirs.", code=code).limit == Limit(code)


def test_who_cancels_what_is_held_hears_of_reject_where_that_may_be_done() -> None:
    assert "enom-bridge jobs reject job_1" in (decisions.cancel(HELD) or "")
    for other in (
        replace(HELD, in_doubt=True),
        replace(HELD, tried_again_as="job_2"),
        replace(HELD, status="failed"),
    ):
        assert "reject" not in (decisions.cancel(other) or "")
