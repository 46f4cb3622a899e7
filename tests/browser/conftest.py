from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Open, Stand, Tab


@pytest.fixture(scope="module")
def stand(
    browser: Browser, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """One for the tests of a file, which may change it."""
    made = Stand(tmp_path_factory.mktemp("stand"), new_database("sqlite"))
    yield made
    made.close()


@pytest.fixture
def open_tab(browser: Browser, stand: Stand) -> Iterator[Open]:
    """Opens a browser of its own; afterwards it must not have complained of anything."""
    opened: list[Tab] = []

    def make(acts: bool = True, sign_in: bool = True, **options: Any) -> Tab:
        opened.append(Tab(browser, stand, **options))
        return opened[-1].sign_in(acts) if sign_in else opened[-1]

    yield make
    for tab in opened:
        tab.context.close()
    assert [fault for tab in opened for fault in tab.faults] == []
