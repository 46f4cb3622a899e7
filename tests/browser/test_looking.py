"""How the pages look when much goes wrong, with names as long as they may be: on a phone, on a
small and on a usual screen."""

import re

import pytest
from playwright.sync_api import Page

from bridge.web.admin.nav import NAV
from tests.docs.pages import section
from tests.support.admin import LIFTED, LONG, trouble
from tests.support.browser import DESK, PHONE, Open, Stand

SMALL = {"width": 1000, "height": 800}  # the narrowest on which lists are tables
COMMAND = re.compile(r"enom-bridge (?:[a-z-]+ )?[a-z-]+")
WITHOUT_BUTTON = {"serve", "worker", "doctor", "config check", "admin-link", "mailboxes import"}


@pytest.fixture(scope="module")
def everything(stand: Stand) -> list[str]:
    """The pages of a bridge in trouble."""
    ids = stand.ids | trouble(stand.scene)
    jobs = [
        ids[name]
        for name in (
            "another",
            "rejected",
            "waiting",
            "long",
            "failed",
            "held",
            "queued",
            "succeeded",
        )
    ]
    return [
        *(entry.path for entry in NAV), *(f"/admin/jobs/{job}" for job in jobs),
        *(f"/admin/jobs/{ids['another']}/{verb}" for verb in ("approve", "retry", "reject")),
        *(f"/admin/jobs/all/{verb}?status=held" for verb in ("approve", "retry", "reject")),
        f"/admin/jobs/{ids['waiting']}/cancel", "/admin/jobs?status=held", "/admin/jobs?status=failed",
        f"/admin/callbacks/{ids['pending']}", f"/admin/callbacks/{ids['exhausted']}",
        f"/admin/callbacks/{ids['exhausted']}/resend", "/admin/hooks/shop/msg_parked", "/admin/hooks/shop/msg_dismissed",
        "/admin/hooks/shop/msg_parked/dismiss", "/admin/hooks/shop/msg_held/replay", f"/admin/mailboxes/{LONG}",
        f"/admin/mailboxes/{LIFTED}", "/admin/search?q=example.com", "/admin/search?q=nothing", "/admin/adopt",
        "/admin/resume/account/main", "/admin/resume/source/shop", "/admin/pause/source/shop",
        "/admin/drift/main/compare", f"/admin/drift/main/repair/{LIFTED}",
    ]  # fmt: skip


def test_no_page_is_wider_than_the_window_and_names_break_at_their_seams(
    open_tab: Open, everything: list[str]
) -> None:
    tab = open_tab()
    for path in everything:
        page = tab.go(path)
        for window in (PHONE, SMALL, DESK):
            page.set_viewport_size(window)
            assert tab.overflow() <= 0, (path, window)
            assert torn(page) == [], (path, window)


@pytest.mark.timeout(
    900
)  # fifty pages, each looked at twice: many seconds also where nothing else runs
def test_no_page_has_a_serious_barrier_in_trouble_either(
    open_tab: Open, everything: list[str]
) -> None:
    tab = open_tab()
    for path in everything:
        tab.go(path)
        assert tab.barriers() == [], path
        with tab.dark():
            assert tab.barriers("color-contrast") == [], path


def test_on_a_phone_every_value_stands_beside_its_label(
    open_tab: Open, everything: list[str]
) -> None:
    tab = open_tab(viewport=PHONE)
    for path in everything:
        assert under_labels(tab.go(path)) == [], path


def test_each_dns_record_can_be_read_on_a_phone(open_tab: Open, everything: list[str]) -> None:
    page = open_tab(viewport=PHONE).go(f"/admin/mailboxes/{LIFTED}")
    table = page.locator("table", has_text="Receiving (MX)")
    assert table.locator("code", has_text="mx.example.com.cust.a.hostedemail.com").is_visible()
    states = table.locator(".badge").all_inner_texts()
    assert {"wrong", "missing", "unknown", "advised"} == set(states)


def test_what_is_filled_in_stands_in_one_line(open_tab: Open, everything: list[str]) -> None:
    tab = open_tab()
    for path in (entry.path for entry in NAV):
        heights = tab.go(path).evaluate(
            "[...document.querySelectorAll('.filters input, .filters select, .filters button')]"
            ".map(each => each.getBoundingClientRect().height)"
        )
        assert len(set(heights)) <= 1, path


def test_no_page_tells_to_type_a_command_where_a_button_does_it(
    open_tab: Open, everything: list[str]
) -> None:
    tab = open_tab()
    for path in everything:
        page = tab.go(path)
        page.evaluate(
            "document.querySelectorAll('pre').forEach(each => each.remove())"
        )  # evidence is as it is stored
        for command in COMMAND.findall(page.locator("body").inner_text()):
            assert any(command.startswith(f"enom-bridge {name}") for name in WITHOUT_BUTTON), (
                path,
                command,
            )


def test_what_has_no_button_is_in_no_table_of_buttons() -> None:
    commands = re.findall(
        r"\| ([^|]*) \|$", section("docs/admin.md", "What can be done"), re.MULTILINE
    )
    with_button = {
        each for line in commands for each in re.findall(r"`([a-z -]+?)(?: --apply)?`", line)
    }
    assert "jobs approve" in with_button
    assert not with_button & WITHOUT_BUTTON


def torn(page: Page) -> list[str]:
    """Names in lists that are broken in the middle: each piece between two places to break is a
    text of its own."""
    found: list[str] = page.evaluate(
        """() => {
            const texts = [], found = [];
            for (const cell of document.querySelectorAll(".list tbody a:not(.button)")) {
                const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
                while (walk.nextNode()) texts.push(walk.currentNode);
            }
            for (const text of texts) {
                const word = text.data.trim();
                if (!word || /\\s/.test(word)) continue;
                const range = document.createRange();
                range.selectNodeContents(text);
                const tops = new Set([...range.getClientRects()].map(each => Math.round(each.top)));
                // A browser breaks after a hyphen by itself.
                if (tops.size > 1 && !word.includes("-")) found.push(word);
            }
            return found;
        }"""
    )
    return found


def under_labels(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """() => {
            const found = [];
            for (const cell of document.querySelectorAll(".list tbody td")) {
                const range = document.createRange();
                range.selectNodeContents(cell);
                const edge = cell.getBoundingClientRect().left + 100;
                if ([...range.getClientRects()].some(each => each.width && each.left < edge)) found.push(cell.dataset.label);
            }
            for (const list of document.querySelectorAll("dl")) {
                const left = list.getBoundingClientRect().left;
                for (const value of list.querySelectorAll("dd"))
                    if (value.getBoundingClientRect().left < left + 90) found.push(value.textContent.trim());
            }
            return found;
        }"""
    )
    return found
