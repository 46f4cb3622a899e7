"""A backend that was written from CONTRIBUTING.md alone keeps the contract, and that page names
all that a backend needs."""

import inspect
import re
from pathlib import Path

import pytest
import small_backend
from backend_contract import BackendContract
from small_backend import SmallBackend

from bridge.domain.backend import Backend, Products


class SmallRemote:
    def __init__(self) -> None:
        self.backend = SmallBackend()

    def mailboxes(self):
        return {str(address) for address in self.backend.boxes}

    def password(self, address):
        return self.backend.boxes[address].password

    def set_services(self, address, states):
        self.backend.boxes[address].services.update(states)

    def lose_answer(self, kind):
        self.backend.lost.add(kind)


class TestSmall(BackendContract):
    @pytest.fixture
    def remote(self):
        return SmallRemote()


def test_it_is_small():
    assert len(inspect.getsource(small_backend).splitlines()) <= 150


@pytest.mark.parametrize("protocol", [Backend, Products])
def test_the_page_names_every_member_of_the_protocol(protocol):
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    section = page.split("### A new backend", 1)[1].split("\n## ", 1)[0]
    members = {
        name for name in (*vars(protocol), *protocol.__annotations__) if not name.startswith("_")
    }
    named = set(re.findall(r"`(\w+)`", section))
    assert members - named == set()
