"""Reads that are late: by seconds, by share, by fault, and hosted email behind interface.asp."""

JANE = "jane@example.com"


def test_reads_show_exactly_what_was_true_then(remote):
    remote.sim.control("/settings", {"stale_seconds": 5})
    remote.create("kim")
    remote.clock.now += 2
    remote.create("lou")
    remote.clock.now += 2.9
    assert remote.names() == []
    remote.clock.now += 0.2
    assert remote.names() == ["kim"]
    remote.clock.now += 2
    assert remote.names() == ["kim", "lou"]
    assert set(remote.domain()["mailboxes"]) == {"kim@example.com", "lou@example.com"}


def test_history_reaches_back_before_the_switch(remote):
    remote.create("kim")
    remote.clock.now += 3
    remote.ask("DeletePOP3", username1="kim")
    remote.sim.control("/settings", {"stale_seconds": 2})
    assert remote.names() == ["kim"]


def test_commands_act_on_the_truth_whatever_reads_show(remote):
    remote.sim.control("/settings", {"stale_seconds": 60})
    remote.create("kim")
    assert remote.codes(
        "SetUpPOP3User", bundleid=remote.bundle, username1="kim", password1=remote.password
    ) == ["302286"]


def test_paks_set_up_by_a_test_have_always_been_there(remote):
    remote.sim.control("/settings", {"stale_seconds": 60})
    remote.create("kim")
    bundle = remote.sim.control("/paks", {"domain": "example.com"})["bundle"]
    assert str(bundle) in [
        each.text for each in remote.ask("GetPOP3").iterfind("Paks/Pak/BundleId")
    ]
    remote.sim.control("/mailboxes", {"address": "new@example.com", "password": "x"})
    remote.sim.control(
        "/mailboxes", {"address": "old@example.com", "password": "x", "settled": True}
    )
    assert remote.names() == ["old"]


def test_a_share_of_the_reads_is_stale_by_seed(remote):
    remote.sim.control("/settings", {"stale_seconds": 60, "stale_share": 0.5})
    remote.create("kim")
    seen = [tuple(remote.names()) for _ in range(40)]
    assert set(seen) == {(), ("kim",)}


def test_expirations_are_stale_too(remote):
    remote.sim.control("/settings", {"stale_seconds": 60})
    remote.ask("RenewPOPBundle", pakid=remote.bundle, quantity=1)
    assert remote.ask("GetPOPExpirations").findtext(".//expdate") == "5/3/2031 2:09:59 PM"


def test_the_stale_fault_shows_the_state_before_the_latest_change(remote):
    remote.create("kim")
    remote.create("lou")
    remote.sim.control("/faults", {"command": "*", "fault": "stale", "times": 2})
    remote.create("zoe")
    assert remote.names() == ["kim", "lou"]
    users = remote.oma("search_users", criteria={"domain": "example.com"})["users"]
    assert [user["user"] for user in users] == ["kim@example.com", "lou@example.com"]
    assert remote.names() == ["kim", "lou", "zoe"]


def test_hosted_email_lags_behind_interface_asp_but_not_behind_itself(remote):
    remote.sim.control("/settings", {"hosted_lag": 10})
    remote.create("jane")
    made = {"attributes": {"password": "Pass-Word-1"}}
    assert remote.oma("change_user", user="john@example.com", **made)["success"]
    assert remote.oma("get_user", user="john@example.com")["success"]
    assert remote.oma("get_user", user=JANE)["error_number"] == 2
    assert remote.oma("change_user", user=JANE, attributes={})["error_number"] == 25
    remote.clock.now += 10
    assert remote.oma("get_user", user=JANE)["success"]
    remote.ask("DeletePOP3", username1="jane")
    assert remote.oma("get_user", user=JANE)["success"]
    assert remote.oma("get_user", user="john@example.com")["success"]
    assert remote.names() == ["john"]
