"""Every action, by the mouse: asked, explained, done, told; and a page that changes by itself, but not under one's hands."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.bridge import PASSWORD
from tests.support.browser import Open


def test_every_action_is_explained_done_and_told(open_tab: Open) -> None:
    tab = open_tab()
    page, stand = tab.page, tab.stand
    note = page.locator("[role=status]")

    page.get_by_role("link", name="Pause account main", exact=True).click()
    expect(page.locator("main")).to_contain_text("hooks are still accepted")
    page.fill("#reason", "Enom is moving house")
    page.click("main >> button")
    expect(note).to_have_text("The account main is paused.")
    expect(page.locator(".sentence")).to_contain_text("Something stands still")
    page.get_by_role("link", name="Resume account main", exact=True).click()
    page.click("main >> button")
    expect(note).to_have_text("The account main is not paused any more.")

    tab.go(f"/admin/callbacks/{stand.ids['exhausted']}").get_by_role("link", name="Send it again", exact=True).click()
    page.click("main >> button")
    expect(note).to_contain_text("It is sent again now.")

    tab.go(f"/admin/jobs/{stand.ids['queued']}").get_by_role("link", name="Cancel", exact=True).click()
    page.click("main >> button")
    expect(note).to_contain_text("cancelled")

    tab.go(f"/admin/jobs/{stand.ids['failed']}").get_by_role("link", name="Try again", exact=True).click()
    page.click("main >> button")
    expect(note).to_contain_text("is tried again as this job")

    tab.go("/admin/hooks/shop/msg_held").get_by_role("link", name="Replay: show the plan first", exact=True).click()
    expect(page.locator("main")).to_contain_text("delete the mailbox")
    page.click("text=Back, do nothing")
    page.click("a.id")
    page.get_by_role("link", name="Approve", exact=True).click()
    page.click("main >> button")
    expect(note).to_contain_text("is approved; it goes on as this job")
    stand.scene.work(300)
    assert stand.scene.mailbox("amy@example.com") is None

    stand.sim.control("/mailboxes", {"address": "found@example.com", "password": PASSWORD, "settled": True})
    tab.go("/admin/mailboxes").get_by_role("link", name="Adopt a mailbox", exact=True).click()
    page.fill("#address", "found@example.com")
    page.fill("#service_id", "55")
    page.click("main >> button")
    expect(page.locator("main")).to_contain_text("At Enom nothing is changed.")
    page.click("main >> button")
    expect(page.locator(".lead")).to_contain_text("It belongs to service 55 of shop.")

    tab.go("/admin/audit")
    actions = page.locator("tbody td[data-label=Action]").all_inner_texts()
    assert [text.strip() for text in actions[:7]] == ["adopt", "approve", "retry", "cancel", "resend", "resume", "pause"]
    assert page.locator("tbody td[data-label=Who]").first.inner_text() == "jane (link)"


def test_a_page_updates_itself_but_not_what_somebody_is_in(open_tab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
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
    page.click("text=stop that")
    expect(page.locator("footer")).to_contain_text("does not update itself")


def test_when_the_session_ends_a_page_that_updates_itself_leads_to_the_form(
    open_tab: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.admin.listing.EVERY", 1)
    tab = open_tab()
    page = tab.go("/admin/jobs")
    tab.stand.scene.clock.now += 1801
    page.wait_for_url("**/admin/sign-in?next=/admin/jobs")
    tab.faults = [fault for fault in tab.faults if "401" not in fault]  # that is how it heard of it
