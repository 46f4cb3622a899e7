"""`mailboxes`, `pause`, `resume`, `callbacks`, `config note-secret`."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from bridge import config, wiring
from bridge.infra.crypto import Sealer
from bridge.store.queue import brake
from hooks import signing
from tests.cli.conftest import House
from tests.support.billing import until
from tests.support.bridge import HOSTED_PASSWORD, PASSWORD, TOKEN
from tests.support.names import NameServer

ADOPT = ("mailboxes", "adopt", "Ann@Example.com", "--source", "shop", "--service-id", "7")


def foreign(house: House, **more: Any) -> None:
    """A mailbox that was at Enom before the bridge."""
    house.sim.control(
        "/mailboxes",
        {"address": "ann@example.com", "password": "Old-Secret.1", "settled": True, **more},
    )


def test_adopting_shows_what_would_change_and_writes_only_when_told(house: House) -> None:
    house.start()
    foreign(house)

    shown = house.ok(*ADOPT)
    assert "service 7 of shop" in shown and "Nothing changed yet" in shown
    assert house.json("mailboxes", "list")["items"] == []
    assert house.json(*ADOPT, "--apply")["applied"] is True

    known = house.json("mailboxes", "show", "ann@example.com")
    assert (known["source"], known["service_id"]) == ("shop", "7")
    assert house.send("mailbox.change_password", password=PASSWORD)["status"] == "succeeded"
    assert house.json(*ADOPT)["changes"] is False


def test_adopting_warns_of_the_former_owner_and_of_a_suspension_that_is_not_ours(
    house: House,
) -> None:
    house.start()
    house.send("mailbox.create", service_id="1")
    services = dict.fromkeys(
        ("imap", "pop", "receiving", "sending", "webmail_sending", "webmail"), "suspended"
    )
    names = {
        "imap": "service_imap4",
        "pop": "service_pop3",
        "receiving": "service_smtpin",
        "sending": "service_smtprelay",
    }
    names |= {"webmail_sending": "service_smtprelay_webmail", "webmail": "service_webmail"}
    body = {
        "address": "ann@example.com",
        "services": {names[name]: state for name, state in services.items()},
    }
    house.sim.control("/services", {**body, "settled": True})

    shown = house.json(*ADOPT)

    assert shown["owner_now"] == "service 1 of shop" and shown["state_at_enom"] == "suspended"
    assert "will then be refused (not_ours)" in shown["remarks"][0]
    assert "not by this bridge" in shown["remarks"][1]


def test_adopting_calls_off_a_deletion_after_grace(house: House) -> None:
    house.configure(safety__terminate_grace_days=3)
    house.start()
    house.send("mailbox.create", service_id="1")
    house.send("mailbox.terminate", service_id="1")

    assert "is called off" in house.json(*ADOPT, "--apply")["remarks"][1]
    assert house.json("mailboxes", "show", "ann@example.com")["delete_after"] is None
    assert house.send("mailbox.unsuspend")["status"] == "succeeded"


def test_what_cannot_be_adopted_is_said(house: House) -> None:
    house.configure(source__domains=["example.com", "example.net"])
    house.start()

    assert "the mail provider does not list it" in house.refused(*ADOPT)
    assert "may not use" in house.refused("mailboxes", "adopt", "a@example.org", *ADOPT[3:])
    assert "the source's `domains`" in house.refused(
        "mailboxes", "adopt", "a@example.org", *ADOPT[3:]
    )
    assert "Enom" in house.refused("mailboxes", "adopt", "a@example.net", *ADOPT[3:])
    assert "it has shop" in house.refused(
        *ADOPT[:3], "--source", "else", "--service-id", "7", code=2
    )
    assert "Send one like" in house.refused("mailboxes", "adopt", "ann", *ADOPT[3:], code=2)
    assert "enom-bridge mailboxes list" in house.refused("mailboxes", "show", "nobody@example.com")


def test_a_paused_account_takes_hooks_and_sends_nothing_until_it_is_resumed(house: House) -> None:
    house.start()
    assert "hooks are still accepted" in house.ok(
        "pause", "account", "main", "--reason", "Enom works on it."
    )
    job = house.billing.send(
        house.running.hooks,
        "mailbox.create",
        service_id="7",
        address="ann@example.com",
        password=PASSWORD,
    ).json()["job"]  # type: ignore[union-attr]

    text = house.ok("jobs", "explain", job)
    assert "Enom works on it" in text and "Next: An admin paused account main" in text
    assert house.json("resume", "account", "main") == {"account": "main", "paused": False}

    until(lambda: house.json("jobs", "show", job)["status"] == "succeeded")


def test_a_paused_source_is_answered_503_until_it_is_resumed(house: House) -> None:
    house.start()
    assert "503" in house.ok("pause", "source", "shop")
    data = {"service_id": "7", "address": "ann@example.com", "password": PASSWORD}
    assert house.running
    assert house.billing.send(house.running.hooks, "mailbox.create", **data).status_code == 503

    house.ok("resume", "source", "shop")

    assert house.billing.send(house.running.hooks, "mailbox.create", **data).status_code == 202


def test_the_reason_of_a_paused_source_is_shown_to_whoever_looks(house: House) -> None:
    house.start()
    house.ok("pause", "source", "shop", "--reason", "Billing moves house.")
    assert "Paused (Billing moves house); its hooks are answered 503." in house.run("doctor").stdout
    house.ok("resume", "source", "shop")
    house.ok("pause", "source", "shop")
    assert "Paused (by an admin); its hooks are answered 503." in house.run("doctor").stdout
    house.ok("resume", "source", "shop")
    assert "moves house" not in house.run("doctor").stdout
    assert "Source shop was not paused." in house.ok("resume", "source", "shop")


def test_a_pause_of_an_account_says_who_paused_it_and_why(house: House) -> None:
    house.start()
    house.ok("pause", "account", "main", "--reason", "Moving house")
    shown = house.run("doctor").stdout
    assert "Paused by an admin: Moving house. To resume: enom-bridge resume account main" in shown
    house.ok("resume", "account", "main")
    house.ok("pause", "account", "main")
    assert "account main: Paused by an admin. To resume: " in house.run("doctor").stdout


def test_a_mailbox_is_shown_with_sizes_and_without_what_means_nothing(house: House) -> None:
    house.start()
    house.send("mailbox.create", plan="basic")
    house.send("mailbox.change_plan", plan="large")
    shown = house.ok("mailboxes", "show", "ann@example.com")
    assert re.search(r"^size +\d+ GB$", shown, re.M)
    assert "settles at" not in shown and "sessions ended" not in shown and "quota" not in shown
    assert {"settles_at", "quota", "sessions_ended"} <= set(
        house.json("mailboxes", "show", "ann@example.com")
    )


def test_a_mailbox_is_shown_with_its_aliases_and_its_forwarding(house: House) -> None:
    house.start()
    house.send("mailbox.create")
    assert "aliases" not in house.ok("mailboxes", "show", "ann@example.com")
    house.send("mailbox.set_aliases", aliases=["info@example.com", "a@example.com"])
    house.send("mailbox.set_forwarding", forward_to=["out@example.org"], keep_copy=False)
    shown = house.ok("mailboxes", "show", "ann@example.com")
    assert re.search(r"^aliases +a@example.com, info@example.com$", shown, re.M)
    assert re.search(r"^forwarding +forward_to: out@example.org, keep_copy: no$", shown, re.M)


def test_suspensions_that_were_stopped_go_on_when_a_person_says_so_and_a_pause_is_another_thing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brake, "FLOOR", 1)
    house.configure(safety__max_suspended_share=0.5)
    house.start(work=False)
    house.send("mailbox.suspend")
    assert house.send("mailbox.suspend", "bob@example.com", "8")["status"] == 503
    result = (
        "It sent 1 suspensions within an hour, of 0 mailboxes (1 are always allowed); further "
        "suspensions are answered 503."
    )
    assert result in house.run("doctor").stdout
    house.ok("pause", "source", "shop")
    still = house.ok("resume", "source", "shop")
    assert (
        "Its hooks are accepted." in still
        and "still refused" in still
        and "run this command again" in still
    )
    assert "Suspensions of source shop are accepted again." in house.ok("resume", "source", "shop")
    assert house.send("mailbox.suspend", "bob@example.com", "8")["status"] == "queued"


def test_a_receiver_that_does_not_answer_is_told_of_each_callback_that_waits_for_it(
    house: House,
) -> None:
    house.configure(source__callback="http://127.0.0.1:9/")
    house.start()
    for nth in range(3):
        house.send("mailbox.suspend", f"box{nth}@example.com", str(nth))
    rows = until(lambda: waits_for_the_receiver(house))
    assert {row["receiver_tries"] for row in rows} != {0} and all(
        row["receiver_after"] for row in rows
    )
    text = house.ok("callbacks", "list")
    assert "WAITING FOR" in text and "receiver" in text
    explained = house.ok("jobs", "explain", rows[0]["job_id"])
    assert (
        "the receiver has not answered" in explained
        and "as soon as it answers, all are sent" in explained
    )
    assert "The receiver of callbacks has not answered" in house.run("doctor").stdout


def waits_for_the_receiver(house: House) -> list[dict[str, Any]] | None:
    rows: list[dict[str, Any]] = house.json("callbacks", "list")["items"]
    return (
        rows if len(rows) == 3 and all(row["waiting_for"] == "receiver" for row in rows) else None
    )


def test_what_is_not_in_the_configuration_cannot_be_paused(house: House) -> None:
    house.start()

    assert "no account 'else'" in house.refused("pause", "account", "else")
    assert "no source 'else'" in house.refused("resume", "source", "else")
    house.refused("pause", "everything", "main", code=2)


def test_a_callback_that_was_refused_for_good_is_sent_again(house: House) -> None:
    house.billing.answers = [(410, {})]
    house.start()
    job = house.send("mailbox.create")["job"]
    until(
        lambda: house.json(
            "callbacks", "list", "--status", "stopped", "--address", "ann@example.com"
        )["items"]
    )
    callback = house.json("callbacks", "list")["items"][0]["id"]
    assert f"enom-bridge callbacks resend {callback}" in house.ok("jobs", "explain", job)

    house.ok("callbacks", "resend", callback)

    assert house.billing.wait_for(1)[0]["id"] == callback
    assert "enom-bridge callbacks list" in house.refused("callbacks", "resend", "cb_none")


def test_the_note_secret_verifies_what_the_bridge_signs(house: House) -> None:
    secret = house.json("config", "note-secret")["secret"]
    keys = config.load(house.path, {}).bridge.key_bytes()
    now = datetime.now(UTC)
    headers = signing.sign("note_1", int(now.timestamp()), b"{}", wiring.note_secret(Sealer(keys)))

    assert Webhook(secret).verify(b"{}", headers) == {}
    assert house.ok("config", "note-secret").strip() == secret


def test_no_list_or_object_shows_a_secret(house: House) -> None:
    house.start()
    job = house.send("mailbox.create", id="msg_1")["job"]
    views = [(what, "list", "--all") for what in ("hooks", "jobs", "mailboxes", "callbacks")]
    views += [
        ("hooks", "show", "msg_1"),
        ("jobs", "show", job),
        ("mailboxes", "show", "ann@example.com"),
    ]

    for view in views:
        shown = house.ok(*view) + house.ok(*view, "--json")
        assert [
            secret
            for secret in (PASSWORD, TOKEN, HOSTED_PASSWORD, "digest", "sealed")
            if secret in shown
        ] == []


def test_showing_a_mailbox_says_whether_its_domain_receives_mail_and_what_to_set(
    house: House,
) -> None:
    names = NameServer()
    try:
        host, port = names.address
        house.configure(bridge__resolver=f"{host}:{port}", account__mail_hosts=["hostedemail.com"])
        house.start()
        house.send("mailbox.create")
        names.put("example.com", [], "v=spf1 include:_spf.hostedemail.com ~all")

        shown = house.ok("mailboxes", "show", "ann@example.com")
        assert "no. It has no MX record" in shown
        assert "example.com. MX 10 mx.example.com.cust.a.hostedemail.com." in shown
        assert "mx: missing. It has no MX record" in shown and "sends mail" in shown
        assert '_dmarc.example.com. TXT "v=DMARC1; p=none"' in shown
        asked = len(names.asked)
        assert (
            house.json("mailboxes", "show", "ann@example.com")["receives_mail"]["status"]
            == "not_ready"
        )
        whole = house.json("mailboxes", "show", "ann@example.com")["readiness"]
        assert (whole["receives"], whole["sends"]) == ("not_ready", "ready")
        assert len(names.asked) == asked, "kept"
    finally:
        names.close()
