"""Links between pages lead somewhere, examples in JSON and TOML can be read, and no page waits
for its text."""

import json
import re
import tomllib

import pytest

from tests.docs.pages import FENCE, PAGES, ROOT, anchors, blocks, name, spans, text

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page):
    dead = []
    for link in LINK.findall(FENCE.sub("", text(page))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        place = (page.parent / target).resolve() if target else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            dead.append(link)
    assert dead == []


def test_the_index_names_every_page():
    index = set(LINK.findall(text("docs/README.md")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= index


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_example_in_json_and_toml_can_be_read(page):
    for block in blocks(page, "json"):
        json.loads(block)
    for block in blocks(page, "toml"):
        tomllib.loads(block)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_has_a_gap_to_be_filled(page):
    assert re.findall(r"@@\w*@@|\bTODO\b|\bTBD\b", text(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_a_page_names_is_there(page):
    named = {
        span.rstrip("/")
        for span in spans(page)
        if re.fullmatch(r"(bridge|hooks|tests|docs|contrib)/[\w./-]+", span)
    }
    assert {
        path
        for path in named
        if not (ROOT / path).exists() and not (ROOT / "bridge" / path).exists()
    } == set()
