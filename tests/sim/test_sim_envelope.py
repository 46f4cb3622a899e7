"""How answers are written: three formats, two server generations, and the spellings that
surprise."""

import re

import pytest


def test_text_is_the_default_and_flattens_lists(remote):
    remote.create("jane", "john")
    lines = remote.raw("GetPOP3").decode().split("\r\n")
    assert lines[0] == ";URL Interface"
    assert {
        "username1=jane",
        "username2=john",
        "EmailCount=2",
        f"PakBundleId1={remote.bundle}",
        "Count=1",
    } <= set(lines)
    assert {"PakQtyAvailable1=1", "PakVersion1=2", "Done=true"} <= set(lines)


def test_html_wraps_each_line(remote):
    assert b"<STRONG>ErrCount: </STRONG>0<br />" in remote.raw("GetBalance", responsetype="html")


def test_text_errors_are_numbered(remote):
    lines = remote.raw("GetPOP3", pw="WRONG").decode().split("\r\n")
    assert {"ErrCount=1", "Err1=Bad User name or Password", "ResponseNumber1=304155"} <= set(lines)


def test_the_newer_generation_has_a_tracking_key_and_empty_flags(remote):
    root = remote.ask("GetPOP3")
    assert root.findtext("APIType") == "API.NET"
    assert re.fullmatch(r"[0-9a-f-]{36}", root.findtext("TrackingKey"))
    assert (root.findtext("IsLockable"), root.findtext("TimeDifference")) == ("", "+0.00")


def test_the_classic_generation_has_none(remote):
    root = remote.ask("GetBalance")
    assert root.findtext("APIType") == "API"
    assert root.find("TrackingKey") is None
    assert (root.findtext("IsLockable"), root.findtext("TimeDifference")) == ("True", "+08.00")


@pytest.mark.parametrize(
    "settings",
    [
        {"skin": "API"},
        {"skins": {"getpop3": "API"}},
        {"skin": "API.NET", "skins": {"GetPOP3": "API"}},
    ],
)
def test_the_generation_can_be_chosen_for_all_or_by_command(remote, settings):
    remote.sim.control("/settings", settings)
    assert remote.ask("GetPOP3").findtext("APIType") == "API"


def test_results_stand_before_the_command_and_spellings_vary(remote):
    remote.create("jane")
    assert next(iter(remote.ask("PurchasePOPBundle", quantity=1))).tag == "orderid"
    assert (
        remote.ask("ModifyPOP3", emailcount=1, username1="jane", isadmin1=1).findtext("Success")
        == "True"
    )
    assert remote.ask("DeletePOP3", username1="jane").findtext("success") == "True"
    assert remote.ask("GetPOP3").findtext("Successful") == "True"
    forwarding = {
        "username": "jane",
        "email": "example.com",
        "forwardto": "a@example.net",
        "enable": 1,
    }
    remote.create("jane")
    assert remote.ask("SetPOPForwarding", **forwarding).findtext("success") == "1"


def test_get_pop3_is_flat_and_shows_dates_slots_and_passwords(remote):
    remote.create("jane")
    root = remote.ask("GetPOP3")
    pop, pak = root.find("pop"), root.find("Paks/Pak")
    shown = {
        name: pop.findtext(name)
        for name in ("username", "password", "quota", "expdate", "BundleId")
    }
    assert shown == {
        "username": "jane",
        "password": remote.password,
        "quota": "1024",
        "expdate": "5/3/2031 2:09:59 PM",
        "BundleId": str(remote.bundle),
    }
    assert (pak.findtext("QtyPurchased"), pak.findtext("QtyAvailable")) == ("3", "2")


def test_passwords_can_be_left_blank(remote):
    remote.create("jane")
    remote.sim.control("/settings", {"show_passwords": False})
    assert remote.ask("GetPOP3").findtext("pop/password") == ""
