"""Every action, by the mouse: asked, explained, done, told; and a page that changes by itself,
but not under one's hands."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from bridge.backends.hosted_email.wire import SERVICES
from bridge.reconcile import drift
from tests.support.admin import LIFTED
from tests.support.bridge import PASSWORD
from tests.support.browser import Open, Stand, Tab


def test_every_action_is_explained_done_and_told(open_tab: Open) -> None:
    tab = open_tab()
    page, stand = tab.page, tab.stand
    note = page.locator("[role=status]")

    page.get_by_role("link", name="Pause account main", exact=True).click()
    expect(page.locator("main")).to_contain_text("hooks are still accepted")
    page.fill("#reason", "Enom is moving house")
    page.click("main >> button")
    expect(note).to_have_text("Account main paused.")
    expect(page.locator(".sentence")).to_contain_text("Not running normally")
    page.get_by_role("link", name="Resume account main", exact=True).click()
    page.click("main >> button")
    expect(note).to_have_text("Account main resumed.")

    tab.go(f"/admin/callbacks/{stand.ids['exhausted']}").get_by_role(
        "link", name="Resend", exact=True
    ).click()
    page.click("main >> button")
    expect(note).to_contain_text("Callback queued to be sent now.")

    tab.go(f"/admin/jobs/{stand.ids['queued']}").get_by_role(
        "link", name="Cancel", exact=True
    ).click()
    page.click("main >> button")
    expect(note).to_contain_text("cancelled")

    tab.go(f"/admin/jobs/{stand.ids['failed']}").get_by_role(
        "link", name="Retry", exact=True
    ).click()
    page.click("main >> button")
    expect(note).to_contain_text("You retried")

    tab.go("/admin/").get_by_role("link", name="msg_parked").click()
    page.get_by_role("link", name="Dismiss", exact=True).click()
    page.fill("#reason", "A test of ours")
    page.click("main >> button")
    expect(note).to_contain_text("Hook dismissed.")

    tab.go("/admin/jobs?status=held").get_by_role("link", name="Reject all", exact=True).click()
    expect(page.locator("main")).to_contain_text(
        "a deletion scheduled after a grace period is called off"
    )
    expect(page.locator("main")).to_contain_text(stand.ids["held"])
    page.click("text=Go back")
    expect(page).to_have_url(re.compile("status=held"))

    tab.go("/admin/hooks/shop/msg_held").get_by_role(
        "link", name="Replay: show the plan first", exact=True
    ).click()
    expect(page.locator("main")).to_contain_text("delete the mailbox")
    page.click("text=Go back")
    page.click("a.id")
    page.get_by_role("link", name="Approve", exact=True).click()
    page.click("main >> button")
    expect(note).to_contain_text("this job continues it")
    expect(page.locator("main a.button.main")).to_have_count(
        0
    )  # what was just decided is not to be cancelled
    stand.scene.work(300)
    assert stand.scene.mailbox("amy@example.com") is None

    stand.sim.control(
        "/mailboxes", {"address": "found@example.com", "password": PASSWORD, "settled": True}
    )
    tab.go("/admin/mailboxes").get_by_role("link", name="Adopt a mailbox", exact=True).click()
    page.fill("#address", "found@example.com")
    page.fill("#service_id", "55")
    page.click("main >> button")
    expect(page.locator("main")).to_contain_text("Nothing changes at the mail provider.")
    page.click("main >> button")
    expect(page.locator(".lead")).to_contain_text("It belongs to service 55 of shop.")

    tab.go("/admin/audit")
    actions = page.locator("tbody td[data-label=Action]").all_inner_texts()
    acted = ["adopt", "approve", "dismiss", "retry", "cancel", "resend", "resume", "pause"]
    assert [text.strip() for text in actions[: len(acted)]] == acted
    assert page.locator("tbody td[data-label=Who]").first.inner_text() == "jane (link)"


def test_a_difference_is_compared_anew_shown_repaired_and_gone(open_tab: Open) -> None:
    tab = open_tab()
    page = tab.page
    compare(tab)
    expect(page.locator("dd").first).to_contain_text("by the bridge (nightly): 1 domain,")

    ask_for_repair(page)
    expect(page.locator("main")).to_contain_text("suspend it again")
    assert page.input_value("[name=checksum]") == checksum(tab.stand)
    page.click("main >> button")
    expect(page.locator("[role=status]")).to_contain_text(f"{LIFTED}: job job_")
    expect(page.locator("main")).to_contain_text("an admin started a repair: suspend")
    tab.stand.scene.work(300)
    tab.stand.scene.clock.now += 60
    compare(tab)
    expect(page.locator("tbody")).to_contain_text("odd@example.com")
    expect(page.locator("tbody")).not_to_contain_text(LIFTED)

    tab.go("/admin/audit")
    actions = page.locator("tbody td[data-label=Action]").all_inner_texts()
    assert [text.strip() for text in actions[:3]] == ["reconcile", "repair", "reconcile"]


def test_a_repair_that_is_not_what_was_shown_is_shown_anew_and_not_done(open_tab: Open) -> None:
    tab = open_tab()
    page, scene = tab.page, tab.stand.scene
    scene.sim.control(
        "/services", {"address": LIFTED, "services": dict.fromkeys(SERVICES.values(), "enabled")}
    )
    scene.clock.now += 60
    compare(tab)
    ask_for_repair(page)
    scene.do("unsuspend", address=LIFTED, service_id="10")
    scene.clock.now += 60
    page.click("main >> button")
    expect(page.locator("main")).to_contain_text("the bridge cannot repair this by itself")
    assert page.locator("main >> button").count() == 0
    tab.faults = [fault for fault in tab.faults if "409" not in fault]  # that is how it was told


def compare(tab: Tab) -> None:
    """Presses the button, and does the worker's part."""
    tab.stand.scene.engine.beat()
    tab.go("/admin/drift")
    tab.page.get_by_role("link", name="Compare now", exact=True).click()
    expect(tab.page.locator("main")).to_contain_text("Nothing is changed.")
    tab.page.click("main >> button")
    expect(tab.page.locator("[role=status]")).to_have_text(
        "Comparing account main with the mail provider."
    )
    while held := tab.stand.scene.engine.nightly.take():
        tab.stand.scene.engine.nightly.compare(held)
    tab.page.reload()


def ask_for_repair(page: Page) -> None:
    page.locator("tr", has_text=LIFTED).get_by_role("link", name="Repair", exact=True).click()


def checksum(stand: Stand) -> str:
    found = stand.scene.service.reconcile.account("main", "ann", [LIFTED])
    return drift.checksum(found.differences)


def test_the_inventory_is_taken_home_as_csv(open_tab: Open) -> None:
    tab = open_tab()
    page = tab.go("/admin/inventory")
    expect(page.locator("tbody tr").first).to_have_text(
        re.compile(r"Mailbox slots paid for\s*10\s*100\.00")
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV", exact=True).click()
    assert download.value.suggested_filename == "enom-inventory.csv"
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"pak", "active_and_absent"} <= {row["what"] for row in rows}


def test_a_page_updates_itself_but_not_what_somebody_is_in(
    open_tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.admin.listing.EVERY", 1)
    tab = open_tab()
    page, scene = tab.go("/admin/jobs?status=queued"), tab.stand.scene
    before = page.locator("tbody tr").count()
    scene.hook("suspend", address="one@example.com", service_id="71")
    expect(page.locator("tbody tr")).to_have_count(before + 1)
    page.locator("tbody a").first.focus()
    with page.expect_response(re.compile("status=queued")):
        scene.hook("suspend", address="two@example.com", service_id="72")
    with page.expect_response(re.compile("status=queued")):
        pass
    assert page.locator("tbody tr").count() == before + 1, "the focus is in it"
    page.locator("h1").click()
    expect(page.locator("tbody tr")).to_have_count(before + 2)
    page.click("text=stop updates")
    expect(page.locator("footer")).to_contain_text("Updates are off")


def test_when_the_session_ends_a_page_that_updates_itself_leads_to_the_form(
    open_tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.admin.listing.EVERY", 1)
    tab = open_tab()
    page = tab.go("/admin/jobs")
    tab.stand.scene.clock.now += 1801
    page.wait_for_url("**/admin/sign-in?next=/admin/jobs")
    tab.faults = [fault for fault in tab.faults if "401" not in fault]  # that is how it heard of it
