"""Every page as people meet it: on a phone, in the dark, by a screen reader, by keyboard,
without JavaScript."""

from playwright.sync_api import Page, expect

from bridge.web.admin.nav import NAV
from tests.support.admin import LIFTED
from tests.support.browser import PHONE, Open, Stand


def pages(stand: Stand) -> list[str]:
    ids = stand.ids
    return [
        *(entry.path for entry in NAV), f"/admin/jobs/{ids['held']}", f"/admin/jobs/{ids['succeeded']}",
        f"/admin/callbacks/{ids['exhausted']}", "/admin/hooks/shop/msg_parked", "/admin/mailboxes/amy@example.com",
        "/admin/search?q=8", f"/admin/jobs/{ids['held']}/approve", "/admin/hooks/shop/msg_held/replay", "/admin/adopt",
        "/admin/pause/account/main", "/admin/drift/main/compare", f"/admin/drift/main/repair/{LIFTED}",
    ]  # fmt: skip


def test_no_page_has_a_serious_barrier_nor_in_the_dark_a_faint_text(open_tab: Open) -> None:
    tab = open_tab()
    for path in pages(tab.stand):
        tab.go(path)
        assert tab.barriers() == [], path
        with tab.dark():
            assert tab.barriers("color-contrast") == [], path
    tab.page.click("text=Sign out")
    assert tab.barriers() == []


def test_on_a_phone_no_page_is_wider_than_the_window(open_tab: Open) -> None:
    tab = open_tab(viewport=PHONE)
    for path in pages(tab.stand):
        tab.go(path)
        assert tab.overflow() <= 0, path
    assert tab.barriers() == []


def test_a_link_fills_in_its_code_and_leaves_it_in_no_address(open_tab: Open) -> None:
    tab = open_tab(sign_in=False)
    page = tab.go(tab.stand.link())
    expect(page.locator("#code")).not_to_have_value("")
    assert "#" not in page.url
    page.keyboard.press("Enter")  # the button has the focus
    expect(page.locator(".sentence")).to_contain_text("needs attention")


def test_a_held_job_is_reached_with_its_buttons_by_keyboard_alone(open_tab: Open) -> None:
    page = open_tab().go("/admin/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    for text in ("mailbox.terminate of amy@example.com", "Approve", "Go back", "Retry", "Go back"):
        reach(page, text)
    expect(page.locator("h1")).to_have_text("mailbox.terminate of amy@example.com")


def test_a_difference_is_reached_with_its_repair_by_keyboard_alone(open_tab: Open) -> None:
    page = open_tab().go("/admin/")
    for text in ("Drift", "Compare now", "Go back", "Repair", "Go back"):
        reach(page, text)
    expect(page.locator("h1")).to_have_text("Drift")
    expect(page.locator("tbody tr")).to_have_count(1)


def reach(page: Page, text: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip() == text:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"{text} was not reached")


def test_a_filter_changes_the_list_and_the_address_without_loading_the_page(open_tab: Open) -> None:
    tab = open_tab()
    page = tab.go("/admin/jobs")
    page.evaluate("window.same = true")
    page.select_option("#f-status", "held")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.wait_for_url("**/admin/jobs?status=held")
    assert page.evaluate("window.same") is True
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.input_value("#f-status") == "held"


def test_without_javascript_everything_works_by_forms_and_links(open_tab: Open) -> None:
    page = open_tab(java_script_enabled=False).page
    page.click("nav >> text=Jobs")
    page.select_option("#f-status", "held")
    page.click("text=Filter")
    assert page.locator("tbody tr").count() == 1
    page.fill("#q", "amy@example.com")
    page.click(".search button")
    assert page.locator("h1").inner_text() == "amy@example.com"
    page.click("nav >> text=Drift")
    page.select_option("#f-kind", "wrong_state")
    page.click("text=Filter")
    assert page.locator("tbody tr").count() == 1
    page.click("tbody >> text=Repair")
    assert "suspend it again" in page.locator("main").inner_text()
    page.click("main >> button")
    assert page.locator("h1").inner_text() == f"mailbox.suspend of {LIFTED}"
    page.click("text=Sign out")
    assert "You are signed out." in page.locator("[role=status]").inner_text()
