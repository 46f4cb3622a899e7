"""Hosted email as a backend by itself, against the simulator: the contract, and what is its own."""

import pytest
from backend_contract import ALL_SERVICES, JANE, JOHN, OTHER_PASSWORD, PASSWORD, BackendContract

from bridge.backends.hosted_email import HostedEmail, HostedEmailAccount, codes, wire
from bridge.backends.hosted_email.wire import SERVICES
from bridge.domain.errors import (
    AccountFault,
    MalformedReply,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)
from bridge.domain.model import Address, Change, ChangeKind, Fact, Forwarding, Proof
from bridge.infra.http_client import HttpClient
from bridge.sim import Simulator

ADMIN, SECRET = "admin@example.test", "planted-admin-password"
INFO = Address("info", "example.com")


class HostedRemote:
    """`backend_with` makes further backends over the same company."""

    def __init__(self, simulator: Simulator, outgoing: HttpClient) -> None:
        self.simulator, self.outgoing = simulator, outgoing
        simulator.control(
            "/accounts",
            {"uid": "company", "token": None, "hosted_user": ADMIN, "hosted_password": SECRET},
        )
        simulator.control("/accounts", {"uid": "stranger", "token": None})
        for uid, domain in (("company", "example.com"), ("stranger", "example.org")):
            simulator.control("/domains", {"uid": uid, "domain": domain})
        self.call("change_domain", domain="example.com", attributes={"password_strength": "good"})
        self.backend = self.backend_with()

    def backend_with(self, **changes) -> HostedEmail:
        given = {"endpoint": self.simulator.hosted_email, "user": ADMIN, "password": SECRET}
        return HostedEmail(
            HostedEmailAccount(**{**given, **changes}), self.outgoing, name="mail", timeout=10.0
        )

    def admin(self, role: str, **more) -> HostedEmail:
        given = {
            "uid": "company",
            "user": f"{role}@example.test",
            "password": SECRET,
            "role": role,
            **more,
        }
        self.simulator.control("/admins", given)
        return self.backend_with(user=given["user"])

    def call(self, method: str, **arguments) -> None:
        self.backend_with().client.call(method, **arguments)

    def fault(self, command: str, fault: str, **more) -> None:
        self.simulator.control("/faults", {"command": command, "fault": fault, **more})

    def commands(self) -> list[str]:
        return [entry["command"] for entry in self.simulator.control("/history")["history"]]

    def truth(self) -> dict:
        return self.simulator.control("/state")["domains"]["example.com"]

    def mailboxes(self) -> set[str]:
        return set(self.truth()["mailboxes"])

    def password(self, address: Address) -> str:
        return self.truth()["mailboxes"][str(address)]["password"]

    def set_services(self, address, states) -> None:
        services = {SERVICES[name]: state for name, state in states.items()}
        self.simulator.control("/services", {"address": str(address), "services": services})

    def lose_answer(self, kind: ChangeKind) -> None:
        self.fault(self.backend.command(Change(kind)), "drop_after")


@pytest.fixture
def remote():
    outgoing = HttpClient()
    with Simulator(seed=1) as simulator:
        yield HostedRemote(simulator, outgoing)
    outgoing.close()


class TestHostedEmail(BackendContract):
    def test_a_creation_is_one_command_with_name_size_and_password(self, backend, remote):
        change = Change(
            ChangeKind.CREATE, {"display_name": "A Name", "quota_bytes": 25 << 30}, PASSWORD
        )
        seen = backend.observe(JOHN)
        before = len(remote.commands())
        backend.apply(JOHN, change, seen)
        assert remote.commands()[before:] == ["change_user"]
        box = remote.truth()["mailboxes"][str(JOHN)]
        assert (box["display_name"], box["quota_bytes"], box["password"]) == (
            "A Name",
            25 << 30,
            PASSWORD,
        )

    def test_a_look_is_one_call(self, backend, remote, create):
        create()
        before = len(remote.commands())
        assert backend.observe(JOHN).quota == 1 << 30
        assert backend.observe(JANE, [Fact.EXISTENCE]).exists is False
        assert remote.commands()[before:] == ["get_user", "get_user"]

    def test_nothing_is_proved_of_an_end_nor_paid_in_advance(self, backend, create):
        create()
        seen = backend.observe(JOHN)
        assert (backend.proofs[Fact.EXPIRY], backend.proofs[Fact.EXISTENCE]) == (
            Proof.UNSUPPORTED,
            Proof.VERIFIED,
        )
        assert (backend.products.paid_until(seen), backend.products.place(seen)) == (None, "")

    @pytest.mark.parametrize(
        "change",
        [Change(ChangeKind.BUY, {"product": "pak"}), Change(ChangeKind.RENEW, {"years": 1})],
    )
    def test_nothing_is_bought(self, backend, create, change):
        create()
        with pytest.raises(Refused) as caught:
            backend.apply(JOHN, change, backend.observe(JOHN))
        assert caught.value.code == "unsupported"

    def test_no_command_is_sent_that_would_make_what_it_should_change(self, backend, remote, apply):
        before = len(remote.commands())
        suspend = {"with": "hosted-email", "services": list(ALL_SERVICES)}
        for kind, given, secret in (
            (ChangeKind.SET_PASSWORD, {}, PASSWORD),
            (ChangeKind.SET_QUOTA, {"quota_bytes": 1 << 30}, None),
            (ChangeKind.SET_ALIASES, {"aliases": []}, None),
            (ChangeKind.SET_FORWARDING, {"forward_to": [], "keep_copy": True}, None),
            (ChangeKind.SUSPEND, suspend, None),
            (ChangeKind.DELETE, {}, None),
        ):
            with pytest.raises(Refused) as caught:
                apply(kind, given, secret)
            assert caught.value.code == "not_found"
        assert set(remote.commands()[before:]) == {"get_user"}

    @pytest.mark.parametrize("kind", ["alias", "forward", "filter"])
    def test_what_is_no_mailbox_is_shown_as_that_and_never_touched(
        self, backend, remote, create, apply, kind
    ):
        create()
        if kind == "alias":
            remote.call("change_user", user=str(JOHN), attributes={"aliases": [str(INFO)]})
        else:
            remote.call(
                "change_user",
                user=str(INFO),
                attributes={"type": kind, "forward_recipients": ["x@example.net"]},
            )
        seen = backend.observe(INFO)
        assert (seen.exists, seen.type) == (True, kind)
        before = remote.truth()
        for change in (
            Change(ChangeKind.DELETE),
            Change(ChangeKind.SET_PASSWORD, {}, OTHER_PASSWORD),
            Change(ChangeKind.CREATE, {}, PASSWORD),
        ):
            with pytest.raises(Refused) as caught:
                backend.apply(INFO, change, seen)
            assert caught.value.code == "conflict"
        assert remote.truth() == before
        assert [str(each.address) for each in backend.survey("example.com").mailboxes] == [
            str(JOHN)
        ]

    def test_a_domain_of_another_company_is_refused(self, backend):
        with pytest.raises(Refused) as caught:
            backend.observe(Address("john", "example.org"))
        assert caught.value.code == "domain_not_in_account"

    @pytest.mark.parametrize("role", ["company_ro", "company_mail", "company_token_only"])
    def test_a_role_that_may_not_make_mailboxes_is_told_with_what_to_look_at(self, remote, role):
        backend = remote.admin(role)
        backend.probe()
        absent = remote.backend.observe(JOHN)
        with pytest.raises(Refused, match="role of the credentials") as caught:
            backend.apply(JOHN, Change(ChangeKind.CREATE, {}, PASSWORD), absent)
        assert (caught.value.remote["number"], remote.mailboxes()) == ("9", set())

    def test_the_wrong_cluster_is_the_accounts_fault(self, remote):
        with pytest.raises(AccountFault) as caught:
            remote.backend_with(endpoint=remote.simulator.other_cluster).probe()
        assert caught.value.code == "credentials"

    def test_wrong_credentials_are_the_accounts_fault(self, remote):
        backend = remote.backend_with(password="wrong")
        for ask in (backend.probe, lambda: backend.observe(JOHN)):
            with pytest.raises(AccountFault) as caught:
                ask()
            assert "wrong" not in repr(caught.value) + repr(caught.value.remote)

    def test_a_size_over_the_domains_maximum_is_refused_with_the_reason(
        self, remote, create, apply
    ):
        create()
        remote.call("change_domain", domain="example.com", attributes={"quota_maximum": 2048})
        with pytest.raises(Refused, match="maximum of 2048 MB"):
            apply(ChangeKind.SET_QUOTA, {"quota_bytes": 3 << 30})

    @pytest.mark.parametrize(
        "password", ["with space", 'with"quote', "x" * 55, "has-john-inside-1"]
    )
    def test_a_password_that_it_does_not_take_is_the_customers_to_change(
        self, remote, create, password
    ):
        with pytest.raises(Refused) as caught:
            create(secret=password)
        assert (caught.value.code, remote.mailboxes()) == ("password_rejected", set())
        assert password not in caught.value.detail

    def test_what_the_bridge_does_not_suspend_it_does_not_lift(self, remote, create, apply):
        create()
        held = {
            "address": str(JOHN),
            "services": {"service_smtprelay": "suspended"},
            "level": "higher",
        }
        remote.simulator.control("/services", held)
        with pytest.raises(Refused) as caught:
            apply(ChangeKind.RESTORE, {"with": "hosted-email", "services": {"sending": "enabled"}})
        assert caught.value.code == "conflict"

    def test_a_password_is_proved_in_the_mailboxs_own_name_and_is_never_the_accounts_fault(
        self, remote, create, apply
    ):
        create()
        assert apply(ChangeKind.PROVE_PASSWORD, {}, PASSWORD).command == "authenticate"
        remote.simulator.control(
            "/mailboxes", {"address": str(JANE), "password": PASSWORD, "second_factor": True}
        )
        for address, password, code in (
            (JOHN, OTHER_PASSWORD, "unclear"),
            (JANE, PASSWORD, "unsupported"),
        ):
            with pytest.raises(Refused) as caught:
                apply(ChangeKind.PROVE_PASSWORD, {}, password, address)
            assert caught.value.code == code
            assert password not in caught.value.detail + repr(caught.value.remote)
        for fault, error in (("oma_22", Unavailable), ("drop_after", OutcomeUnknown)):
            remote.fault("authenticate", fault)
            with pytest.raises(error):
                apply(ChangeKind.PROVE_PASSWORD, {}, PASSWORD)

    def test_what_speaks_of_more_than_the_password_tells_nothing_of_it(self):
        doubted = {0, 1, 2, 7, 8, 20, 22, 23, 25, 28, 29, 30, 41, 49}
        found = [
            codes.of_sign_in(wire.Result(False, number, "said"))
            for number in range(50)
            if number not in doubted
        ]
        assert {(type(error), error.code) for error in found if error} == {(Refused, "unsupported")}

    def test_answers_in_another_form_are_read(self, backend, remote, create):
        create()
        backend.apply(
            JOHN,
            Change(ChangeKind.SET_FORWARDING, {"forward_to": ["a@b.example"], "keep_copy": False}),
            backend.observe(JOHN),
        )
        remote.simulator.control("/settings", {"hosted_forms": "text"})
        seen = backend.observe(JOHN)
        assert (seen.aliases, seen.forwarding) == ((), Forwarding.of(["a@b.example"], False))
        assert (seen.exists, seen.quota, backend.observe(JANE).exists) == (True, 1 << 30, False)
        assert len(backend.survey("example.com").mailboxes) == 1

    @pytest.mark.parametrize(
        ("fault", "error", "done"),
        [
            ("drop_before", OutcomeUnknown, False),
            ("drop_after", OutcomeUnknown, True),
            ("cut", OutcomeUnknown, True),
            ("error_500", OutcomeUnknown, False),
            ("error_500_after", OutcomeUnknown, True),
            ("html", MalformedReply, False),
            ("html_after", MalformedReply, True),
            ("empty", MalformedReply, False),
            ("too_many", OutcomeUnknown, False),
            ("oma_20", Unavailable, False),
            ("oma_22", Unavailable, False),
            ("oma_25", Unavailable, False),
            ("oma_28", OutcomeUnknown, True),
            ("oma_23", RefusalUnproven, True),
            ("control_byte", None, True),
            ("lie", None, False),
        ],
    )
    def test_each_fault_of_the_wire_is_the_right_error(self, remote, create, fault, error, done):
        remote.fault("change_user", fault)
        if error is None:
            create()
        else:
            with pytest.raises(error) as caught:
                create()
            assert type(caught.value) is error
        assert (remote.mailboxes() == {str(JOHN)}) is done

    def test_no_secret_is_in_the_repr_of_anything_that_is_kept(self, remote, backend, create):
        create()
        shown = repr([vars(backend), vars(backend.client), backend.observe(JOHN)])
        assert not any(secret in shown for secret in (SECRET, PASSWORD))
