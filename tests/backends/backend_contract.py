"""What every backend keeps to. A test module subclasses BackendContract and gives a `remote`
fixture.

Where places for mailboxes are bought it subclasses PlacesContract, which is the same and what is
true of places.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.domain.errors import BridgeError, NoFunds, OutcomeUnknown, RefusalUnproven, Refused
from bridge.domain.model import Address, Change, ChangeKind, Desired, Fact, Forwarding, Proof
from bridge.domain.ports import Backend

JOHN = Address("john", "example.com")
JANE = Address("jane", "example.com")
INFO, SALES = "info@example.com", "sales@example.com"
PASSWORD = "Correct-Horse-7"
OTHER_PASSWORD = "Battery-Staple-9"
ALL_SERVICES = ("imap", "pop", "receiving", "sending", "webmail_sending", "webmail")
SOON = datetime(2035, 1, 1, tzinfo=UTC)


class Remote(Protocol):
    """The remote's truth behind a backend, and how a test changes it without the backend."""

    backend: Backend

    def mailboxes(self) -> set[str]: ...
    def password(self, address: Address) -> str: ...
    def set_services(self, address: Address, states: Mapping[str, str]) -> None: ...
    def lose_answer(self, kind: ChangeKind) -> None:
        """The next change of `kind` happens, but its answer is lost."""


class Selling(Remote, Protocol):
    """One that sells places."""

    def add_pak(self, free: int = 10, expires: datetime = SOON) -> str: ...
    def paks(self) -> int: ...
    def set_balance(self, amount: int) -> None: ...


class BackendContract:
    @pytest.fixture
    def backend(self, remote: Remote) -> Backend:
        return remote.backend

    @pytest.fixture
    def place(self) -> Mapping[str, str]:
        """What a creation says of the mailbox's place."""
        return {}

    @pytest.fixture
    def apply(self, backend):
        return lambda kind, arguments=None, secret=None, address=JOHN: backend.apply(
            address, Change(kind, arguments or {}, secret), backend.observe(address)
        )

    @pytest.fixture
    def create(self, apply, place):
        return lambda address=JOHN, secret=PASSWORD: apply(
            ChangeKind.CREATE, {**place, "display_name": "A Name"}, secret, address
        )

    def test_a_creation_runs_alone_in_its_domain(self, backend):
        assert "mailbox.create" in backend.products.exclusive_actions

    def test_an_absent_mailbox_is_an_answer(self, backend):
        seen = backend.observe(JOHN)
        assert (seen.address, seen.exists, seen.pak) == (JOHN, False, None)

    def test_what_was_created_is_observed(self, backend, remote, create):
        create()
        seen = backend.observe(JOHN)
        assert (seen.exists, seen.type, set(seen.services)) == (True, "mailbox", set(ALL_SERVICES))
        assert remote.password(JOHN) == PASSWORD

    def test_what_is_planned_for_a_creation_creates(self, backend, remote, place):
        wanted = Desired(exists=True, password=PASSWORD, quota=2**30, display_name="A Name")
        seen = backend.observe(JOHN)
        (change,) = backend.products.creation(seen, wanted, datetime.now(UTC))
        assert backend.apply(JOHN, change, seen).command == backend.command(change)
        assert remote.mailboxes() == {str(JOHN)}
        assert backend.products.renewal(backend.observe(JOHN), datetime.now(UTC), frozenset()) == []

    def test_a_new_password_is_one_that_it_takes(self, backend, remote, create, apply):
        create()
        fresh = backend.new_password(JOHN, random.Random(7).choice)
        apply(ChangeKind.SET_PASSWORD, {}, fresh)
        assert remote.password(JOHN) == fresh

    def test_create_twice_makes_one_and_says_so(self, remote, create):
        create()
        with pytest.raises(RefusalUnproven) as caught:
            create(secret=OTHER_PASSWORD)
        assert (caught.value.code, caught.value.refusal.code) == ("not_ours", "not_ours")
        assert remote.mailboxes() == {str(JOHN)}
        assert remote.password(JOHN) == PASSWORD

    def test_a_lost_answer_is_unclear_and_a_look_tells(self, backend, remote, create):
        remote.lose_answer(ChangeKind.CREATE)
        with pytest.raises(OutcomeUnknown):
            create()
        assert backend.observe(JOHN).exists is True

    def test_a_password_that_the_remote_refuses_is_surely_not_set(self, remote, create, apply):
        with pytest.raises(Refused) as caught:
            create(secret="weak")
        assert caught.value.code == "password_rejected"
        assert remote.mailboxes() == set()
        create()
        with pytest.raises(Refused):
            apply(ChangeKind.SET_PASSWORD, {}, "weak")
        assert remote.password(JOHN) == PASSWORD

    def test_a_password_is_set_and_shown_nowhere(self, backend, remote, create, apply):
        create()
        answer = apply(ChangeKind.SET_PASSWORD, {}, OTHER_PASSWORD)
        assert remote.password(JOHN) == OTHER_PASSWORD
        assert OTHER_PASSWORD not in repr(answer) + repr(backend.observe(JOHN)) + repr(
            vars(backend)
        )

    def test_a_password_for_the_absent_makes_nothing(self, remote, apply):
        with pytest.raises((Refused, RefusalUnproven)) as caught:
            apply(ChangeKind.SET_PASSWORD, {}, PASSWORD)
        assert caught.value.code == "not_found"
        assert remote.mailboxes() == set()

    def test_suspend_and_restore_leave_the_disabled_as_they_are(
        self, backend, remote, create, apply
    ):
        create()
        remote.set_services(JOHN, {"pop": "disabled"})
        before = dict(backend.observe(JOHN).services)
        apply(ChangeKind.SUSPEND, {"with": "hosted-email", "services": list(ALL_SERVICES)})
        apply(ChangeKind.LOG_OUT)
        assert set(backend.observe(JOHN).services.values()) == {"suspended"}
        apply(ChangeKind.RESTORE, {"with": "hosted-email", "services": before})
        after = backend.observe(JOHN).services
        assert (after, after["pop"]) == (before, "disabled")

    def test_suspend_touches_only_the_named_services(self, backend, create, apply):
        create()
        apply(ChangeKind.SUSPEND, {"with": "hosted-email", "services": ["imap", "sending"]})
        states = backend.observe(JOHN).services
        assert {name for name, state in states.items() if state == "suspended"} == {
            "imap",
            "sending",
        }
        assert set(states) == set(ALL_SERVICES)

    def test_a_quota_is_observed(self, backend, create, apply):
        create()
        apply(ChangeKind.SET_QUOTA, {"quota_bytes": 25 * 2**30})
        assert backend.observe(JOHN).quota == 25 * 2**30

    def test_aliases_are_set_as_a_whole_and_lead_to_the_mailbox(self, backend, create, apply):
        if backend.proofs[Fact.ALIASES] is Proof.UNSUPPORTED:
            with pytest.raises(Refused) as caught:
                backend.holders("example.com", [INFO])
            assert caught.value.code == "unsupported"
            return
        create()
        assert backend.observe(JOHN).aliases == ()
        apply(ChangeKind.SET_ALIASES, {"aliases": [SALES, INFO]})
        assert backend.observe(JOHN).aliases == (INFO, SALES)
        seen = backend.observe(Address.parse(INFO))
        assert (seen.exists, seen.type) == (True, "alias")
        assert backend.holders("example.com", [INFO, str(JOHN), str(JANE)]) == {
            INFO: str(JOHN),
            str(JOHN): str(JOHN),
        }
        apply(ChangeKind.SET_ALIASES, {"aliases": []})
        assert backend.observe(JOHN).aliases == ()
        assert backend.observe(Address.parse(INFO)).exists is False

    def test_an_alias_that_is_taken_is_refused_and_none_is_set(self, backend, create, apply):
        if backend.proofs[Fact.ALIASES] is Proof.UNSUPPORTED:
            return
        create()
        create(JANE)
        apply(ChangeKind.SET_ALIASES, {"aliases": [INFO]}, address=JANE)
        for taken in (INFO, str(JANE)):
            with pytest.raises(RefusalUnproven) as caught:
                apply(ChangeKind.SET_ALIASES, {"aliases": [SALES, taken]})
            assert caught.value.refusal.code == "address_taken"
        assert backend.observe(JOHN).aliases == ()

    def test_an_alias_is_no_place_for_a_mailbox(self, backend, create, apply):
        if backend.proofs[Fact.ALIASES] is Proof.UNSUPPORTED:
            return
        create()
        apply(ChangeKind.SET_ALIASES, {"aliases": [str(JANE)]})
        with pytest.raises((Refused, RefusalUnproven)) as caught:
            create(JANE)
        assert caught.value.code in ("conflict", "not_ours")

    def test_a_forwarding_is_observed_and_switched_off(self, backend, create, apply):
        if backend.proofs[Fact.FORWARDING] is Proof.UNSUPPORTED:
            return
        create()
        assert backend.observe(JOHN).forwarding == Forwarding()
        for wanted in (
            Forwarding.of(["b@example.org", "a@example.org"], True),
            Forwarding.of(["a@example.org"], False),
            Forwarding(),
        ):
            apply(ChangeKind.SET_FORWARDING, wanted.describe())
            assert backend.observe(JOHN).forwarding == wanted

    def test_delete_takes_one_away(self, backend, remote, create, apply):
        create()
        create(JANE)
        apply(ChangeKind.DELETE)
        assert (backend.observe(JOHN).exists, remote.mailboxes()) == (False, {str(JANE)})

    def test_deleting_the_absent_harms_nothing_and_says_so(self, remote, create, apply):
        create(JANE)
        with pytest.raises((Refused, RefusalUnproven)) as caught:
            apply(ChangeKind.DELETE)
        assert caught.value.code == "not_found"
        assert remote.mailboxes() == {str(JANE)}

    def test_a_foreign_domain_is_refused(self, backend):
        with pytest.raises(Refused) as caught:
            backend.observe(Address("john", "example.net"))
        assert caught.value.code == "domain_not_in_account"

    def test_a_survey_shows_every_mailbox_of_the_domain(self, backend, remote, create):
        assert backend.survey("example.com").mailboxes == ()
        for address in (JOHN, JANE):
            create(address)
        shown = backend.survey("example.com").mailboxes
        assert [(seen.address, seen.exists) for seen in shown] == [(JANE, True), (JOHN, True)]
        assert PASSWORD not in repr(shown)

    def test_a_survey_shows_what_is_suspended_as_a_whole(self, backend, create, apply):
        for address in (JOHN, JANE):
            create(address)
        apply(ChangeKind.SUSPEND, {"with": "hosted-email", "services": list(ALL_SERVICES)})
        apply(ChangeKind.SUSPEND, {"with": "hosted-email", "services": ["imap"]}, address=JANE)
        jane, john = backend.survey("example.com").mailboxes
        assert john.services == dict.fromkeys(ALL_SERVICES, "suspended")
        assert set((jane.services or {}).values()) != {"suspended"}

    def test_what_was_deleted_is_kept_and_comes_back_once(self, backend, create, apply):
        create()
        assert list(backend.deleted("example.com")) == []
        apply(ChangeKind.DELETE)
        (kept,) = backend.deleted("example.com")
        assert (kept.address, backend.observe(JOHN).exists) == (JOHN, False)
        backend.undelete(kept)
        assert (backend.observe(JOHN).exists, list(backend.deleted("example.com"))) == (True, [])
        with pytest.raises(BridgeError):
            backend.undelete(kept)

    def test_a_survey_of_a_foreign_domain_is_refused(self, backend):
        with pytest.raises(Refused) as caught:
            backend.survey("example.net")
        assert caught.value.code == "domain_not_in_account"

    def test_usage_is_in_bytes(self, backend, create):
        create()
        usage = backend.usage(JOHN)
        assert (usage["used_bytes"], usage["quota_bytes"] % 2**20) == (0, 0)
        with pytest.raises(Refused) as caught:
            backend.usage(JANE)
        assert caught.value.code == "not_found"

    def test_a_sign_in_link_is_for_this_mailbox(self, backend, create):
        create()
        link = urlsplit(backend.sign_in(JOHN))
        assert (link.scheme in ("http", "https"), parse_qs(link.query)["user"]) == (
            True,
            [str(JOHN)],
        )

    def test_a_probe_changes_nothing(self, backend, remote, create):
        create()
        backend.probe()
        assert remote.mailboxes() == {str(JOHN)}

    def test_every_fact_has_a_proof(self, backend):
        assert set(backend.proofs) == set(Fact)


class PlacesContract(BackendContract):
    """Of a remote where a mailbox needs a place that was bought."""

    @pytest.fixture
    def bundle(self, remote: Selling) -> str:
        return remote.add_pak()

    @pytest.fixture
    def place(self, bundle):
        return {"bundle": bundle}

    def test_the_places_of_a_domain_are_observed(self, backend, bundle):
        seen = backend.observe(JOHN)
        assert [(pak.bundle, pak.free, pak.expires) for pak in seen.paks] == [(bundle, 10, SOON)]

    def test_a_domain_without_paks_can_be_observed(self, backend):
        seen = backend.observe(JOHN)
        assert (seen.exists, seen.paks) == (False, ())

    def test_what_was_created_is_in_its_pak(self, backend, bundle, create):
        create()
        seen = backend.observe(JOHN)
        assert (seen.pak.bundle, seen.pak.free) == (bundle, 9)
        (listed,) = backend.survey("example.com").mailboxes
        assert listed.pak.bundle == bundle

    def test_a_full_pak_takes_no_mailbox(self, remote, apply):
        full = remote.add_pak(free=1)
        apply(ChangeKind.CREATE, {"bundle": full}, PASSWORD)
        with pytest.raises(RefusalUnproven) as caught:
            apply(ChangeKind.CREATE, {"bundle": full}, PASSWORD, JANE)
        assert caught.value.code == "pak_full"
        assert remote.mailboxes() == {str(JOHN)}

    def test_delete_frees_the_place(self, backend, remote, create, apply):
        create()
        create(JANE)
        apply(ChangeKind.DELETE)
        seen = backend.observe(JOHN)
        assert (seen.exists, seen.paks[0].free) == (False, 9)
        assert remote.mailboxes() == {str(JANE)}

    @pytest.mark.parametrize(("product", "places"), [("pak", 10), ("box", 1)])
    def test_a_purchase_is_observed(self, backend, apply, product, places):
        answer = apply(ChangeKind.BUY, {"product": product, "quantity": 1})
        (pak,) = backend.observe(JOHN).paks
        assert (answer.evidence["bundle"], pak.free) == (pak.bundle, places)
        apply(ChangeKind.CREATE, {"bundle": pak.bundle, "display_name": None}, PASSWORD)
        assert backend.observe(JOHN).pak.bundle == pak.bundle

    @pytest.mark.parametrize("product", ["pak", "box"])
    def test_a_renewal_is_observed(self, backend, apply, product):
        bundle = apply(ChangeKind.BUY, {"product": product, "quantity": 1}).evidence["bundle"]
        (before,) = backend.observe(JOHN).paks
        apply(ChangeKind.RENEW, {"bundle": bundle, "years": 2, "product": product})
        (after,) = backend.observe(JOHN).paks
        assert after.expires - before.expires >= timedelta(days=729)

    def test_without_money_nothing_is_bought(self, remote, apply):
        remote.set_balance(0)
        with pytest.raises(NoFunds):
            apply(ChangeKind.BUY, {"product": "pak", "quantity": 1})
        assert remote.paks() == 0

    def test_a_survey_shows_the_paks_of_a_domain_without_mailboxes(self, backend, bundle):
        assert [pak.bundle for pak in backend.survey("example.com").paks] == [bundle]
