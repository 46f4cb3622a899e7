"""What each hook wants to be true: ownership, grace, lock-out, foreign suspension, plans."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.actions import ACTIONS, Request, decides
from bridge.domain.errors import BridgeError, NeedsPerson, Refused
from bridge.domain.model import Desired, Fact, Forwarding, Mailbox, Pak, Record, State
from bridge.domain.services import MEMBER_ACTIONS
from hooks.standard.schemas import ACTIONS as TYPES
from hooks.standard.schemas import NATIVE
from hooks.types import Intent
from tests.support.bench import GOOD, JOHN, START, terms

NOW = START.timestamp()
PAK = Pak("101", 5, START + timedelta(days=300))
SERVICES = {"imap": "enabled", "pop": "disabled"}
NAMED: dict[str, Any] = {"aliases": (), "forwarding": Forwarding()}
ACTIVE = Mailbox(JOHN, True, SERVICES, 1 << 30, 0, PAK, (PAK,), **NAMED)
ABSENT = Mailbox(JOHN, False, paks=(PAK,))
HELD = replace(ACTIVE, services={"imap": "suspended", "pop": "disabled"})
OURS = Record("shop", "7", State.ACTIVE, "digest")
THEIRS = Record("shop", "8", State.ACTIVE, "digest")
NOBODYS = Record()
SUSPENDED = replace(
    OURS, state=State.SUSPENDED, suspended_with="hosted-email", saved_services={"imap": "enabled"}
)
LOCKED = replace(OURS, state=State.SUSPENDED, suspended_with="lock-out", password_digest=None)
LEAVING = replace(SUSPENDED, delete_after=NOW + 86400)
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": GOOD},
    "change_password": {"password": GOOD},
    "change_plan": {"plan": "large"},
    "renew": {"until": datetime(2030, 1, 1, tzinfo=UTC)},
    "set_aliases": {"aliases": ("info@example.com",)},
    "set_forwarding": {"forward_to": ("jane@example.net",), "keep_copy": False},
    "change_service": {"from_service_id": "6"},
}


def desired(
    action: str,
    seen: Mailbox,
    record: Record,
    purge: bool = False,
    allowed: Any = None,
    **data: Any,
) -> Desired:
    given = {**DATA.get(action, {}), **data}
    intent = Intent(f"mailbox.{action}", START, "7", str(JOHN), **given)
    wish = Request("shop", intent, "digest" if intent.password else None, NOW, purge)
    return ACTIONS[f"mailbox.{action}"](wish, seen, record, allowed or terms())


def refusal(*given: Any, **more: Any) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        desired(*given, **more)
    return caught.value


def test_every_type_of_hook_is_an_action() -> None:
    assert {*ACTIONS, *MEMBER_ACTIONS} == {*TYPES, *NATIVE}
    assert set(MEMBER_ACTIONS.values()) <= set(ACTIONS)


NAMES = [name.removeprefix("mailbox.") for name in ACTIONS]


@pytest.mark.parametrize(
    "record", [THEIRS, NOBODYS, replace(OURS, source="other")], ids=["service", "nobody", "source"]
)
@pytest.mark.parametrize("action", NAMES)
def test_nothing_is_done_to_a_mailbox_of_somebody_else(action: str, record: Record) -> None:
    error = refusal(action, ACTIVE, record)
    assert isinstance(error, Refused)
    assert error.code == "not_ours"


@pytest.mark.parametrize(
    "action", [name for name in NAMES if name not in ("create", "ensure", "terminate")]
)
def test_what_is_not_there_is_not_found(action: str) -> None:
    assert refusal(action, ABSENT, OURS).code == "not_found"


def test_terminating_the_absent_is_done_already_whoever_owned_it() -> None:
    assert desired("terminate", ABSENT, THEIRS) == Desired(exists=False)


@pytest.mark.parametrize("action", NAMES)
def test_within_the_grace_of_another_service_the_date_is_told(action: str) -> None:
    error = refusal(action, ACTIVE, replace(LEAVING, service_id="8"))
    assert error.code == "conflict"
    assert "2027-03-02T12:00:00Z" in error.detail


def test_a_create_wants_all_that_it_decides() -> None:
    wanted = desired("create", ABSENT, NOBODYS, plan="large", display_name="John Doe")
    assert wanted == Desired(True, False, GOOD, "digest", "John Doe", 25 << 30)
    assert GOOD not in repr(wanted)


def test_without_hosted_email_a_create_leaves_the_plan_alone_and_a_change_of_plan_is_unsupported() -> (
    None
):
    bare = terms(hosted_email=False, services=(), suspend_with="lock-out")
    assert desired("create", ABSENT, NOBODYS, plan="large", allowed=bare).quota is None
    assert refusal("change_plan", ACTIVE, OURS, allowed=bare).code == "unsupported"


@pytest.mark.parametrize("action", ["create", "ensure", "change_plan"])
def test_a_plan_that_nobody_configured_is_unknown(action: str) -> None:
    error = refusal(action, ACTIVE if action == "change_plan" else ABSENT, OURS, plan="gold")
    assert (error.code, "basic, large" in error.detail) == ("plan_unknown", True)


@pytest.mark.parametrize("action", ["create", "change_password"])
def test_a_password_that_was_wiped_is_needed_again(action: str) -> None:
    assert refusal(action, ACTIVE, OURS, password=None).code == "password_needed"


@pytest.mark.parametrize("action", ["create", "ensure", "unsuspend"])
def test_a_foreign_suspension_is_for_a_person(action: str) -> None:
    error = refusal(action, HELD, OURS)
    assert isinstance(error, NeedsPerson)
    assert (error.code, "imap" in error.detail) == ("conflict", True)


def test_what_was_suspended_before_ours_is_no_reason_to_stop() -> None:
    assert desired("unsuspend", HELD, SUSPENDED) == Desired(suspended=False)


@pytest.mark.parametrize("method", ["hosted-email", "lock-out", "commands"])
def test_a_suspend_wants_a_suspension(method: str) -> None:
    assert desired("suspend", ACTIVE, OURS, allowed=terms(suspend_with=method)) == Desired(
        suspended=True
    )


@pytest.mark.parametrize("action", ["suspend", "unsuspend"])
def test_refuse_refuses(action: str) -> None:
    assert refusal(action, ACTIVE, OURS, allowed=terms(suspend_with="refuse")).code == "unsupported"


def test_refuse_still_lifts_what_another_setting_suspended() -> None:
    assert desired("unsuspend", HELD, SUSPENDED, allowed=terms(suspend_with="refuse")) == Desired(
        suspended=False
    )


def test_a_lock_out_ends_only_with_a_password() -> None:
    assert refusal("unsuspend", ACTIVE, LOCKED).code == "password_needed"
    assert desired("unsuspend", ACTIVE, LOCKED, password=GOOD).password == GOOD


@pytest.mark.parametrize("record", [OURS, THEIRS, NOBODYS])
@pytest.mark.parametrize("action", NAMES)
def test_what_is_no_mailbox_is_never_changed_or_deleted_in_a_mailboxs_name(
    action: str, record: Record
) -> None:
    error = refusal(action, replace(ACTIVE, type="alias"), record)
    assert (type(error), error.code) == (Refused, "conflict")
    assert "of type alias" in error.detail


def test_during_a_lock_out_a_password_is_a_conflict_a_plan_and_an_end_are_not() -> None:
    assert refusal("change_password", ACTIVE, LOCKED).code == "conflict"
    assert desired("change_plan", ACTIVE, LOCKED) == Desired(quota=25 << 30)
    assert desired("terminate", ACTIVE, LOCKED) == Desired(exists=False)


def test_a_renewal_needs_a_pak_to_be_seen() -> None:
    assert desired("renew", ACTIVE, OURS).until == datetime(2030, 1, 1, tzinfo=UTC)
    assert refusal("renew", replace(ACTIVE, pak=None), OURS).code == "unsupported"


def test_a_grace_suspends_and_names_the_day_once() -> None:
    week = terms(grace=7 * 86400.0)
    first = desired("terminate", ACTIVE, OURS, allowed=week)
    assert first == Desired(suspended=True, delete_after=NOW + 7 * 86400)
    again = desired("terminate", HELD, replace(SUSPENDED, delete_after=NOW + 100), allowed=week)
    assert again.delete_after == NOW + 100


def test_a_purge_deletes_unless_the_customer_came_back() -> None:
    week = terms(grace=7 * 86400.0)
    assert desired("terminate", HELD, LEAVING, purge=True, allowed=week) == Desired(exists=False)
    assert desired("terminate", ACTIVE, OURS, purge=True, allowed=week) == Desired()
    assert refusal("terminate", ACTIVE, THEIRS, purge=True, allowed=week).code == "not_ours"


EXISTENCE, SUSPENSION, PASSWORD, PLAN, EXPIRY, ALIASES, FORWARDING = Fact
DECIDES = {
    "mailbox.create": {EXISTENCE, SUSPENSION, PASSWORD, PLAN},
    "mailbox.ensure": {EXISTENCE, SUSPENSION, PLAN},
    "mailbox.suspend": {SUSPENSION},
    "mailbox.unsuspend": {SUSPENSION},
    "mailbox.terminate": set(Fact),
    "mailbox.change_password": {PASSWORD},
    "mailbox.change_plan": {PLAN},
    "mailbox.renew": {EXPIRY},
    "mailbox.set_aliases": {ALIASES},
    "mailbox.set_forwarding": {FORWARDING},
    "mailbox.change_service": {EXISTENCE},
}


def test_the_facts_that_each_hook_decides_are_the_contracts() -> None:
    assert {action: decides(action) for action in ACTIONS} == DECIDES
    assert decides("mailbox.unsuspend", password=True) == {SUSPENSION, PASSWORD}
    with pytest.raises(KeyError):
        decides("mailbox.explode")


@pytest.mark.parametrize(("action", "record"), [("change_password", OURS), ("unsuspend", LOCKED)])
def test_the_password_of_the_hook_is_wanted_with_its_digest(action: str, record: Record) -> None:
    wanted = desired(action, ACTIVE, record, password=GOOD)
    assert (wanted.password, wanted.password_digest) == (GOOD, "digest")


REFUSE = terms(suspend_with="refuse")
WIPED = "The password of this hook has been wiped. Send the hook again with a password."
LOCKED_OUT = (
    "The mailbox is suspended with a random password "
    "(lock-out); the hook must bring a new password."
)
STAYS_LOCKED = (
    "The mailbox is suspended (lock-out), and a new password "
    "would reactivate it. Unsuspend it first."
)
NO_ALIASES = (
    "Aliases can be set with hosted email only: set [accounts.….hosted_email] in the configuration."
)
UNKNOWN_FORM = (
    "Forwarding cannot be set: the mail provider does not show it in a form that is known."
)
NO_PLANS = "Changing a plan needs [accounts.….hosted_email] in the configuration."
SENTENCES: list[tuple[str, Mailbox, Record, dict[str, Any], str]] = [
    ("create", ABSENT, NOBODYS, {"password": None}, WIPED),
    ("change_password", ACTIVE, OURS, {"password": None}, WIPED),
    ("suspend", ACTIVE, OURS, {"allowed": REFUSE}, 'The account is configured with suspend_with = "refuse".'),
    ("unsuspend", ACTIVE, OURS, {"allowed": REFUSE}, 'The account is configured with suspend_with = "refuse".'),
    ("unsuspend", ACTIVE, LOCKED, {}, LOCKED_OUT),
    ("change_password", ACTIVE, LOCKED, {}, STAYS_LOCKED),
    ("renew", replace(ACTIVE, pak=None), OURS, {}, "Enom does not show which pak holds this mailbox."),
    ("change_plan", ACTIVE, OURS, {"allowed": terms(hosted_email=False)}, NO_PLANS),
    ("set_aliases", ACTIVE, OURS, {"allowed": terms(hosted_email=False)}, NO_ALIASES),
    ("set_forwarding", replace(ACTIVE, forwarding=None), OURS, {}, UNKNOWN_FORM),
]  # fmt: skip


@pytest.mark.parametrize(("action", "seen", "record", "more", "sentence"), SENTENCES)
def test_a_refusal_tells_staff_what_stands_in_the_way(
    action: str, seen: Mailbox, record: Record, more: dict[str, Any], sentence: str
) -> None:
    assert refusal(action, seen, record, **more).detail == sentence


def test_a_create_without_a_plan_leaves_the_size_alone() -> None:
    assert desired("create", ABSENT, NOBODYS).quota is None


# Another service of the same source


def moved(record: Record, told: str | None = "c1", known: str | None = "c1") -> Desired:
    given = {"from_service_id": "8", "customer_id": told}
    intent = Intent("mailbox.change_service", START, "7", str(JOHN), **given)
    wish = Request("shop", intent, None, NOW, customer_id=known)
    return ACTIONS["mailbox.change_service"](wish, ACTIVE, record, terms())


def test_a_mailbox_changes_its_service_within_one_customer() -> None:
    assert moved(THEIRS) == moved(OURS) == Desired(exists=True)
    assert moved(THEIRS, told=None) == moved(THEIRS, known=None) == Desired(exists=True)
    with pytest.raises(Refused, match="is of customer c2") as caught:
        moved(THEIRS, known="c2")
    assert caught.value.code == "conflict"


def test_only_the_named_service_of_the_same_source_gives_a_mailbox_away() -> None:
    named = replace(THEIRS, service_id="6")
    assert desired("change_service", ACTIVE, named) == Desired(exists=True)
    for record in (NOBODYS, THEIRS, replace(named, source="other")):
        assert refusal("change_service", ACTIVE, record).code == "not_ours"
    assert refusal("change_service", ABSENT, named).code == "not_found"
    assert refusal("change_service", replace(ACTIVE, type="alias"), named).code == "conflict"


def test_what_waits_for_its_deletion_changes_no_service() -> None:
    for record in (LEAVING, replace(LEAVING, service_id="6")):
        assert refusal("change_service", HELD, record).code == "conflict"


# A status of a platform, which says what is so and brings no password


def ensured(seen: Mailbox, record: Record, customer: str | None = "c1", **wish: Any) -> Desired:
    intent = Intent(
        "mailbox.ensure",
        START,
        "7",
        str(JOHN),
        password=GOOD,
        plan="large",
        customer_id="c1",
        status="active",
    )
    asked = Request("shop", intent, "digest", NOW, customer_id=customer, **wish)
    return ACTIONS["mailbox.ensure"](asked, seen, record, terms())


THERE = Desired(exists=True, suspended=False, quota=25 << 30)
WITH_PASSWORD = replace(THERE, password=GOOD, password_digest="digest")


def test_only_what_has_no_password_yet_gets_one() -> None:
    unproven = replace(OURS, password_digest=None)
    assert ensured(ABSENT, NOBODYS) == WITH_PASSWORD
    assert ensured(ACTIVE, OURS) == THERE
    assert ensured(ACTIVE, unproven) == THERE  # imported: its password is its customer's
    assert ensured(ACTIVE, unproven, creating=True) == WITH_PASSWORD  # it may not be of our making
    assert ensured(ACTIVE, OURS, creating=True) == THERE
    assert ensured(ACTIVE, replace(LOCKED, suspended_by="shop")) == WITH_PASSWORD


def test_a_new_subscription_of_the_same_customer_takes_the_mailbox_over() -> None:
    kept = replace(LEAVING, service_id="6", suspended_by="shop")
    assert ensured(ACTIVE, THEIRS) == THERE
    assert ensured(HELD, kept) == THERE  # also within the grace of the one that ended


@pytest.mark.parametrize("customer", ["c2", None])
def test_nobody_else_takes_a_mailbox_over(customer: str | None) -> None:
    for record in (THEIRS, replace(LEAVING, service_id="6"), NOBODYS):
        with pytest.raises(Refused):
            ensured(ACTIVE, record, customer)
    with pytest.raises(Refused):
        ensured(ACTIVE, replace(THEIRS, source="other"))


def test_a_status_lifts_only_what_a_status_suspended() -> None:
    assert ensured(HELD, replace(SUSPENDED, suspended_by="shop")) == THERE
    for by in (None, "other"):
        with pytest.raises(NeedsPerson, match="not by a status of this source"):
            ensured(HELD, replace(SUSPENDED, suspended_by=by))
        # An admin has lifted it.
        assert ensured(ACTIVE, replace(SUSPENDED, suspended_by=by)) == THERE
