"""The reference backend keeps the contract, and its hooks do what tests rely on."""

from datetime import UTC, datetime

import pytest
from backend_contract import JOHN, PASSWORD, SOON, PlacesContract

from bridge.backends import BACKENDS
from bridge.backends.hosted_email.wire import SERVICES as ENOM_SERVICES
from bridge.backends.memory import SERVICES, MemoryBackend
from bridge.domain.errors import OutcomeUnknown, Unavailable
from bridge.domain.model import Address, Change, ChangeKind


class MemoryRemote:
    def __init__(self) -> None:
        self.backend = MemoryBackend()

    def add_pak(self, free: int = 10, expires: datetime = SOON) -> str:
        return self.backend.add_pak("example.com", free, expires).bundle

    def mailboxes(self) -> set[str]:
        return {str(address) for address in self.backend.mailboxes}

    def password(self, address: Address) -> str:
        return self.backend.mailboxes[address].password

    def set_services(self, address, states) -> None:
        self.backend.mailboxes[address].services.update(states)

    def paks(self) -> int:
        return len(self.backend.paks.get("example.com", ()))

    def set_balance(self, amount: int) -> None:
        self.backend.balance = amount

    def lose_answer(self, kind: ChangeKind) -> None:
        self.backend.fail_next(kind, OutcomeUnknown("lost"), after_effect=True)


class TestMemory(PlacesContract):
    @pytest.fixture
    def remote(self) -> MemoryRemote:
        return MemoryRemote()

    def test_a_stale_read_shows_what_was(self, remote, create):
        remote.backend.show_stale(JOHN)
        assert remote.backend.observe(JOHN).exists is False
        remote.backend.show_stale(JOHN, times=2)
        bundle = remote.add_pak()
        remote.backend.apply(
            JOHN,
            Change(ChangeKind.CREATE, {"bundle": bundle}, PASSWORD),
            remote.backend.observe(JOHN),
        )
        assert [remote.backend.observe(JOHN).exists for _ in range(2)] == [False, True]

    def test_a_fault_before_the_effect_leaves_nothing(self, remote, create):
        remote.backend.fail_next(ChangeKind.CREATE, Unavailable())
        with pytest.raises(Unavailable):
            create()
        assert remote.mailboxes() == set()
        create()

    def test_an_expired_pak_takes_nothing_and_gives_nothing(self, remote, create, apply):
        create()
        remote.backend.now = lambda: datetime(2036, 1, 1, tzinfo=UTC)
        with pytest.raises(Exception, match="expired"):
            apply(ChangeKind.DELETE)
        assert remote.mailboxes() == {str(JOHN)}


def test_both_backends_name_the_services_alike():
    assert tuple(ENOM_SERVICES) == SERVICES


def test_the_list_of_backends_is_complete():
    assert set(BACKENDS) == {"enom", "hosted-email", "memory"}
