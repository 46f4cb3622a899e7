"""The story and its advice, for every status, error, outcome and callback that there is."""

import re
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from bridge.cli import main
from bridge.domain import decisions
from bridge.domain.actions import ACTIONS
from bridge.domain.decisions import JobFacts
from bridge.domain.errors import CODES, Limit
from bridge.domain.jobs import ENDED, WaitingFor
from bridge.domain.model import ChangeKind
from bridge.reporting import advice, changes, explain, next_steps

AT = datetime(2026, 11, 22, 17, 27, 3, tzinfo=UTC).timestamp()


def told_of(**job: Any) -> dict[str, Any]:
    """A story as the store tells it; `job` changes its job, but for the keys of the story
    itself."""
    whole: dict[str, Any] = {
        "account": {"paused": None, "detail": None},
        "behind": [],
        "tried_again_as": None,
    }
    whole |= {"now": AT, "beside": [], "holder_lives": True}
    whole |= {"commands": [], "callbacks": [], "in_doubt": False, "overtaken": None}
    whole |= {name: job.pop(name) for name in list(job) if name in whole}
    row: dict[str, Any] = {
        **{
            "id": "job_1",
            "hook_id": "msg_1",
            "action": "mailbox.create",
            "address": "ann@example.com",
        },
        **{
            "domain": "example.com",
            "source": "shop",
            "account": "main",
            "service_id": "7",
            "status": "succeeded",
        },
        **{
            "waiting_for": None,
            "intent": {"unknown": []},
            "purge": False,
            "replaces": None,
            "passed": False,
        },
        **{
            "created_at": AT,
            "started_at": AT,
            "finished_at": AT,
            "available_at": AT,
            "lease_until": AT,
        },
        **{
            "undecided_since": None,
            "tries": 2,
            "plan": None,
            "seen": None,
            "verified": {},
            "extra": {},
        },
        **{"state": "active", "message": "Done.", "error": None},
    }
    row |= job
    error = row["error"] or {}
    limit = Limit(error["limit"]) if "limit" in error else None
    doubts = {"in_doubt": whole.pop("in_doubt"), "overtaken": whole.pop("overtaken")}
    facts = JobFacts(
        "job_1", row["status"], error.get("code"), limit, whole["tried_again_as"], **doubts
    )
    return whole | {"job": row, "may": decisions.of_job(facts)}


def failure(code: str) -> dict[str, Any]:
    return {
        "code": code,
        "detail": f"What happened: {code}.",
        "remote": {"number": "304155", "text": "Bad"},
    }


def text_of(whole: dict[str, Any], worker_alive: bool = True) -> str:
    return "\n".join(explain.tell(whole, worker_alive, 72))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", ["failed", "held"])
def test_every_error_code_has_its_own_advice_with_nothing_left_open(code: str, status: str) -> None:
    text = text_of(told_of(status=status, error=failure(code)))

    following = text.splitlines()[-1]
    assert following.startswith("Next: ") and "{" not in following
    assert (
        f"({code}): What happened: {code}. Answer of the mail provider: number 304155, text Bad."
        in text
    )


def test_the_advice_is_for_exactly_the_codes_that_there_are() -> None:
    assert set(advice.OF_CODE) == set(CODES)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", ["failed", "queued"])
def test_every_command_that_is_advised_exists_and_on_the_pages_stands_its_button(
    code: str, status: str
) -> None:
    whole = told_of(
        status=status, error=failure(code), waiting_for="account" if status == "queued" else None
    )
    for name, sub in commands(next_steps.advise(whole, True)):
        command = main.commands[name]
        assert not isinstance(command, click.Group) or sub in command.commands
    assert {name for name, _ in commands(next_steps.advise(whole, True, next_steps.BUTTONS))} <= {
        "doctor"
    }, "which has none"


def commands(text: str) -> list[tuple[str, str]]:
    return re.findall(r"enom-bridge ([a-z]+)(?: ([a-z-]+))?", text)


def test_every_step_has_a_command_and_a_button() -> None:
    assert next_steps.COMMANDS.keys() == next_steps.BUTTONS.keys()


def test_unclear_and_unsafe_lead_to_different_commands() -> None:
    limited = text_of(
        told_of(status="held", error=failure("unsafe") | {"limit": "deletions"})
    ).splitlines()[-1]
    assert (
        "jobs approve job_1" in limited
        and "jobs reject job_1" in limited
        and "jobs retry" not in limited
    )
    for code in ("unclear", "unsafe", "conflict"):
        doubt = text_of(told_of(status="held", error=failure(code))).splitlines()[-1]
        assert (
            "jobs retry job_1" in doubt
            and "jobs reject job_1" in doubt
            and "jobs approve" not in doubt
        )


def test_nothing_is_advised_that_would_be_refused() -> None:
    doubt = text_of(told_of(status="held", error=failure("unclear"), in_doubt=True)).splitlines()[
        -1
    ]
    assert "jobs retry job_1" in doubt and "jobs reject" not in doubt, (
        "what was bought has to be looked up first"
    )
    old = text_of(
        told_of(status="held", error=failure("unsafe") | {"limit": "deletions"}, overtaken="Newer.")
    ).splitlines()[-1]
    assert "jobs reject job_1" in old and "jobs approve" not in old and "jobs retry" not in old


@pytest.mark.parametrize(
    ("status", "tries", "expected"),
    [
        ("pending", 0, "The callback has not been sent yet; the first attempt is due by 17:"),
        ("pending", 1, "Callback pending after 1 attempt; the next one is at 17:"),
        ("stopped", 1, "No callback was sent: this source has no callback URL."),
    ],
)
def test_a_callback_that_was_never_sent_does_not_sound_as_if_it_was(
    status: str, tries: int, expected: str
) -> None:
    callback = {"id": "cb_1", "status": status, "tries": tries, "last_status": None}
    callback |= {"last_error": None, "next_at": AT, "ended_at": AT}
    assert expected in text_of(told_of(callbacks=[callback]))


def test_a_refusal_names_the_provider_and_its_number_once() -> None:
    step = {"command": "SetUpPOP3User", "outcome": "refused", "evidence": None}
    step |= {"error": {"detail": "Enom refused (error 304156): Password1: too short"}}
    step |= {"started_at": AT, "ended_at": AT}
    text = text_of(told_of(commands=[step]))
    assert "; Enom refused (error 304156): Password1: too short." in text


@pytest.mark.parametrize("waiting_for", [None, *WaitingFor])
def test_every_wait_says_for_what_and_that_it_goes_on_by_itself(waiting_for: str | None) -> None:
    text = text_of(
        told_of(
            status="queued",
            waiting_for=waiting_for,
            error=failure("ip_not_allowed"),
            finished_at=None,
        )
    )

    assert text.splitlines()[-2].startswith(explain.WAITING[waiting_for].partition("{")[0])
    expected = (
        "resume account main"
        if waiting_for == "account"
        else "continues by itself. To cancel it: enom-bridge jobs cancel"
    )
    assert expected in text


def test_a_wait_names_its_time_its_reason_and_when_a_person_will_be_asked() -> None:
    since = datetime(2026, 11, 21, 10, tzinfo=UTC).timestamp()
    text = text_of(
        told_of(
            status="queued",
            waiting_for="retry",
            error=failure("unavailable"),
            undecided_since=since,
        )
    )

    assert "Tried 2 times; the next attempt is at 17:27:03 (What happened: unavailable)." in text
    assert "within 72 hours of 2026-11-21 10:00:00 UTC, it is held" in text


def test_a_pause_by_a_person_is_lifted_by_resume_and_not_by_mending_credentials() -> None:
    paused = {"paused": "person", "pauses": [{"code": "person", "detail": "maintenance"}]}
    text = text_of(told_of(status="queued", waiting_for="account", account=paused))

    assert "maintenance" in text
    assert (
        "An admin paused account main (maintenance)." in text
        and "enom-bridge resume account main" in text
    )


def test_what_pauses_an_account_is_told_whole_also_of_a_job_that_waits_for_something_else() -> None:
    stops = [
        {"code": "restored", "detail": "It was restored."},
        {"code": "credentials", "detail": "Enom refuses the login."},
    ]
    for waiting_for in WaitingFor:
        text = text_of(
            told_of(
                status="queued",
                waiting_for=waiting_for,
                account={"paused": "restored", "pauses": stops},
            )
        )
        assert "It was restored; Enom refuses the login." in text, waiting_for
        assert text.splitlines()[-1].startswith("Next: The database was restored"), waiting_for


def test_after_a_restore_nobody_is_sent_to_refill_an_account_that_only_waits() -> None:
    account = {"paused": None, "pauses": [], "quiet_until": AT + 180}
    waits = told_of(
        status="queued", waiting_for="account", error=failure("insufficient_funds"), account=account
    )
    assert "Top up" not in text_of(waits) and "continues by itself" in text_of(waits)
    assert "Top up" in text_of(waits | {"now": AT + 240})


def test_a_job_whose_worker_is_gone_and_what_waits_behind_it_say_so() -> None:
    later = AT + 3660
    lost = text_of(told_of(status="running", lease_until=later, holder_lives=False))
    assert "no longer responds" in lost and "18:28:03" in lost and "restart the bridge" in lost
    assert "A worker is running it now" in text_of(told_of(status="running"))
    again = text_of(told_of(status="running", tries=3, error=failure("unavailable")))
    assert "(attempt 3)" in again
    assert "The attempt before failed: What happened: unavailable." in again
    waits = text_of(told_of(status="queued", beside=["job_2"], available_at=later))
    assert (
        "Waiting for a free worker; running now in this domain: job_2, and not before 18:28:03."
        in waits
    )
    assert "Waiting for job_3, older and of the same mailbox." in text_of(
        told_of(status="queued", behind=["job_3"])
    )


def test_what_is_refused_is_not_offered() -> None:
    """As in tests/store: a running job cannot be cancelled, and what newer hooks replaced is not
    retried."""
    doubt = told_of(status="queued", in_doubt=True)
    for story in (told_of(status="running"), doubt):
        assert "jobs cancel" not in text_of(story)
        assert text_of(story).splitlines()[-1].startswith("Next: Nothing to do: it continues")
    assert "To cancel it: enom-bridge jobs cancel job_1" in text_of(told_of(status="queued"))
    failed = told_of(status="failed", error=failure("refused"), overtaken="Newer hooks decided.")
    assert "jobs retry" not in text_of(failed)


@pytest.mark.parametrize(
    ("code", "first", "following"),
    [
        ("unavailable", "has not answered yet, so nothing was sent.", "enom-bridge doctor"),
        ("credentials", "refuses the login, so nothing was sent.", "enom-bridge jobs cancel"),
        ("unclear", "could not read a reliable state of the mailbox yet.", "continues by itself"),
    ],
)
def test_a_job_that_read_nothing_yet_says_why(code: str, first: str, following: str) -> None:
    waits = told_of(status="queued", waiting_for="retry", error=failure(code))
    lines = text_of(waits).splitlines()
    assert any(line.endswith(first) for line in lines) and following in lines[-1]
    sent = {
        "command": "SetUpPOP3User",
        "outcome": "unknown",
        "evidence": None,
        "error": failure("unclear"),
        "started_at": AT,
        "ended_at": AT,
    }
    assert "so nothing was sent" not in text_of(waits | {"commands": [sent]})


def test_with_no_worker_the_next_command_starts_one() -> None:
    assert "enom-bridge serve" in text_of(told_of(status="queued"), worker_alive=False)
    assert "enom-bridge serve" not in text_of(told_of(status="succeeded"), worker_alive=False)


@pytest.mark.parametrize(
    "outcome", ["intent", "accepted", "refused", "doubted", "unknown", "unsent"]
)
def test_every_outcome_of_a_command_has_words(outcome: str) -> None:
    step = {
        "command": "SetUpPOP3User",
        "outcome": outcome,
        "evidence": None,
        "error": failure("unclear"),
    }
    step |= {"started_at": AT, "ended_at": AT + 30}
    text = text_of(told_of(commands=[step]))

    assert "SetUpPOP3User was sent at 17:27:03; " in text
    assert ("30 s later " in text) is (outcome != "intent")
    assert ("the outcome is unknown" in text) is (outcome in ("intent", "unknown"))


@pytest.mark.parametrize("status", ["pending", "delivered", "superseded", "stopped", "exhausted"])
def test_every_callback_has_words_and_only_a_lost_one_is_to_be_sent_again(status: str) -> None:
    callback = {"id": "cb_1", "status": status, "tries": 3, "last_status": 503, "last_error": None}
    text = text_of(told_of(callbacks=[{**callback, "next_at": AT, "ended_at": AT}]))

    assert "Callback " in text.splitlines()[-2]
    assert ("callbacks resend cb_1" in text) is (status in ("stopped", "exhausted"))


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_words(action: str) -> None:
    assert "ann@example.com" in text_of(told_of(action=action)).splitlines()[0]


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_change_of_a_plan_has_words(kind: ChangeKind) -> None:
    arguments = {
        "product": "pak",
        "bundle": "30002",
        "years": 1,
        "with": "hosted-email",
        "quota_bytes": 5 << 30,
    }

    assert "{" not in changes.in_plain_words({"change": str(kind), **arguments})


@pytest.mark.parametrize("status", [*sorted(ENDED), "queued", "running"])
def test_every_status_has_a_sentence_and_a_next_step(status: str) -> None:
    lines = text_of(told_of(status=status, error=failure("refused"))).splitlines()

    assert len(lines) >= 3 and lines[-1].startswith("Next: ")


def test_observe_mode_tells_what_would_have_been_done() -> None:
    done = text_of(told_of(extra={"observed_only": True, "plan": [{"change": "delete"}]}))
    refused = text_of(
        told_of(
            extra={
                "observed_only": True,
                "would_be": {"status": "failed", "code": "not_ours", "detail": "No."},
            }
        )
    )
    unsafe = text_of(
        told_of(
            extra={
                "observed_only": True,
                "would_be": {"status": "held", "code": "unsafe", "detail": "No."},
            }
        )
    )

    assert "would have been done: delete the mailbox." in done and 'mode = "act"' in done
    assert "would have been failed (not_ours): No." in refused
    assert refused.endswith(
        "adopt it: enom-bridge mailboxes adopt ann@example.com --source shop --service-id 7 --apply"
    )
    assert 'mode = "act"' in unsafe and "jobs approve" not in unsafe, (
        "it has ended, so there is nothing to approve"
    )


def test_what_billing_sent_cannot_break_out_of_the_command_that_is_advised() -> None:
    text = text_of(told_of(status="failed", error=failure("not_ours"), service_id="7; rm -rf x"))

    assert "--service-id '7; rm -rf x' --apply" in text


@pytest.mark.parametrize(
    ("paks", "room"),
    [([], ""), ([{"free": 3}, {"free": 1}], "; free mailbox slots in the paks of d.test: 4")],
)
def test_free_slots_are_told_only_where_there_are_paks(
    paks: list[dict[str, int]], room: str
) -> None:
    """Where mailboxes cost by the month there are none, and "0 free" would be a false alarm."""
    text = text_of(told_of(seen={"exists": False, "paks": paks}, domain="d.test"))
    assert f"Read from the mail provider: no such mailbox{room}.\n" in text


@pytest.mark.parametrize("action", ["terminate", "suspend", "change_service"])
def test_what_another_service_has_by_now_is_never_adopted_to_be_deleted(action: str) -> None:
    given = {"status": "failed", "error": failure("not_ours"), "action": f"mailbox.{action}"}
    story = told_of(**given) | {"mailbox": {"source": "shop", "service_id": "1077"}}
    last = text_of(story).splitlines()[-1]
    assert "of service 1077" in last
    assert ("mailboxes adopt" in last) == (action == "suspend")
