"""`mailboxes import`: shown before it is written, counts first, and every way that it can be
given wrongly."""

from pathlib import Path

import pytest

from bridge.reconcile.matching import Finding, Group
from tests.cli.conftest import House
from tests.support.bridge import TOKEN, add_domain

OLD = "Old-Secret.1"
IMPORT = ("mailboxes", "import", "--source", "shop")


def furnish(house: House) -> None:
    """Enom as it was before the bridge."""
    add_domain(house.sim, "example.net")
    for address in ("ann@example.com", "bob@example.com", "old@example.com"):
        house.sim.control("/mailboxes", {"address": address, "password": OLD, "settled": True})
    barred = {
        "address": "dee@example.net",
        "password": OLD,
        "settled": True,
        "suspended_by": "higher",
    }
    house.sim.control("/mailboxes", barred)
    house.start()


def listed(house: House, *rows: str, header: str = "service_id,address,plan") -> str:
    path = house.folder / "services.csv"
    path.write_text("\n".join((header, *rows, "")))
    return str(path)


def usual(house: House) -> tuple[str, ...]:
    furnish(house)
    rows = (
        "1,ann@example.com,basic",
        "2,Bob@Example.com,gold",
        "3,dee@example.net,",
        "4,gone@example.com,",
        "5,fay@example.org,",
    )
    return (*IMPORT, "--csv", listed(house, *rows))


def test_it_is_shown_first_and_nothing_is_written(house: House) -> None:
    command = usual(house)

    shown = house.ok(*command)

    assert shown.splitlines()[:9] == [
        "Compared for shop: services.csv (services: 5) with account main (domains: 3).",
        "",
        "      3  to adopt: at the mail provider, and owned by no service",
        (
            "         1 [1] Its plan in the file is not in "
            "[plans] in bridge.toml (known: basic, large)."
        ),
        (
            "         1 [2] It is suspended, but not by this bridge: an unsuspend will be held "
            "until it is unsuspended at the mail provider."
        ),
        "      1  at the mail provider, but not in services.csv",
        "      1  in services.csv, but not at the mail provider",
        "      1  in domains that are not in this account",
        "",
    ]
    assert "\n  old@example.com, active\n" in shown
    assert "\n  dee@example.net (service 3), suspended [2]\n" in shown
    assert "\n  gone@example.com (service 4)\n" in shown
    assert "\n  example.org (1 mailbox): Enom refused (error" in shown
    assert shown.endswith("Nothing changed yet. To adopt 3, run the same command with --apply.\n")
    assert house.json("mailboxes", "list")["items"] == []
    assert not any(secret in shown for secret in (OLD, TOKEN))


def test_applied_it_takes_over_what_is_nobodys_and_can_be_given_again(house: House) -> None:
    command = usual(house)

    assert "Adopted: 3." in house.ok(*command, "--apply")

    owners = {
        item["address"]: (item["service_id"], item["state"])
        for item in house.json("mailboxes", "list")["items"]
    }
    assert owners == {
        "ann@example.com": ("1", "active"),
        "bob@example.com": ("2", "active"),
        "dee@example.net": ("3", "suspended"),
    }
    again = house.ok(*command, "--apply")
    assert "      3  already owned by these services" in again and "Adopted: 0." in again
    assert house.send("mailbox.suspend", "ann@example.com", "1")["status"] == "succeeded"
    assert house.send("mailbox.unsuspend", "dee@example.net", "3")["status"] == "held"


def test_enom_is_asked_once_for_each_domain_and_changed_in_nothing(house: House) -> None:
    command = usual(house)
    before = house.sim.control("/state")
    house.sim.control("/history", {}, "DELETE")

    house.ok(*command, "--apply")

    asked = sorted(
        (call["command"], call["domain"]) for call in house.sim.control("/history")["history"]
    )
    assert asked == [
        *(("GetPOP3", domain) for domain in ("example.com", "example.net", "example.org")),
        *(("search_users", domain) for domain in ("example.com", "example.net")),
    ]
    assert house.sim.control("/state") == before


def test_in_json_every_mailbox_is_an_item(house: House) -> None:
    command = usual(house)

    shown = house.json(*command)
    applied = house.json(*command, "--apply")

    assert shown["next"] is None
    assert {item["address"]: item["group"] for item in shown["items"]} == {
        "ann@example.com": "take_over",
        "bob@example.com": "take_over",
        "dee@example.net": "take_over",
        "old@example.com": "at_enom_only",
        "gone@example.com": "missing_at_enom",
        "fay@example.org": "not_in_account",
    }
    assert not any(item["applied"] for item in shown["items"])
    assert [item["address"] for item in applied["items"] if item["applied"]] == [
        "ann@example.com",
        "bob@example.com",
        "dee@example.net",
    ]


def test_what_another_service_owns_is_never_taken(house: House) -> None:
    command = usual(house)
    house.ok(
        "mailboxes", "adopt", "ann@example.com", "--source", "shop", "--service-id", "77", "--apply"
    )

    shown = house.ok(*command, "--apply")

    assert (
        "It belongs to service 77 of shop. To change that: enom-bridge mailboxes adopt "
        "ann@example.com"
    ) in shown
    assert house.json("mailboxes", "show", "ann@example.com")["service_id"] == "77"


def test_a_domain_that_cannot_be_read_fails_the_command_and_loses_no_other(house: House) -> None:
    command = usual(house)
    house.sim.control(
        "/faults", {"command": "GetPOP3", "fault": "html", "domain": "example.net", "times": None}
    )

    result = house.run(*command, "--apply")

    assert result.exit_code == 1
    assert (
        "example.net (1 mailbox): This is not an answer of Enom's interface.asp." in result.stdout
    )
    assert "Adopted: 2." in result.stdout
    assert (
        "Domains that could not be read: 1. Run the same command again for them." in result.stderr
    )
    house.sim.control("/faults", {}, "DELETE")
    assert "Adopted: 1." in house.ok(*command, "--apply")


def test_lists_are_short_unless_all_is_wanted(house: House) -> None:
    furnish(house)
    rows = [f"{number},box{number}@example.com," for number in range(1, 31)]
    command = (*IMPORT, "--csv", listed(house, *rows))

    assert "  and 20 more; see them with --all\n" in house.ok(*command)
    assert house.ok(*command, "--all").count("box") == 30
    assert len(house.json(*command)["items"]) == 33


def test_columns_that_nobody_reads_are_named(house: House) -> None:
    furnish(house)
    file = listed(house, "1,Active,ann@example.com", header="service_id,domainstatus,address")

    assert house.run(*IMPORT, "--csv", file).stderr == "Ignored columns: domainstatus\n"


def test_a_file_with_faults_is_refused_whole_and_enom_is_not_asked(house: House) -> None:
    furnish(house)
    house.sim.control("/history", {}, "DELETE")
    file = listed(house, "1,ann@example.com,", "1,bob@example.com,", "2,bob,")

    said = house.refused(*IMPORT, "--csv", file, "--apply", code=2)

    assert (
        "cannot be used; nothing was done. Correct it:\n  line 3: service_id 1 is already on line 2"
        in said
    )
    assert "\n  line 4: address: " in said
    assert house.sim.control("/history")["history"] == []


def test_many_faults_are_counted_unless_all_are_wanted(house: House) -> None:
    furnish(house)
    file = listed(house, *(f"{number},ann," for number in range(60)))

    assert house.refused(*IMPORT, "--csv", file, code=2).endswith(
        "\n  and 10 more; see them with --all\n"
    )
    assert house.refused(*IMPORT, "--csv", file, "--all", code=2).count("\n  line ") == 60


def test_wrong_usage_is_told_with_the_remedy(house: House, tmp_path: Path) -> None:
    furnish(house)

    assert "it has shop" in house.refused(
        *IMPORT[:3], "else", "--csv", listed(house, "1,ann@example.com,"), code=2
    )
    assert "--csv" in house.refused(*IMPORT, "--apply", code=2)
    assert "No such file" in house.refused(*IMPORT, "--csv", str(tmp_path / "none.csv"), code=2)
    assert "Missing option" in house.refused("mailboxes", "import", code=2)


def test_where_nothing_is_left_to_adopt_it_says_so(house: House) -> None:
    command = usual(house)
    house.ok(*command, "--apply")
    assert house.ok(*command).endswith("\nNothing to adopt.\n")


def test_an_undecided_mailbox_is_named_and_is_no_success(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = usual(house)
    open_now = Finding(Group.DISAGREE, "example.com", "ann@example.com", "1")
    monkeypatch.setattr("bridge.reconcile.takeover.Takeover.compare", lambda *_: [open_now])
    result = house.run(*command)
    assert result.exit_code == 1 and "Nothing to adopt." in result.stdout
    assert "Undecided mailboxes: 1. Run the same command again" in result.stderr


def test_without_a_schema_the_remedy_is_named(house: House) -> None:
    assert "`enom-bridge serve` creates it" in house.refused(
        *IMPORT, "--csv", listed(house, "1,ann@example.com,")
    )


def test_what_was_left_out_is_told_with_its_reason(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = usual(house)
    reason = "A worker is running its job job_1."
    monkeypatch.setattr("bridge.store.Owners.take_over", lambda *_: {"ann@example.com": reason})

    result = house.run(*command, "--apply")

    assert (result.exit_code, f"\nSkipped:\n  ann@example.com: {reason}\n" in result.stdout) == (
        1,
        True,
    )
    assert "Adopted: 2." in result.stdout
    items = {item["address"]: item for item in house.json(*command, "--apply")["items"]}
    assert (items["ann@example.com"]["applied"], items["ann@example.com"]["detail"]) == (
        False,
        reason,
    )


def test_a_list_with_customers_notes_them_for_what_it_takes_over_and_for_what_is_ours(
    house: House,
) -> None:
    furnish(house)
    header = "service_id,address,customer_id"
    assert "Adopted: 2." in house.ok(
        *IMPORT,
        "--csv",
        listed(house, "1,ann@example.com,", "2,bob@example.com,12", header=header),
        "--apply",
    )
    assert customers(house) == {"ann@example.com": None, "bob@example.com": "12"}

    full = listed(
        house, "1,ann@example.com,11", "2,bob@example.com,12", "3,dee@example.net,13", header=header
    )
    shown = house.ok(*IMPORT, "--csv", full)

    assert (
        "] The list names a new or different customer: --apply records the one in the list."
        in shown
    )
    assert (
        "To record the customers of 1 mailboxes already owned, run the same command with --apply."
        in shown
    )
    assert customers(house)["ann@example.com"] is None
    done = house.ok(*IMPORT, "--csv", full, "--apply")
    assert "Adopted: 1." in done and "Customers recorded for mailboxes already owned: 1." in done
    assert customers(house) == {
        "ann@example.com": "11",
        "bob@example.com": "12",
        "dee@example.net": "13",
    }
    assert (
        house.json("audit", "list", "--action", "import")["items"][0]["detail"]
        == "1 mailboxes; customers recorded for 1 others"
    )
    again = house.ok(*IMPORT, "--csv", full, "--apply")
    assert "Customers recorded" not in again

    # What was imported is judged like what was told by hooks, and a mailbox of another service is
    # not taught by a list.
    assert (
        house.send("mailbox.create", "ceo@example.com", "9", customer_id="19")["error"]["code"]
        == "domain_of_another"
    )
    house.ok(*IMPORT, "--csv", listed(house, "8,ann@example.com,18", header=header), "--apply")
    assert customers(house)["ann@example.com"] == "11"


def test_an_older_list_without_the_column_takes_no_customer_away(house: House) -> None:
    furnish(house)
    house.ok(
        *IMPORT,
        "--csv",
        listed(house, "1,ann@example.com,11", header="service_id,address,customer_id"),
        "--apply",
    )
    house.ok(
        *IMPORT, "--csv", listed(house, "1,ann@example.com", header="service_id,address"), "--apply"
    )
    assert customers(house) == {"ann@example.com": "11"}


def customers(house: House) -> dict[str, str | None]:
    return {
        item["address"]: item["customer_id"] for item in house.json("mailboxes", "list")["items"]
    }


def test_a_service_with_seats_is_imported_whole(house: House) -> None:
    furnish(house)
    rows = ("7,ann@example.com,3", "7,bob@example.com,3", "8,old@example.com,")
    path = listed(house, *rows, header="service_id,address,seats")
    preview = house.ok(*IMPORT, "--csv", path)
    assert "To record the seats of 1 services, run the same command with --apply." in preview
    shown = house.ok(*IMPORT, "--csv", path, "--apply")
    assert "(services: 2)" in shown and "Adopted: 3." in shown
    assert "Seats recorded for services: 1." in shown
    assert "seats of" not in house.ok(*IMPORT, "--csv", path)
    (item,) = house.json("inventory")["items"]
    assert {
        name: item["seats"][name] for name in ("services", "sold", "used", "empty", "over")
    } == {
        "services": 1,
        "sold": 3,
        "used": 2,
        "empty": 1,
        "over": 0,
    }
