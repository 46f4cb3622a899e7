"""`jobs`: from the list to the story and the next command, against a bridge that works."""

from tests.cli.conftest import House
from tests.support.billing import until
from tests.support.bridge import PASSWORD


def test_explain_tells_a_success_from_the_hook_to_the_callback(house: House) -> None:
    house.start()
    job = house.send("mailbox.create", plan="basic")["job"]
    until(lambda: house.json("callbacks", "list", "--job", job)["items"][0]["status"] == "delivered")

    text = house.ok("jobs", "explain", job)

    told = [
        "billing (shop) asked to create ann@example.com for service 7",
        "Enom showed no such mailbox",
        "The plan: create the mailbox in pak",
        "SetUpPOP3User was sent at",
        "Enom said yes",
        "existence, suspension and plan seen at Enom afterwards; password accepted by Enom",
        "It succeeded at",
        "Billing was told at",
        "Next: Nothing to do.",
    ]
    assert [line for line in told if line not in text] == []
    assert PASSWORD not in text


def test_explain_of_a_lost_answer_says_that_nobody_knew_and_how_it_was_found_out(house: House) -> None:
    house.start()
    house.sim.control("/faults", {"command": "SetUpPOP3User", "fault": "drop_after"})
    job = house.send("mailbox.create")["job"]

    text = house.ok("jobs", "explain", job)

    assert "nobody knew whether it was done" in text
    assert "existence and suspension seen at Enom afterwards" in text
    assert text.count("SetUpPOP3User was sent") == 1


def test_explain_as_json_is_the_whole_story_without_secrets(house: House) -> None:
    house.start()
    job = house.send("mailbox.create")["job"]

    story = house.json("jobs", "explain", job)

    assert {"job", "hook", "mailbox", "commands", "callbacks", "worker_alive"} <= set(story)
    assert story["commands"][0]["outcome"] == "accepted"
    shown = house.run("jobs", "explain", job, "--json").stdout
    assert [secret for secret in (PASSWORD, "digest", "sealed") if secret in shown] == []


def test_a_failed_job_is_tried_again_when_its_cause_is_gone(house: House) -> None:
    house.start()
    house.sim.control("/mailboxes", {"address": "ann@example.com", "password": "Old-Secret.1", "settled": True})
    failed = house.send("mailbox.suspend")
    assert failed["error"]["code"] == "not_ours"
    assert "enom-bridge mailboxes adopt ann@example.com --source shop --service-id 7 --apply" in house.ok(
        "jobs", "explain", failed["job"]
    )

    house.ok("mailboxes", "adopt", "ann@example.com", "--source", "shop", "--service-id", "7", "--apply")
    again = house.json("jobs", "retry", failed["job"])["items"][0]["job"]

    until(lambda: house.json("jobs", "show", again)["status"] == "succeeded")
    assert f"enom-bridge jobs explain {again}" in house.ok("jobs", "explain", failed["job"])
    assert f"try job {failed['job']} again" in house.ok("jobs", "explain", again)


def test_a_job_that_safety_held_goes_on_when_it_is_approved(house: House) -> None:
    house.configure(safety__max_terminations_per_hour=1)
    house.start()
    for name in ("ann", "bob"):
        house.send("mailbox.create", f"{name}@example.com", service_id=name)
    house.send("mailbox.terminate", "ann@example.com", service_id="ann")
    held = house.send("mailbox.terminate", "bob@example.com", service_id="bob")
    assert held["status"] == "held"
    assert [item["id"] for item in house.json("jobs", "list", "--status", "held")["items"]] == [held["job"]]
    assert f"Next: If this is right: enom-bridge jobs approve {held['job']}" in house.ok("jobs", "explain", held["job"])

    goes_on = house.json("jobs", "approve", held["job"])["items"][0]["job"]

    until(lambda: house.json("jobs", "show", goes_on)["status"] == "succeeded")
    assert "approved it" in house.ok("jobs", "explain", goes_on)


def test_a_waiting_job_is_cancelled_and_says_that_no_worker_runs(house: House) -> None:
    house.start(work=False)
    job = house.send("mailbox.create")["job"]
    assert "start enom-bridge serve" in house.ok("jobs", "explain", job)

    result = house.run("jobs", "cancel", job)

    assert result.exit_code == 0
    assert "No worker is running" in result.stderr
    assert house.json("jobs", "show", job)["status"] == "cancelled"


def test_what_cannot_be_done_is_said_and_the_rest_is_done(house: House) -> None:
    house.start(work=False)
    first, second = (house.send("mailbox.create", f"{name}@example.com")["job"] for name in ("ann", "bob"))
    house.ok("jobs", "cancel", first)

    result = house.run("jobs", "cancel", first, "job_none", second)

    assert result.exit_code == 1
    assert f"Job {first} is cancelled: it has ended" in result.stderr
    assert "no job 'job_none'" in result.stderr and "enom-bridge jobs list" in result.stderr
    assert house.json("jobs", "show", second)["status"] == "cancelled"


def test_an_unknown_job_is_exit_code_1_and_a_missing_id_2(house: House) -> None:
    house.start()

    assert "enom-bridge jobs list" in house.refused("jobs", "explain", "job_none")
    house.refused("jobs", "explain", code=2)
