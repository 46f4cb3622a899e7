"""`hooks` and `replay`: what came, what it would do now, and acting only on what was shown."""

import json
import re
from pathlib import Path

from tests.cli.conftest import House
from tests.support.billing import until
from tests.support.bridge import PASSWORD, add_domain

SAMPLES = Path(__file__).parents[2] / "hooks" / "standard" / "samples"


def checksum(text: str) -> str:
    found = re.search(r"--apply ([0-9a-f]{12})$", text, re.MULTILINE)
    assert found, text
    return found[1]


def park(house: House) -> None:
    """A hook that the configured platform cannot read: WHMCS counts its services, and this is no
    number."""
    house.configure(source__platform="whmcs")
    house.start()
    house.send("mailbox.create", id="msg_parked", service_id="box-7")


def test_a_parked_delivery_shows_each_faulty_field_and_no_value(house: House) -> None:
    park(house)

    text = house.ok("hooks", "show", "msg_parked")

    assert "data.service_id" in text and "enom-bridge replay msg_parked" in text
    assert "correct it in billing" in text and "enom-bridge hooks dismiss msg_parked" in text
    assert PASSWORD not in text + house.run("hooks", "show", "msg_parked", "--json").stdout
    assert [
        item["hook_id"] for item in house.json("hooks", "list", "--status", "parked")["items"]
    ] == ["msg_parked"]


def test_an_empty_type_is_a_dash_in_the_list(house: House) -> None:
    house.start()
    house.send("", id="msg_typeless")
    heads, row = (re.split(r"  +", line) for line in house.ok("hooks", "list").splitlines())
    assert dict(zip(heads, row, strict=False))["TYPE"] == "-"


def test_a_hook_shows_its_jobs_and_where_the_story_is(house: House) -> None:
    house.start()
    job = house.send("mailbox.create", id="msg_1")["job"]

    assert house.json("hooks", "show", "msg_1")["jobs"][0] | {"created_at": 0} == {
        **{"id": job, "action": "mailbox.create", "address": "ann@example.com", "service_id": "7"},
        **{
            "status": "succeeded",
            "waiting_for": None,
            "message": "Mailbox created and confirmed.",
            "created_at": 0,
        },
    }
    assert f"enom-bridge jobs explain {job}" in house.ok("hooks", "show", "msg_1")
    assert "enom-bridge hooks list" in house.refused("hooks", "show", "msg_none")


def test_a_parked_hook_that_still_cannot_be_read_says_why(house: House) -> None:
    park(house)

    result = house.run("replay", "msg_parked")

    assert result.exit_code == 1
    assert "cannot be done: data.service_id" in result.stdout and "--apply" not in result.stdout


def test_a_parked_hook_that_can_be_read_by_now_becomes_a_job_under_its_id(house: House) -> None:
    park(house)
    house.configure(source__platform="standard")
    house.start()

    shown = house.ok("replay", "msg_parked")
    assert "plan: create the mailbox in pak" in shown
    assert house.json("jobs", "list")["items"] == []
    applied = house.ok("replay", "msg_parked", "--apply", checksum(shown))

    assert "is queued" in applied
    job = house.json("hooks", "show", "msg_parked")["jobs"][0]["id"]
    until(lambda: house.json("jobs", "show", job)["status"] == "succeeded")
    assert house.billing.wait_for(1)[0]["data"]["hook"] == "msg_parked"
    assert (
        house.sim.control("/state")["domains"]["example.com"]["mailboxes"]["ann@example.com"][
            "password"
        ]
        == PASSWORD
    )


def test_a_failed_hook_is_tried_again_when_its_plan_is_possible_now(house: House) -> None:
    house.start()
    failed = house.send("mailbox.create", "ann@example.net", id="msg_1")
    assert failed["error"]["code"] == "domain_not_in_account"
    assert house.run("replay", "msg_1").exit_code == 1
    add_domain(house.sim, "example.net")

    shown = house.ok("replay", "msg_1")
    again = house.json("replay", "msg_1", "--apply", checksum(shown))["items"][0]["receipt"]

    assert again["hook"] == "msg_1" and again["job"] != failed["job"]
    until(lambda: house.json("jobs", "show", again["job"])["status"] == "succeeded")


def test_a_plan_that_has_changed_since_it_was_shown_is_not_done(house: House) -> None:
    house.start()
    house.send("mailbox.create", "ann@example.net", id="msg_1")
    add_domain(house.sim, "example.net")
    old = checksum(house.ok("replay", "msg_1"))
    house.sim.control(
        "/paks",
        {"domain": "example.net", "size": 10, "expires": "2033-01-01T00:00:00Z", "kind": "pak"},
    )

    result = house.run("replay", "msg_1", "--apply", old)

    assert result.exit_code == 1
    assert f"changed since {old}, so nothing was done" in result.stderr
    assert len(house.json("jobs", "list")["items"]) == 1


def test_one_checksum_never_stands_for_the_same_plan_of_another_mailbox(house: House) -> None:
    house.start()
    sums = {
        house.json("replay", write(house, f"{name}@example.com"))["checksum"]
        for name in ("ann", "bob")
    }

    assert len(sums) == 2


def test_a_hook_that_succeeded_needs_nothing_and_is_not_tried_again(house: House) -> None:
    house.start()
    house.send("mailbox.create", id="msg_1")
    house.send("mailbox.suspend", id="msg_2")
    shown = house.ok("replay", "msg_2")
    assert "nothing to send, it is so already at the mail provider" in shown

    assert "only held or failed jobs" in house.refused(
        "replay", "msg_2", "--apply", checksum(shown)
    )


def test_a_file_is_planned_without_a_signature_and_done_only_when_applied(house: House) -> None:
    house.start()
    sample = str(SAMPLES / "mailbox.create")

    shown = house.ok("replay", sample)
    assert (
        "mailbox.create of john@example.com for service mailbox-7" in shown
        and "Sample-Pass" not in shown
    )
    receipt = house.json("replay", sample, "--apply", checksum(shown))["items"][0]["receipt"]

    assert (
        receipt["hook"]
        == json.loads((SAMPLES / "mailbox.create" / "headers.json").read_text())["webhook-id"]
    )
    until(lambda: house.json("jobs", "show", receipt["job"])["status"] == "succeeded")
    # The id was used: the same file starts nothing more.
    again = house.ok("replay", sample)
    assert (
        house.json("replay", sample, "--apply", checksum(again))["items"][0]["receipt"]["job"]
        == receipt["job"]
    )


def test_a_body_alone_gets_an_id_of_its_own(house: House) -> None:
    house.start()
    file = write(house, "ann@example.com")

    receipt = house.json("replay", file, "--apply", house.json("replay", file)["checksum"])[
        "items"
    ][0]["receipt"]

    assert receipt["hook"].startswith("replay_")


def test_a_paused_source_gets_no_job_from_a_file(house: House) -> None:
    house.start()
    file = write(house, "ann@example.com")
    house.ok("pause", "source", "shop")

    assert "enom-bridge resume source shop" in house.refused(
        "replay", file, "--apply", house.json("replay", file)["checksum"]
    )


def test_wrong_use_is_exit_code_2(house: House, tmp_path: Path) -> None:
    house.start()
    (tmp_path / "headers.json").write_text("[]")
    (tmp_path / "body.json").write_text("{}")

    assert "no such file" in house.refused("replay", "./none.json", code=2)
    assert "shop" in house.refused(
        "replay", write(house, "ann@example.com"), "--source", "else", code=2
    )
    assert "headers.json is not a JSON object" in house.refused("replay", str(tmp_path), code=2)
    assert "enom-bridge hooks list" in house.refused("replay", "msg_none")


def write(house: House, address: str) -> str:
    file = house.folder / f"{address}.json"
    data = {"service_id": "7", "address": address, "password": PASSWORD}
    file.write_text(
        json.dumps({"type": "mailbox.create", "timestamp": "2026-01-01T00:00:00Z", "data": data})
    )
    return str(file)


def test_what_takes_a_hook_back_is_shown_with_its_job_and_is_not_replayed(
    house: House, tmp_path: Path
) -> None:
    house.start()
    job = house.send("mailbox.create", id="msg_1")["job"]
    assert house.running
    back = "send", "job.withdraw", "--source", "shop", "--url", house.running.url
    house.ok(*back, "--hook", "msg_2", "--id", "msg_back")
    house.run(*back, "--hook", "msg_1", "--id", "msg_more")

    assert f"enom-bridge jobs explain {job}" in house.ok("hooks", "show", "msg_more")
    assert [
        item["hook_id"] for item in house.json("hooks", "list", "--type", "job.withdraw")["items"]
    ] == [
        "msg_more",
        "msg_back",
    ]
    assert "nothing to replay" in house.refused("replay", "msg_more")
    file = tmp_path / "withdraw.json"
    file.write_text(
        '{"type": "job.withdraw", "timestamp": "2026-11-22T17:39:00Z", "data": {"hook": "msg_1"}}'
    )
    result = house.run("replay", str(file))
    assert (result.exit_code, "withdraws a hook" in result.stdout) == (1, True)


def test_a_hook_of_a_whole_service_has_a_dash_for_its_address(house: House) -> None:
    house.start()
    house.send("service.suspend", address=None)
    assert re.search(r"service\.suspend +- +succeeded", house.ok("hooks", "list"))
