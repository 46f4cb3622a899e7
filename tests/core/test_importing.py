"""Taking over what was there before, over the memory backend and a real store: one read a
domain, written in batches."""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from bridge import store
from bridge.domain.errors import AccountFault, NotPossible, Refused, Unavailable
from bridge.domain.model import Address, State, Survey
from bridge.reconcile.matching import Finding, Group
from bridge.reconcile.scan import Scanner
from bridge.reconcile.service_list import Claim
from bridge.reconcile.takeover import Takeover, without
from tests.support.bench import GOOD, Bench, source

DOMAINS = ("example.com", "example.net")


class House:
    """A source with an account of several domains; `asked` counts the surveys of each."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.asked: Counter[str] = Counter()
        self.most_at_once, self._now = 0, 0
        self._lock = threading.Lock()
        self.errors: dict[str, list[Exception]] = {}
        self.paused: list[float] = []
        bench.backend.domains |= set(DOMAINS)
        bench.backend.add_pak("example.net", 100)
        self.survey, bench.backend.survey = bench.backend.survey, self._survey  # type: ignore[method-assign]
        self.open()

    def open(self, domains: Sequence[str] = ("*",), most: int = 4) -> None:
        accounts, sources = {"main": self.bench.account(most)}, {"shop": source("shop", domains)}
        scanner = Scanner(self.bench.account_state, self.bench.clock, self._pause)
        owners = store.Owners(self.bench.database)
        self.takeover = Takeover(self.bench.lookup, scanner, owners, sources, accounts)

    def _survey(self, domain: str) -> Survey:
        with self._lock:
            self.asked[domain] += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            if errors := self.errors.get(domain):
                raise errors.pop(0)
            return self.survey(domain)
        finally:
            with self._lock:
                self._now -= 1

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def add(self, *addresses: str) -> None:
        """Mailboxes that were there before."""
        backend = self.bench.backend
        for address in map(Address.parse, addresses):
            backend.create(address, backend.paks[address.domain][0].bundle, GOOD)

    def compare(self, *claims: tuple[str, str]) -> list[Finding]:
        return self.takeover.compare("shop", [Claim(*claim) for claim in claims])

    def groups(self, *claims: tuple[str, str]) -> dict[str, str]:
        return {each.address or each.domain: each.group.value for each in self.compare(*claims)}

    def take(self, *claims: tuple[str, str]) -> dict[str, str]:
        return dict(self.takeover.take_over("shop", self.compare(*claims)))


@pytest.fixture
def house(bench: Bench) -> House:
    return House(bench)


ANN, BOB = ("7", "ann@example.com"), ("8", "bob@example.net")


def test_comparing_writes_nothing(house: House) -> None:
    house.add(ANN[1], BOB[1], "zoe@example.com")
    assert house.groups(ANN, BOB, ("9", "cid@example.com")) == {
        "ann@example.com": "take_over",
        "bob@example.net": "take_over",
        "zoe@example.com": "at_enom_only",
        "cid@example.com": "missing_at_enom",
    }
    assert house.bench.rows("mailboxes") == []


def test_a_domain_is_read_once_however_many_mailboxes_it_has(house: House) -> None:
    names = [(str(number), f"box{number}@example.com") for number in range(10)]
    house.add(*(address for _, address in names))
    assert set(house.groups(*names, BOB).values()) == {"take_over", "missing_at_enom"}
    assert house.asked == {"example.com": 1, "example.net": 1}


def test_what_was_taken_over_is_ours_with_its_state_and_without_a_password(house: House) -> None:
    house.add(ANN[1])
    assert house.take(ANN) == {}
    record = house.bench.lookup.record("main", ANN[1])
    assert (record.source, record.service_id, record.state, record.password_digest) == (
        "shop",
        "7",
        State.ACTIVE,
        None,
    )
    assert house.groups(ANN) == {ANN[1]: "ours"}
    assert house.bench.do("suspend", address=ANN[1]).status == "succeeded"


def test_it_can_be_given_again_and_goes_on_where_it_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.reconcile.takeover.BATCH", 2)
    names = [(str(number), f"box{number}@example.com") for number in range(5)]
    house.add(*(address for _, address in names))

    def stop(done: int, of: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.takeover.take_over("shop", house.compare(*names), stop)
    assert Counter(house.groups(*names).values()) == {"ours": 4, "take_over": 1}
    for _ in range(2):
        assert house.take(*names) == {}
    assert set(house.groups(*names).values()) == {"ours"}


def test_what_got_an_owner_since_it_was_shown_is_left_and_told(house: House) -> None:
    house.add(ANN[1])
    findings = house.compare(ANN)
    house.bench.operator.adopt("main", Address.parse(ANN[1]), "other", "1")
    left = house.takeover.take_over("shop", findings)
    assert left == {ANN[1]: "It now belongs to service 1 of other."}
    assert without(findings, left)[0].detail == left[ANN[1]]
    assert house.groups(ANN) == {ANN[1]: "owned_by_other"}


def test_the_domains_that_the_configuration_names_are_read_too(house: House) -> None:
    house.open(["example.com", "example.net", "example.org"])
    house.add("zoe@example.net")
    assert house.groups() == {"zoe@example.net": "at_enom_only", "example.org": "not_in_account"}


def test_a_domain_that_the_source_may_not_touch_is_not_read(house: House) -> None:
    house.open(["example.com"])
    house.add(ANN[1], BOB[1])
    assert house.groups(ANN, BOB) == {ANN[1]: "take_over", BOB[1]: "not_permitted"}
    assert "example.net" not in house.asked


def test_the_error_of_one_domain_does_not_lose_the_others(house: House) -> None:
    house.add(ANN[1], BOB[1])
    house.errors["example.net"] = [Unavailable("No answer."), Unavailable("Still none.")]
    found = {each.address: each for each in house.compare(ANN, BOB)}
    assert found[ANN[1]].group is Group.TAKE_OVER
    assert (found[BOB[1]].group, found[BOB[1]].detail) == (Group.UNREAD, "Still none.")


def test_a_domain_that_could_not_be_read_is_asked_a_second_time(house: House) -> None:
    house.add(BOB[1])
    house.errors["example.net"] = [Unavailable("No answer.")]
    assert house.groups(BOB) == {BOB[1]: "take_over"}


def test_a_refusal_of_another_kind_is_no_word_about_the_account(house: House) -> None:
    house.errors["example.net"] = [Refused("No."), Refused("No.")]
    assert house.groups(BOB) == {BOB[1]: "unread"}


def test_when_the_account_is_at_fault_no_other_domain_is_asked(house: House) -> None:
    house.open(most=1)
    house.errors = {domain: [AccountFault("Bad User name or Password")] * 9 for domain in DOMAINS}
    assert set(house.groups(ANN, BOB).values()) == {"unread"}
    assert house.asked.total() == 1


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (2, 1), (4, 3)])
def test_the_last_call_of_the_account_is_left_to_others(
    house: House, limit: int, most: int
) -> None:
    house.open(most=limit)
    domains = [f"example{number}.com" for number in range(20)]
    house.bench.backend.domains |= set(domains)
    house.compare(*((str(number), f"box@{domain}") for number, domain in enumerate(domains)))
    assert house.most_at_once <= most
    assert house.asked.total() == 20


def test_it_waits_while_all_calls_are_in_use_and_then_gives_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.reconcile.scan.PATIENCE", 2.0)
    house.open(most=2)
    house.add(ANN[1])
    with house.bench.account_state.call_slot("main", 2, 1e9):
        (finding,) = house.compare(ANN)
    assert (finding.group, "limit of parallel calls" in finding.detail) == (Group.UNREAD, True)
    assert sum(house.paused) >= 2.0
    house.paused.clear()
    assert (house.groups(ANN), house.paused) == ({ANN[1]: "take_over"}, [])


def test_progress_is_told_in_order(house: House) -> None:
    result: list[Any] = []
    house.takeover.compare(
        "shop", [Claim(*ANN), Claim(*BOB)], lambda done, of: result.append((done, of))
    )
    assert result == [(1, 2), (2, 2)]


def test_a_stop_in_the_middle_leaves_no_thread_behind(house: House) -> None:
    def stop(done: int, of: int) -> None:
        raise NotPossible("stop")

    before = threading.active_count()
    with pytest.raises(NotPossible):
        house.takeover.compare("shop", [Claim(*ANN), Claim(*BOB)], stop)
    assert threading.active_count() == before
