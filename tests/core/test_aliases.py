"""Other names of a mailbox, and where its mail is sent on to: what stands against them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain import plan
from bridge.domain.actions import ACTIONS, Request
from bridge.domain.aliases import Neighbour, Surroundings, refuse_alias, settled_at
from bridge.domain.errors import Refused
from bridge.domain.model import (
    Address,
    Change,
    ChangeKind,
    Desired,
    Forwarding,
    Mailbox,
    Record,
    State,
)
from hooks.types import Intent
from tests.support.bench import terms

JOHN, JANE, JIM = "john@example.com", "jane@example.com", "jim@example.net"
INFO, SALES = "info@example.com", "sales@example.com"
OUT = "somebody@example.org"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SEEN = Mailbox(Address.parse(JOHN), True, {}, aliases=(), forwarding=Forwarding())
OURS = Record("shop", "7", State.ACTIVE)


def only(*forward_to: str) -> Forwarding:
    """Without a copy."""
    return Forwarding.of(forward_to, False)


def copied(*forward_to: str) -> Forwarding:
    return Forwarding.of(forward_to, True)


def mailbox(address: str, source: str = "shop", exists: bool = True, **more: Any) -> Neighbour:
    return Neighbour(address, source, exists, **more)


def wanted(
    *neighbours: Neighbour,
    seen: Mailbox = SEEN,
    record: Record = OURS,
    holders: dict[str, str] | None = None,
    **data: Any,
) -> Desired:
    action = "mailbox.set_aliases" if "aliases" in data else "mailbox.set_forwarding"
    intent = Intent(action, NOW, "7", JOHN, **data)
    around = Surroundings(neighbours, holders or {})
    wish = Request("shop", intent, None, NOW.timestamp(), around=around)
    return ACTIONS[action](wish, seen, record, terms())


def refused(*neighbours: Neighbour, code: str = "address_taken", **more: Any) -> str:
    with pytest.raises(Refused) as caught:
        wanted(*neighbours, **more)
    assert caught.value.code == code
    return caught.value.detail


def loop(*neighbours: Neighbour, **more: Any) -> str:
    return refused(*neighbours, code="forwarding_loop", **more)


class TestTaken:
    def test_a_free_address_is_taken_as_it_is(self) -> None:
        gone = mailbox(INFO, exists=False)
        assert wanted(gone, aliases=(INFO, SALES)).aliases == (INFO, SALES)
        assert wanted(aliases=()).aliases == ()

    def test_a_mailbox_on_record_is_no_alias(self) -> None:
        detail = refused(mailbox(INFO), aliases=(INFO, SALES))
        assert detail == (
            "info@example.com is a mailbox. Remove it there first, or leave it out of aliases."
        )

    def test_an_alias_of_another_mailbox_is_named_with_it(self) -> None:
        detail = refused(mailbox(JANE, aliases=(INFO,)), aliases=(INFO,))
        assert detail.startswith("info@example.com is an alias of jane@example.com.")

    def test_of_another_source_no_mailbox_is_named(self) -> None:
        detail = refused(mailbox(JANE, source="other", aliases=(INFO,)), aliases=(INFO,))
        assert "is an alias of another mailbox." in detail and JANE not in detail

    def test_what_the_remote_shows_counts_too(self) -> None:
        detail = refused(holders={INFO: JANE}, aliases=(INFO,))
        assert "The mail provider shows info@example.com as taken" in detail

    def test_many_are_not_all_named(self) -> None:
        many = tuple(f"a{number}@example.com" for number in range(9))
        assert "and 6 more is an alias" in refused(mailbox(JANE, aliases=many), aliases=many)

    def test_no_mailbox_is_made_where_an_alias_is(self) -> None:
        with pytest.raises(Refused) as caught:
            refuse_alias("shop", INFO, [mailbox(JANE, aliases=(INFO,))])
        assert (caught.value.code, "alias of jane@example.com" in caught.value.detail) == (
            "conflict",
            True,
        )
        refuse_alias("shop", SALES, [mailbox(JANE, aliases=(INFO,))])

    def test_a_list_is_not_believed_while_its_holder_was_just_changed(self) -> None:
        neighbours = (mailbox(JANE, settles_at=900.0), mailbox(JIM, settles_at=2000.0))
        assert settled_at(Surroundings(neighbours, {INFO: JANE})) == 900.0
        assert settled_at(Surroundings(neighbours, {})) == 0.0


class TestLoops:
    def test_nobody_forwards_to_an_own_name(self) -> None:
        named = replace(SEEN, aliases=(INFO,))
        for more in ({"seen": named}, {"record": replace(OURS, aliases=(INFO,))}):
            detail = loop(forward_to=(INFO,), **more)
            assert "its own address info@example.com, which is a loop" in detail

    def test_no_alias_is_what_the_mailbox_forwards_to(self) -> None:
        forwards = replace(SEEN, forwarding=copied(INFO))
        assert "which is a loop" in loop(seen=forwards, aliases=(INFO,))

    def test_a_ring_without_a_copy_is_loop(self) -> None:
        jane, jim = (
            mailbox(JANE, forwarding=only(JIM)),
            mailbox(JIM, aliases=(), forwarding=only(JOHN, OUT)),
        )
        detail = loop(jane, jim, forward_to=(OUT, JANE), keep_copy=False)
        assert detail.startswith("Mail forwarded to jane@example.com comes back to this mailbox")

    def test_a_ring_is_found_through_aliases(self) -> None:
        jane = mailbox(JANE, aliases=(SALES,), forwarding=only(INFO))
        named = replace(SEEN, aliases=(INFO,))
        assert "comes back" in loop(jane, seen=named, forward_to=(SALES,), keep_copy=False)
        forwards = replace(OURS, forwarding=only(JANE))
        assert "comes back" in loop(jane, record=forwards, aliases=(INFO,))

    @pytest.mark.parametrize(
        ("forwarding", "keep_copy"),
        [(only(JOHN), True), (copied(JOHN), False), (only(OUT), False), (None, False)],
    )
    def test_where_one_keeps_a_copy_or_it_leads_out_nothing_is_lost(
        self, forwarding: Forwarding | None, keep_copy: bool
    ) -> None:
        jane = mailbox(JANE, forwarding=forwarding)
        assert wanted(jane, forward_to=(JANE,), keep_copy=keep_copy).forwarding == Forwarding.of(
            (JANE,), keep_copy
        )

    def test_a_ring_of_others_is_not_this_mailboxs_fault_and_ends_the_search(self) -> None:
        jane, jim = mailbox(JANE, forwarding=only(JIM)), mailbox(JIM, forwarding=only(JANE))
        assert wanted(jane, jim, forward_to=(JANE,), keep_copy=False).forwarding == only(JANE)


class TestForms:
    def test_off_has_one_form(self) -> None:
        assert Forwarding.of((), False) == Forwarding.of([], True) == Forwarding()
        assert wanted(forward_to=(), keep_copy=False).forwarding == Forwarding()

    def test_order_and_case_make_no_difference(self) -> None:
        assert Forwarding.of(["B@example.org", OUT], True) == Forwarding.of(
            [OUT, "b@example.org"], True
        )


class TestRecord:
    """What is wanted is on record before it is sent, and only until the remote says no."""

    ALIASES = Change(ChangeKind.SET_ALIASES, {"aliases": [INFO]})
    FORWARDING = Change(ChangeKind.SET_FORWARDING, only(OUT).describe())

    @pytest.mark.parametrize("change", [ALIASES, FORWARDING])
    def test_it_is_on_record_before_it_is_sent_and_as_before_after_a_no(
        self, change: Change
    ) -> None:
        before = replace(OURS, aliases=(SALES,), forwarding=copied(OUT))
        now = plan.before_sending(before, change, SEEN, ("shop", "7"))
        assert (now.aliases, now.forwarding) in (((INFO,), copied(OUT)), ((SALES,), only(OUT)))
        assert plan.after_accepted(now, change, Desired()) == now
        assert plan.after_no(now, before, change) == before
        assert plan.after_no(now, before, Change(ChangeKind.SET_QUOTA)) == now

    def test_a_read_of_the_past_is_not_believed(self) -> None:
        told = replace(OURS, aliases=(INFO,), forwarding=only(OUT), settles_at=100.0)
        here = replace(SEEN, services={"imap": "enabled"}, aliases=(INFO,), forwarding=only(OUT))
        for seen, so in (
            (here, True),
            (replace(here, aliases=()), False),
            (replace(here, forwarding=copied(OUT)), False),
            (replace(here, aliases=None, forwarding=None), True),
        ):
            assert plan.believable(seen, told, terms(), 50.0, False) is so
            assert plan.believable(seen, told, terms(), 100.0, False)

    def test_a_plan_sets_what_differs_and_nothing_else(self) -> None:
        desired = Desired(aliases=(INFO,), forwarding=only(OUT))
        changes = plan.diff(SEEN, OURS, desired, terms(), NOW).changes
        assert [change.describe() for change in changes] == [
            {"change": "set_aliases", "aliases": [INFO]},
            {"change": "set_forwarding", "forward_to": [OUT], "keep_copy": False},
        ]
        done = replace(SEEN, aliases=(INFO,), forwarding=only(OUT))
        assert plan.diff(done, OURS, desired, terms(), NOW).empty

    def test_who_never_said_anything_wants_nothing(self) -> None:
        assert plan.at_end(OURS, SEEN, Desired(), terms()).aliases is None
        assert plan.at_end(OURS, SEEN, Desired(aliases=()), terms()).aliases == ()
        told = plan.at_end(OURS, SEEN, Desired(forwarding=only(OUT)), terms())
        assert told.forwarding == only(OUT)
        assert plan.at_end(told, replace(SEEN, exists=False), Desired(), terms()).forwarding is None
