"""Each mailbox is in one group, and every group says what is true: billing's claim, the record
and Enom side by side."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.backends.memory import SERVICES
from bridge.domain.model import Address, Mailbox, Record, State
from bridge.reconcile.matching import (
    FOREIGN_SUSPENSION,
    HALF,
    Finding,
    Group,
    Scan,
    ScanError,
    SourceView,
    match,
)
from bridge.reconcile.service_list import Claim
from tests.support.bench import terms

NOW = 1_800_000_000.0
ANN = Address("ann", "example.com")
CLAIM = Claim("7", str(ANN))
SUSPENDED = dict.fromkeys(SERVICES, "suspended")


def found(
    claims: list[Claim],
    *seen: Mailbox,
    records: dict[str, Record] | None = None,
    barred: ScanError | None = None,
    **more: Any,
) -> list[Finding]:
    shown = Scan({mailbox.address: mailbox for mailbox in seen}, NOW - 1)
    view = SourceView("shop", records or {}, {"example.com": barred or shown}, terms(**more))
    return match(view, claims)


def one(*arguments: Any, **more: Any) -> Finding:
    (finding,) = found(*arguments, **more)
    return finding


def test_what_nobody_owns_and_enom_has_is_to_be_taken_over() -> None:
    finding = one([replace(CLAIM, plan="large")], Mailbox(ANN, True))
    assert finding == Finding(
        Group.TAKE_OVER,
        "example.com",
        str(ANN),
        "7",
        plan="large",
        state=State.ACTIVE,
        seen_at=NOW - 1,
    )


def test_what_is_ours_stays_ours() -> None:
    record = Record("shop", "7", State.ACTIVE)
    assert one([CLAIM], Mailbox(ANN, True), records={str(ANN): record}).group is Group.OURS


@pytest.mark.parametrize("owner", [("shop", "8"), ("till", "7")])
def test_what_another_owns_is_never_taken_and_the_command_that_would_is_named(
    owner: tuple[str, str],
) -> None:
    finding = one([CLAIM], Mailbox(ANN, True), records={str(ANN): Record(*owner)})
    assert (finding.group, finding.owner) == (Group.OTHERS, owner)
    assert (
        "enom-bridge mailboxes adopt ann@example.com --source shop --service-id 7" in finding.detail
    )


def test_what_enom_does_not_have_is_missing() -> None:
    assert (one([CLAIM]).group, one([CLAIM]).detail) == (Group.MISSING, "")
    assert (
        "has recorded it"
        in one([CLAIM], records={str(ANN): Record("shop", "7", State.ACTIVE)}).detail
    )


def test_what_only_enom_has_is_told_with_the_service_on_record() -> None:
    assert one([], Mailbox(ANN, True)).group is Group.AT_ENOM_ONLY
    finding = one([], Mailbox(ANN, True), records={str(ANN): Record("shop", "9")})
    assert (finding.group, finding.detail) == (
        Group.AT_ENOM_ONLY, "It is recorded for service 9 of shop, which is not in the file."
    )  # fmt: skip


def test_what_another_source_owns_and_nobody_here_claims_is_not_told() -> None:
    assert found([], Mailbox(ANN, True), records={str(ANN): Record("till", "9")}) == []


@pytest.mark.parametrize("claims", [[CLAIM], []])
def test_what_only_one_of_the_two_systems_lists_is_neither_there_nor_not(
    claims: list[Claim],
) -> None:
    finding = one(claims, Mailbox(ANN, None))
    assert (finding.group, finding.detail) == (Group.DISAGREE, HALF)


def test_what_the_bridge_has_just_changed_is_not_judged_by_a_read_that_may_lag() -> None:
    gone = Record(state=State.ABSENT, settles_at=NOW + 60)
    finding = one([CLAIM], Mailbox(ANN, True), records={str(ANN): gone})
    assert (finding.group, "Compare again after" in finding.detail) == (Group.DISAGREE, True)
    # What has settled since the look had not when it was taken.
    meanwhile = replace(gone, settles_at=NOW - 0.5)
    assert one([CLAIM], Mailbox(ANN, True), records={str(ANN): meanwhile}).group is Group.DISAGREE
    settled = replace(gone, settles_at=NOW - 60)
    assert one([CLAIM], Mailbox(ANN, True), records={str(ANN): settled}).group is Group.TAKE_OVER


def test_a_domain_without_an_answer_is_told_for_each_of_its_claims_or_once() -> None:
    barred = ScanError(Group.UNREAD, "No answer.")
    assert one([CLAIM], barred=barred) == Finding(
        Group.UNREAD, "example.com", str(ANN), "7", detail="No answer."
    )
    assert one([], barred=barred) == Finding(Group.UNREAD, "example.com", detail="No answer.")


def test_a_suspension_that_is_not_ours_is_remarked() -> None:
    finding = one([CLAIM], Mailbox(ANN, True, SUSPENDED))
    assert (finding.group, finding.state, finding.remarks) == (
        Group.TAKE_OVER,
        State.SUSPENDED,
        (FOREIGN_SUSPENSION,),
    )
    ours = Record("shop", "7", State.SUSPENDED, suspended_with="hosted-email")
    assert one([CLAIM], Mailbox(ANN, True, SUSPENDED), records={str(ANN): ours}).remarks == ()


def test_a_record_that_says_otherwise_than_enom_is_remarked() -> None:
    finding = one(
        [CLAIM], Mailbox(ANN, True), records={str(ANN): Record("shop", "7", State.SUSPENDED)}
    )
    assert finding.remarks == ("It is recorded as suspended, but is active at the mail provider.",)


def test_a_deletion_that_waits_is_remarked() -> None:
    record = Record("shop", "7", State.ACTIVE, delete_after=NOW)
    assert (
        "it will be deleted after 2027-01-15T08:00:00Z"
        in one([CLAIM], Mailbox(ANN, True), records={str(ANN): record}).remarks[0]
    )


def test_a_plan_that_is_not_configured_is_remarked_and_not_repeated() -> None:
    finding = one([replace(CLAIM, plan="Planted-Secret.7")], Mailbox(ANN, True))
    assert finding.plan is None
    assert "(known: basic, large)" in finding.remarks[0] and "Planted" not in repr(finding)


def test_findings_come_by_group_domain_and_address() -> None:
    claims = [Claim(name, f"{name}@example.com") for name in ("cid", "bob", "ann")]
    boxes = [Mailbox(Address(name, "example.com"), True) for name in ("bob", "zoe", "ann")]
    assert [(each.group.value, each.address) for each in found(claims, *boxes)] == [
        ("take_over", "ann@example.com"),
        ("take_over", "bob@example.com"),
        ("at_enom_only", "zoe@example.com"),
        ("missing_at_enom", "cid@example.com"),
    ]


def test_a_finding_is_plain_json() -> None:
    assert one([CLAIM], Mailbox(ANN, True, SUSPENDED)).describe() == {
        "group": "take_over",
        "domain": "example.com",
        "address": "ann@example.com",
        "service_id": "7",
        "plan": None,
        "customer_id": None,
        "state_at_enom": "suspended",
        "owner_now": None,
        "detail": None,
        "remarks": [FOREIGN_SUSPENSION],
        "checked_at": "2027-01-15T07:59:59Z",
    }
