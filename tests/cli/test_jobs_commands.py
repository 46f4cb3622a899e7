"""`jobs`: from the list to the story and the next command, against a bridge that works."""

from tests.cli.conftest import House
from tests.support.billing import until
from tests.support.bridge import PASSWORD


def test_explain_tells_a_success_from_the_hook_to_the_callback(house: House) -> None:
    house.start()
    job = house.send("mailbox.create", plan="basic")["job"]
    until(
        lambda: house.json("callbacks", "list", "--job", job)["items"][0]["status"] == "delivered"
    )

    text = house.ok("jobs", "explain", job)

    reported = [
        "billing (shop) asked to create ann@example.com for service 7",
        "Read from the mail provider: no such mailbox",
        "Plan: create the mailbox in pak",
        "SetUpPOP3User was sent at",
        "The mail provider accepted it",
        "existence, suspension and plan confirmed by a read from the mail provider; password "
        "accepted by the mail provider",
        "Succeeded at",
        "Callback delivered at",
        "Next: Nothing to do.",
    ]
    assert [line for line in reported if line not in text] == []
    assert PASSWORD not in text


def test_explain_of_a_lost_answer_says_that_nobody_knew_and_how_it_was_found_out(
    house: House,
) -> None:
    house.start()
    house.sim.control("/faults", {"command": "SetUpPOP3User", "fault": "drop_after"})
    job = house.send("mailbox.create")["job"]

    text = house.ok("jobs", "explain", job)

    assert "the outcome is unknown" in text
    assert "existence and suspension confirmed by a read from the mail provider" in text
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
    house.sim.control(
        "/mailboxes", {"address": "ann@example.com", "password": "Old-Secret.1", "settled": True}
    )
    failed = house.send("mailbox.suspend")
    assert failed["error"]["code"] == "not_ours"
    assert (
        "enom-bridge mailboxes adopt ann@example.com --source shop --service-id 7 --apply"
        in house.ok("jobs", "explain", failed["job"])
    )

    house.ok(
        "mailboxes", "adopt", "ann@example.com", "--source", "shop", "--service-id", "7", "--apply"
    )
    again = house.json("jobs", "retry", failed["job"])["items"][0]["job"]

    until(lambda: house.json("jobs", "show", again)["status"] == "succeeded")
    assert f"enom-bridge jobs explain {again}" in house.ok("jobs", "explain", failed["job"])
    assert f"an admin retried job {failed['job']}" in house.ok("jobs", "explain", again)


def test_a_job_that_safety_held_goes_on_when_it_is_approved(house: House) -> None:
    house.configure(safety__max_terminations_per_hour=1)
    house.start()
    for name in ("ann", "bob"):
        house.send("mailbox.create", f"{name}@example.com", service_id=name)
    house.send("mailbox.terminate", "ann@example.com", service_id="ann")
    held = house.send("mailbox.terminate", "bob@example.com", service_id="bob")
    assert held["status"] == "held"
    assert [item["id"] for item in house.json("jobs", "list", "--status", "held")["items"]] == [
        held["job"]
    ]
    assert f"Next: If this is right: enom-bridge jobs approve {held['job']}" in house.ok(
        "jobs", "explain", held["job"]
    )

    goes_on = house.json("jobs", "approve", held["job"])["items"][0]["job"]

    until(lambda: house.json("jobs", "show", goes_on)["status"] == "succeeded")
    assert "an admin approved job" in house.ok("jobs", "explain", goes_on)


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
    first, second = (
        house.send("mailbox.create", f"{name}@example.com")["job"] for name in ("ann", "bob")
    )
    house.ok("jobs", "cancel", first)

    result = house.run("jobs", "cancel", first, "job_none", second)

    assert result.exit_code == 1
    assert f"Job {first} was already cancelled" in result.stderr
    assert "no job 'job_none'" in result.stderr and "enom-bridge jobs list" in result.stderr
    assert house.json("jobs", "show", second)["status"] == "cancelled"


def test_an_unknown_job_is_exit_code_1_and_a_missing_id_2(house: House) -> None:
    house.start()

    assert "enom-bridge jobs list" in house.refused("jobs", "explain", "job_none")
    house.refused("jobs", "explain", code=2)


def held_by_the_limit(house: House, *names: str) -> list[str]:
    """Deletions of these mailboxes, which the hourly limit holds."""
    house.configure(safety__max_terminations_per_hour=1)
    house.start()
    for name in ("first", *names):
        house.send("mailbox.create", f"{name}@example.com", service_id=name)
    house.send("mailbox.terminate", "first@example.com", service_id="first")
    jobs = [
        house.send("mailbox.terminate", f"{name}@example.com", service_id=name) for name in names
    ]
    assert {job["status"] for job in jobs} == {"held"}
    return [job["job"] for job in jobs]


def test_where_nobody_can_be_told_a_rejection_does_not_say_that_billing_is_told(
    house: House,
) -> None:
    (job,) = held_by_the_limit(house, "bob")
    house.path.write_text(
        house.path.read_text().replace(f'callback = "{house.billing.url}"', 'callback = ""')
    )

    said = house.ok("jobs", "reject", job)

    assert "a callback tells billing" not in said and "its source has no callback" in said


def test_a_list_tells_which_held_jobs_were_decided_already(house: House) -> None:
    """A held job stays held when it goes on as another one: without this, each is looked at
    again every day."""
    bob, cid = held_by_the_limit(house, "bob", "cid")

    goes_on = house.json("jobs", "approve", bob)["items"][0]["job"]

    assert f"was already approved, as {goes_on}" in house.refused("jobs", "reject", bob)
    assert "Next: It was approved. Continue with:" in house.ok("jobs", "explain", bob)
    listed = house.ok("jobs", "list", "--status", "held").splitlines()
    assert "CODE" in listed[0] and all("unsafe" in line for line in listed[1:])
    assert [f"Continues as {goes_on}." in line for line in listed if bob in line] == [True]
    assert ["Continues as" in line for line in listed if cid in line] == [False]
    as_json = {
        row["id"]: row["tried_again_as"]
        for row in house.json("jobs", "list", "--status", "held")["items"]
    }
    assert as_json == {bob: goes_on, cid: None}


def test_a_held_job_is_rejected_and_billing_is_told(house: House) -> None:
    (job,) = held_by_the_limit(house, "bob")
    assert f"if not: enom-bridge jobs reject {job}" in house.ok("jobs", "explain", job)

    assert "is rejected; a callback tells billing." in house.ok(
        "jobs", "reject", job, "--reason", "The customer\nstays."
    )

    shown = house.json("jobs", "show", job)
    assert (shown["status"], shown["code"]) == ("cancelled", "rejected")
    assert shown["error"]["detail"] == "Rejected by an admin: The customer stays."
    until(
        lambda: (
            [body["type"] for body in house.billing.received if body["data"]["job"] == job]
            == ["job.held", "job.cancelled"]
        )
    )
    assert house.json("jobs", "list", "--status", "held")["items"] == []
    assert "is cancelled; only held jobs can be rejected" in house.refused("jobs", "reject", job)
    assert "nobody" not in house.refused("jobs", "reject", job, "--reason", "x" * 201, code=2)


def test_several_are_decided_after_they_were_shown(house: House) -> None:
    bob, cat, dan = held_by_the_limit(house, "bob", "cat", "dan")
    house.ok("jobs", "reject", dan)

    shown = house.run(
        "jobs", "approve", "--code", "unsafe", "--action", "mailbox.terminate", "--source", "shop"
    )
    assert bob in shown.stdout and cat in shown.stdout and dan not in shown.stdout
    assert (
        "Nothing changed yet. To approve these 2, run the same command with --apply" in shown.stdout
    )
    agreed = house.json("jobs", "approve", "--code", "unsafe")["checksum"]
    assert f"--apply {agreed}" in shown.stdout, "what is shown counts, and not how it was asked for"

    house.ok("jobs", "reject", cat)
    assert "nothing was done" in house.refused(
        "jobs", "approve", "--code", "unsafe", "--apply", agreed
    )
    assert house.json("jobs", "show", bob)["status"] == "held"
    agreed = house.json("jobs", "approve", "--code", "unsafe")["checksum"]
    (receipt,) = house.json("jobs", "approve", "--code", "unsafe", "--apply", agreed)["items"]
    until(lambda: house.json("jobs", "show", receipt["job"])["status"] == "succeeded")


def test_jobs_or_filters_and_not_both_nor_neither(house: House) -> None:
    house.start(work=False)
    for arguments in ((), ("job_1", "--source", "shop")):
        assert "either job ids or filters" in house.refused("jobs", "approve", *arguments, code=2)
    assert "--apply is for filters" in house.refused(
        "jobs", "reject", "job_1", "--apply", "abc", code=2
    )
    assert house.json("jobs", "retry", "--source", "shop") == {
        "items": [], "left": [], "next": None, "checksum": house.json("jobs", "retry", "--code", "unclear")["checksum"],
    }  # fmt: skip


def test_a_value_that_nothing_can_have_is_wrong_usage_and_the_nearest_are_named(
    house: House,
) -> None:
    house.start(work=False)
    for arguments, reported in (
        (
            ("jobs", "list", "--status", "hled"),
            "--status: there is no status 'hled'; there are: queued, ",
        ),
        (("jobs", "list", "--status", "hled"), "did you mean held or failed?"),
        (
            ("jobs", "list", "--source", "shob"),
            "--source: there is no source 'shob'; there are: shop; did you mean shop?",
        ),
        (("jobs", "list", "--account", "mian"), "did you mean main?"),
        (("jobs", "list", "--action", "mailbox.create_"), "did you mean mailbox.create"),
        (("jobs", "list", "--code", "unsave"), "did you mean unsafe"),
        (("jobs", "retry", "--code", "unsave"), "did you mean unsafe"),
        (("hooks", "list", "--status", "parkd"), "did you mean parked?"),
        (("hooks", "list", "--type", "mailbox.suspnd"), "did you mean mailbox.suspend"),
        (("callbacks", "list", "--status", "exhaustd"), "did you mean exhausted?"),
        (("callbacks", "list", "--source", "shob"), "did you mean shop?"),
        (("mailboxes", "list", "--state", "suspnded"), "did you mean suspended?"),
        (("mailboxes", "list", "--account", "mian"), "did you mean main?"),
        (("audit", "list", "--action", "aprove"), "did you mean approve?"),
    ):
        assert reported in house.refused(*arguments, code=2)
    for what, name, value in (("jobs", "--status", "held"), ("jobs", "--source", "shop"), ("audit", "--action", "pause"),
                              ("hooks", "--type", "mailbox.renew"), ("mailboxes", "--state", "absent")):  # fmt: skip
        assert house.json(what, "list", name, value)["items"] == []


def test_addresses_are_found_by_a_part_of_them(house: House) -> None:
    house.start(work=False)
    for address in ("john.doe@example.com", "johnny@example.net", "bob_x@example.com"):
        house.send("mailbox.create", address)

    def found(part: str, what: str = "jobs") -> list[str]:
        return sorted(
            item["address"] for item in house.json(what, "list", "--address", part)["items"]
        )

    for what in ("jobs", "hooks", "mailboxes"):
        assert found("john", what) == ["john.doe@example.com", "johnny@example.net"]
        assert found("Example.NET", what) == found("@example.net", what) == ["johnny@example.net"]
    assert found("John.Doe@example.com") == ["john.doe@example.com"]
    assert found("doe@example.com") == [], "a whole address is that one alone"
    assert found("_") == ["bob_x@example.com"] and found("%") == [], "no sign stands for another"


def test_what_is_parked_is_dismissed_by_the_id_that_the_list_names(house: House) -> None:
    house.start(work=False)
    assert "errors" in house.send("mailbox.create", password="a b")
    (item,) = house.json("hooks", "list", "--status", "parked")["items"]
    assert item["id"] == item["hook_id"]
    assert f"enom-bridge hooks dismiss {item['id']}" in house.ok("hooks", "show", item["id"])

    assert " dismissed." in house.ok("hooks", "dismiss", item["id"], "--reason", "A test of ours.")

    assert house.json("hooks", "list", "--status", "parked")["items"] == []
    assert "Dismissed." in house.ok("hooks", "show", item["id"])
    assert house.json("hooks", "show", item["id"])["body_kept"] is False
    assert "already dismissed" in house.refused("hooks", "dismiss", item["id"])
    assert "was dismissed" in house.run("replay", item["id"]).output
    assert (
        house.json("audit", "list", "--action", "dismiss")["items"][0]["detail"]
        == "A test of ours."
    )
