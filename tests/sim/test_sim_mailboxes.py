"""Mailboxes by interface.asp: paks and their slots, indexes that fail alone, passwords,
forwarding."""

import pytest


def counts(root, *names):
    return [root.findtext(name) for name in names]


def test_a_created_mailbox_is_listed_and_takes_a_slot(remote):
    assert counts(
        remote.create("jane"), "Success", "AccountsCreated", "AccountsFailed", "ErrCount"
    ) == ["True", "1", "0", "0"]
    assert remote.names() == ["jane"]
    assert remote.mailbox()["bundle"] == remote.bundle


def test_a_full_pak_takes_no_more_and_a_delete_frees_its_slot(remote):
    remote.create("kim", "lou", "pip")
    assert remote.codes(
        "SetUpPOP3User", bundleid=remote.bundle, username1="zoe", password1=remote.password
    ) == ["315271"]
    remote.ask("DeletePOP3", username1="lou")
    assert counts(remote.create("zoe"), "AccountsCreated") == ["1"]


def test_each_index_stands_or_falls_alone(remote):
    remote.create("taken")
    root = remote.create("good", "taken", "bad..name", password3=remote.password)
    assert counts(root, "Success", "AccountsCreated", "AccountsFailed", "ErrCount") == [
        "False",
        "1",
        "2",
        "2",
    ]
    assert [each.text for each in root.iter("ResponseNumber")] == ["302286", "304286"]
    assert remote.names() == ["taken", "good"]


@pytest.mark.parametrize(
    ("bundle", "code"), [("", "301269"), ("nine", "304269"), ("999", "316269")]
)
def test_a_wrong_bundle_is_refused(remote, bundle, code):
    assert remote.codes(
        "SetUpPOP3User", bundleid=bundle, username1="jane", password1=remote.password
    ) == [code]


def test_a_pak_of_another_domain_is_refused(remote):
    remote.sim.control("/domains", {"uid": "reseller", "domain": "example.net"})
    assert remote.codes(
        "SetUpPOP3User", tld="net", bundleid=remote.bundle, username1="a", password1="x"
    ) == ["316269"]


def test_an_expired_pak_takes_and_gives_up_nothing_but_passwords_can_change(remote):
    remote.create("jane")
    remote.clock.now += 500 * 86400
    assert remote.codes(
        "SetUpPOP3User", bundleid=remote.bundle, username1="zoe", password1=remote.password
    ) == ["317271"]
    assert remote.codes("DeletePOP3", username1="jane") == ["317271"]
    assert (
        remote.codes("ModifyPOP3", emailcount=1, username1="jane", password1="Other-Horse-2") == []
    )
    assert remote.mailbox()["password"] == "Other-Horse-2"


def test_modify_works_while_the_mail_service_is_off(remote):
    remote.create("jane")
    remote.ask("ServiceSelect", service="EmailSet", newoptionid=1048, update="True")
    assert (
        remote.codes("ModifyPOP3", emailcount=1, username1="jane", password1="Other-Horse-2") == []
    )


def test_modify_checks_count_existence_and_content(remote):
    remote.create("jane")
    assert remote.codes(
        "ModifyPOP3", emailcount=2, username1="jane", password1="Other-Horse-2"
    ) == ["303170"]
    assert remote.codes(
        "ModifyPOP3", emailcount=1, username1="nobody", password1="Other-Horse-2"
    ) == ["316286"]
    assert remote.codes("ModifyPOP3", emailcount=1, username1="jane") == ["301156"]


NEW_RULES = [
    ("Short-1", False), ("Much-Too-Long-Password-1", False), ("Has Space-11", False), ("no-upper-11", False),
    ("No-Number-x", False), ("NoSpecial11", False), ("Jane-Horse-1", False), ("Xexample.com-1", False),
    ("Horse-1-Battery", True),
]  # fmt: skip
OLD_RULES = [("short", False), ("a" * 31, False), ("with-special", False), ("plain6", True)]


@pytest.mark.parametrize(
    ("rules", "password", "good"),
    [("new", *row) for row in NEW_RULES] + [("old", *row) for row in OLD_RULES],
)
def test_passwords_follow_the_rules_of_their_time(remote, rules, password, good):
    remote.sim.control("/settings", {"password_rules": rules})
    assert remote.codes(
        "SetUpPOP3User", bundleid=remote.bundle, username1="jane", password1=password
    ) == ([] if good else ["304156"])
    assert (remote.mailbox() is not None) == good


def test_forwarding_is_set_shown_and_ended(remote):
    remote.create("jane")
    forwarding = {"username": "jane", "email": "example.com", "forwardto": "a@example.net"}
    assert remote.ask("GetPOPForwarding", username="jane").findtext("Count") == "0"
    assert remote.codes("SetPOPForwarding", **forwarding, enable=1) == []
    root = remote.ask("GetPOPForwarding", username="jane")
    assert (root.findtext("popforwarding/forwardto"), root.findtext("popforwarding/active")) == (
        "a@example.net",
        "1",
    )
    remote.ask("SetPOPForwarding", **forwarding, enable=0)
    assert remote.ask("GetPOPForwarding", username="jane").findtext("popforwarding/forwardto") == ""
    assert remote.codes("SetPOPForwarding", **{**forwarding, "email": "example.net"}, enable=1) == [
        "304153"
    ]


def test_the_mail_service_of_a_domain_is_seen_by_both_reads(remote):
    assert remote.ask("GetMailHosts").findtext("ServiceSelect") == "1114"
    changed = remote.ask("ServiceSelect", service="EmailSet", newoptionid=1048, update="True")
    assert changed.findtext("ServiceSelect/current-svc") == "1048"
    assert remote.ask("GetMailHosts").findtext("ServiceSelect") == "1048"
    entry = remote.ask("GetDomainInfo").find(".//entry[@name='emailset']/service")
    assert (entry.text, entry.get("changable")) == ("1048", "1")
    assert (
        remote.ask("ServiceSelect", service="EmailSet").findtext("ServiceSelect/current-svc")
        == "1048"
    )
