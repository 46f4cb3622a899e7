"""Enom's backend against the simulator: the contract, and each fault of the wire as the right
error."""

from datetime import UTC, datetime

import pytest
from backend_contract import JANE, JOHN, PASSWORD, SOON, PlacesContract

from bridge.backends.enom import Command, EnomAccount, EnomBackend
from bridge.backends.hosted_email import HostedEmail, HostedEmailAccount
from bridge.backends.hosted_email.wire import SERVICES
from bridge.domain.errors import (
    AccountFault,
    MalformedReply,
    NeedsPerson,
    NoFunds,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)
from bridge.domain.model import Address, Change, ChangeKind, Fact, Proof
from bridge.infra.http_client import HttpClient
from bridge.sim import Simulator

TOKEN = "PLANTEDTOKEN0123456789"
ADMIN_PASSWORD = "planted-admin-password"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


class SimulatedRemote:
    """`backend_with` makes further backends over the same account."""

    def __init__(self, simulator: Simulator, outgoing: HttpClient) -> None:
        self.simulator, self.outgoing = simulator, outgoing
        simulator.control(
            "/accounts",
            {
                "uid": "reseller",
                "token": TOKEN,
                "hosted_user": "admin@example.test",
                "hosted_password": ADMIN_PASSWORD,
            },
        )
        simulator.control("/accounts", {"uid": "stranger", "token": "x"})
        simulator.control("/domains", {"uid": "reseller", "domain": "example.com"})
        simulator.control("/domains", {"uid": "stranger", "domain": "example.org"})
        self.backend = self.backend_with()

    def backend_with(self, hosted: bool = True, **changes) -> EnomBackend:
        given = {
            "name": "main",
            "uid": "reseller",
            "token": TOKEN,
            "endpoint": self.simulator.endpoint,
            "timeout": 10.0,
            "suspend_with": "hosted-email",
            "purchase": "paks",
            "hosted_email": self.hosted_settings() if hosted else None,
        }
        return EnomBackend(EnomAccount(**{**given, **changes}), self.outgoing)

    def hosted_settings(self, password: str = ADMIN_PASSWORD) -> HostedEmailAccount:
        return HostedEmailAccount(self.simulator.hosted_email, "admin@example.test", password)

    def fault(self, command: str, fault: str, **more) -> None:
        self.simulator.control("/faults", {"command": command, "fault": fault, **more})

    def history(self, command: str = "") -> list[dict]:
        return self.simulator.control(f"/history?command={command}")["history"]

    def truth(self) -> dict:
        return self.simulator.control("/state")["domains"]["example.com"]

    def add_pak(self, free: int = 10, expires: datetime = SOON) -> str:
        body = {"domain": "example.com", "size": free, "expires": expires.isoformat()}
        return str(self.simulator.control("/paks", body)["bundle"])

    def mailboxes(self) -> set[str]:
        return set(self.truth()["mailboxes"])

    def password(self, address: Address) -> str:
        return self.truth()["mailboxes"][str(address)]["password"]

    def set_services(self, address, states) -> None:
        services = {SERVICES[name]: state for name, state in states.items()}
        self.simulator.control("/services", {"address": str(address), "services": services})

    def paks(self) -> int:
        return len(self.truth()["paks"])

    def set_balance(self, amount: int) -> None:
        self.simulator.control("/balance", {"uid": "reseller", "balance": amount})

    def lose_answer(self, kind: ChangeKind) -> None:
        self.fault(self.backend.command(Change(kind)), "drop_after")


@pytest.fixture
def remote():
    outgoing = HttpClient()
    with Simulator(seed=1) as simulator:
        yield SimulatedRemote(simulator, outgoing)
    outgoing.close()


class TestEnom(PlacesContract):
    def test_a_domain_of_another_account_is_refused(self, backend):
        with pytest.raises(Refused) as caught:
            backend.observe(Address("john", "example.org"))
        assert caught.value.code == "domain_not_in_account"

    def test_a_host_below_a_domain_is_refused_by_enom_alone_and_nobody_elses_domain_is_asked_for(
        self, backend, remote
    ):
        with pytest.raises(
            Refused,
            match=r"Domain name not found; .* If the address should be one of example\.com, correct it\.",
        ) as caught:
            backend.observe(Address("john", "mail.example.com"))
        assert caught.value.code == "domain_not_in_account"
        assert [entry["domain"] for entry in remote.history()] == ["mail.example.com"]

    @pytest.mark.parametrize(
        "suffix",
        ["uk.com", "us.com", "eu.com", "de.com", "co.com", "com.se", "co.no", "web.id", "newone"],
    )
    def test_a_suffix_that_a_registrar_sells_is_none_of_ours_to_refuse(
        self, backend, remote, suffix
    ):
        domain = f"example.{suffix}"
        remote.simulator.control("/domains", {"uid": "reseller", "domain": domain})
        expires = SOON.isoformat()
        remote.simulator.control("/paks", {"domain": domain, "size": 10, "expires": expires})
        john = Address("john", domain)
        seen = backend.observe(john)
        assert seen.exists is False
        (pak,) = seen.paks
        backend.apply(john, Change(ChangeKind.CREATE, {"bundle": pak.bundle}, PASSWORD), seen)
        assert backend.observe(john).exists is True
        assert {
            (entry["parameters"]["sld"], entry["parameters"]["tld"])
            for entry in remote.history("GetPOP3")
        } == {("example", suffix)}

    def test_a_domain_under_a_two_part_suffix_is_split_at_the_first_dot(self, backend, remote):
        remote.simulator.control("/domains", {"uid": "reseller", "domain": "example.co.uk"})
        assert backend.observe(Address("john", "example.co.uk")).exists is False
        assert remote.history("GetPOP3")[0]["domain"] == "example.co.uk"

    def test_no_secret_is_in_a_url(self, remote, create):
        create()
        assert all(entry["parameters"] for entry in remote.history())
        assert "?" not in remote.simulator.endpoint

    def test_two_systems_that_disagree_are_neither_yes_nor_no(self, backend, remote, create):
        create(JANE)
        remote.simulator.control("/settings", {"hosted_lag": 3600.0})
        create()
        assert backend.observe(JOHN).exists is None

    def test_what_hosted_email_can_show_alone_is_asked_of_it_alone(self, backend, remote, create):
        create()
        before = len(remote.history())
        seen = backend.observe(JOHN, [Fact.SUSPENSION, Fact.PASSWORD, Fact.PLAN])
        assert [entry["command"] for entry in remote.history()[before:]] == ["get_user"]
        whole = backend.observe(JOHN)
        assert [entry["command"] for entry in remote.history()[before + 1 :]] == [
            "GetPOP3",
            "get_user",
        ]
        assert (seen.exists, seen.services, seen.quota, seen.pak) == (
            True,
            whole.services,
            whole.quota,
            None,
        )
        assert whole.pak is not None

    @pytest.mark.parametrize(
        "about", [[Fact.EXISTENCE], [Fact.EXPIRY], [Fact.SUSPENSION, Fact.EXISTENCE]]
    )
    def test_whether_it_is_there_and_paid_both_systems_have_to_say(
        self, backend, remote, create, about
    ):
        create()
        remote.simulator.control("/settings", {"hosted_lag": 3600.0})
        create(JANE)
        assert backend.observe(JANE, about).exists is None

    def test_where_hosted_email_shows_nothing_the_list_is_asked_too(self, backend, remote, create):
        assert backend.observe(JOHN, [Fact.SUSPENSION]).exists is False
        create(JANE)
        remote.simulator.control("/settings", {"hosted_lag": 3600.0})
        create()
        assert backend.observe(JOHN, [Fact.SUSPENSION]).exists is None

    def test_without_hosted_email_the_list_is_all_there_is(self, remote, create):
        create()
        seen = remote.backend_with(hosted=False, suspend_with="lock-out").observe(
            JOHN, [Fact.SUSPENSION]
        )
        assert (seen.exists, seen.services) == (True, None)

    def test_a_survey_is_one_call_to_each_system(self, backend, remote, create):
        for local in ("box1", "box2", "box3"):
            create(Address(local, "example.com"))
        before = len(remote.history())
        assert len(backend.survey("example.com").mailboxes) == 3
        assert [entry["command"] for entry in remote.history()[before:]] == [
            "GetPOP3",
            "search_users",
        ]

    def test_a_survey_reads_the_list_of_hosted_email_to_its_end(
        self, backend, remote, create, monkeypatch
    ):
        monkeypatch.setattr("bridge.backends.hosted_email.client.PAGE", 2)
        for local in ("box1", "box2", "box3", "box4", "box5"):
            create(Address(local, "example.com"))
        assert [seen.exists for seen in backend.survey("example.com").mailboxes] == [True] * 5
        assert len(remote.history("search_users")) == 3

    def test_a_survey_shows_what_only_one_of_the_systems_has(self, backend, remote, bundle, create):
        settled = {
            "address": str(JANE),
            "password": PASSWORD,
            "bundle": int(bundle),
            "settled": True,
        }
        remote.simulator.control("/mailboxes", settled)
        remote.simulator.control("/settings", {"hosted_lag": 3600.0})
        create(JOHN)
        assert [
            (seen.address, seen.exists) for seen in backend.survey("example.com").mailboxes
        ] == [(JANE, True), (JOHN, None)]

    def test_a_survey_of_a_domain_that_hosted_email_does_not_know_yet_is_empty(
        self, remote, create, bundle
    ):
        stranger = {
            "uid": "stranger",
            "token": "x",
            "hosted_user": "other@example.test",
            "hosted_password": "planted",
        }
        remote.simulator.control("/accounts", stranger)
        hosted = HostedEmailAccount(remote.simulator.hosted_email, "other@example.test", "planted")
        backend = remote.backend_with(hosted_email=hosted)
        assert backend.survey("example.com").mailboxes == ()
        create(JANE)
        with pytest.raises(Refused) as caught:
            backend.survey("example.com")
        assert caught.value.remote["number"] == "9"

    def test_a_survey_without_hosted_email_is_the_list_of_interface_asp(self, remote, create):
        create()
        (seen,) = remote.backend_with(hosted=False).survey("example.com").mailboxes
        assert (seen.address, seen.exists, seen.services) == (JOHN, True, None)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [("cut", OutcomeUnknown), ("html", MalformedReply), ("drop_before", OutcomeUnknown)],
    )
    @pytest.mark.parametrize("command", ["GetPOP3", "search_users"])
    def test_a_survey_whose_answer_is_broken_shows_nothing(
        self, backend, remote, create, command, fault, error
    ):
        create()
        remote.fault(command, fault)
        with pytest.raises(error):
            backend.survey("example.com")

    @pytest.mark.parametrize("missing_user", ["error", "form"])
    def test_both_ways_to_say_missing_mean_absent(self, backend, remote, bundle, missing_user):
        remote.simulator.control("/settings", {"missing_user": missing_user})
        assert backend.observe(JOHN).exists is False

    @pytest.mark.parametrize("skin", ["API", "API.NET"])
    def test_both_server_generations_are_read(self, backend, remote, create, skin):
        remote.simulator.control("/settings", {"skin": skin})
        create()
        assert backend.observe(JOHN).exists is True

    @pytest.mark.parametrize("fault", ["bom", "latin1", "wrong_encoding", "slow"])
    def test_what_can_still_be_read_is_read(self, backend, remote, bundle, fault):
        remote.fault("GetPOP3", fault, delay=0.05)
        remote.fault("get_user", fault, delay=0.05)
        assert backend.observe(JOHN).exists is False

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
            ("huge", OutcomeUnknown, True),
            ("contradiction", OutcomeUnknown, True),
            ("no_done", OutcomeUnknown, True),
            ("maintenance", Unavailable, False),
            ("balance", NoFunds, False),
            ("too_many", OutcomeUnknown, False),
        ],
    )
    def test_each_fault_of_the_wire_is_the_right_error(self, remote, create, fault, error, done):
        remote.fault("SetUpPOP3User", fault)
        with pytest.raises(error) as caught:
            create()
        assert (remote.mailboxes() == {str(JOHN)}) is done
        assert not isinstance(caught.value, RefusalUnproven)
        assert type(caught.value) is error

    @pytest.mark.parametrize("fault", ["drip", "drip_headers"])
    def test_a_dripping_answer_is_given_up_at_the_deadline(self, remote, create, apply, fault):
        create()
        remote.fault("DeletePOP3", fault)
        hasty = remote.backend_with(timeout=0.3)
        with pytest.raises(OutcomeUnknown):
            hasty.apply(JOHN, Change(ChangeKind.DELETE), remote.backend.observe(JOHN))
        assert remote.mailboxes() == set()

    @pytest.mark.parametrize(
        ("fault", "error", "retry_after"),
        [
            ("oma_20", Unavailable, None),
            ("oma_22", Unavailable, 90),
            ("oma_25", Unavailable, 90),
            ("oma_28", OutcomeUnknown, None),
            ("drop_after", OutcomeUnknown, None),
            ("html", MalformedReply, None),
            ("too_many", OutcomeUnknown, 2),
        ],
    )
    def test_each_fault_of_hosted_email_is_the_right_error(
        self, backend, remote, create, apply, fault, error, retry_after
    ):
        create()
        remote.fault("change_user", fault)
        with pytest.raises(error) as caught:
            apply(ChangeKind.SUSPEND, {"with": "hosted-email", "services": ["imap"]})
        assert type(caught.value) is error
        assert caught.value.retry_after == retry_after
        done = fault in ("oma_28", "drop_after")
        assert backend.observe(JOHN).services["imap"] == ("suspended" if done else "enabled")

    def test_what_a_higher_admin_suspended_cannot_be_restored(self, remote, create, apply):
        create()
        held = {
            "address": str(JOHN),
            "services": {"service_smtprelay": "suspended"},
            "level": "higher",
        }
        remote.simulator.control("/services", held)
        with pytest.raises(Refused) as caught:
            apply(ChangeKind.RESTORE, {"with": "hosted-email", "services": {"sending": "enabled"}})
        assert (caught.value.code, caught.value.remote["number"]) == ("conflict", "4")

    @pytest.mark.parametrize("use", ["observe", "probe"])
    def test_wrong_credentials_are_the_account_s_fault(self, remote, use):
        for backend in (
            remote.backend_with(token="wrong"),
            remote.backend_with(hosted_email=remote.hosted_settings("wrong")),
        ):
            with pytest.raises(AccountFault) as caught:
                backend.probe() if use == "probe" else backend.observe(JOHN)
            assert caught.value.code == "credentials"
            assert "wrong" not in repr(caught.value) + repr(caught.value.remote)

    def test_an_address_that_is_not_listed_is_named_before_credentials(self, remote):
        remote.simulator.control(
            "/accounts", {"uid": "reseller", "token": "new", "allow": ["192.0.2.1"]}
        )
        with pytest.raises(AccountFault) as caught:
            remote.backend.probe()
        assert caught.value.code == "ip_not_allowed"
        assert "Bad User name" in caught.value.remote["text"]

    def test_a_domain_that_hosted_email_does_not_know_yet_has_no_mailbox(
        self, remote, create, bundle
    ):
        stranger = {
            "uid": "stranger",
            "token": "x",
            "hosted_user": "other@example.test",
            "hosted_password": "planted",
        }
        remote.simulator.control("/accounts", stranger)
        hosted = HostedEmailAccount(remote.simulator.hosted_email, "other@example.test", "planted")
        backend = remote.backend_with(hosted_email=hosted)
        assert backend.observe(JOHN).exists is False
        create(JANE)
        with pytest.raises(Refused) as caught:
            backend.observe(JOHN)
        assert (caught.value.code, caught.value.remote["number"]) == ("domain_not_in_account", "9")

    def test_a_closed_port_means_that_nothing_happened(self, remote):
        remote.simulator.stop()
        with pytest.raises(Unavailable):
            remote.backend.observe(JOHN)

    def test_a_lock_out_sets_a_password_that_nobody_has(self, backend, remote, create, apply):
        create()
        answer = apply(ChangeKind.SUSPEND, {"with": "lock-out"})
        password = remote.password(JOHN)
        assert (password != PASSWORD, len(password), answer.command) == (True, 16, "ModifyPOP3")
        assert password not in repr(answer)

    def test_configured_commands_get_the_mailbox_filled_in(self, remote, create):
        create()
        parameters = {
            "UserName": "{local}",
            "SLD": "{sld}",
            "TLD": "{tld}",
            "EMail": "{domain}",
            "Note": "{address}",
        }
        commands = {
            "suspend": Command(
                "SetPOPForwarding", parameters | {"ForwardTo": "a@example.net", "Enable": "1"}
            )
        }
        backend = remote.backend_with(suspend_with="commands", commands=commands)
        change = Change(ChangeKind.SUSPEND, {"with": "commands"})
        assert (
            backend.apply(JOHN, change, backend.observe(JOHN)).command
            == backend.command(change)
            == "SetPOPForwarding"
        )
        sent = remote.history("SetPOPForwarding")[0]["parameters"]
        assert (sent["username"], sent["sld"], sent["tld"], sent["note"]) == (
            "john",
            "example",
            "com",
            "john@example.com",
        )
        with pytest.raises(Refused) as caught:
            backend.apply(
                JOHN, Change(ChangeKind.RESTORE, {"with": "commands"}), backend.observe(JOHN)
            )
        assert caught.value.code == "unsupported"

    def test_in_an_expired_pak_hosted_email_deletes(self, backend, remote):
        bundle = remote.add_pak(expires=PAST)
        body = {"address": str(JOHN), "password": PASSWORD, "bundle": int(bundle)}
        remote.simulator.control("/mailboxes", body)
        seen = backend.observe(JOHN)
        with pytest.raises(NeedsPerson):
            remote.backend_with(hosted=False).apply(JOHN, Change(ChangeKind.DELETE), seen)
        assert backend.apply(JOHN, Change(ChangeKind.DELETE), seen).command == "delete_user"
        assert remote.mailboxes() == set()

    def test_an_expired_pak_takes_no_mailbox(self, remote, apply):
        with pytest.raises(RefusalUnproven) as caught:
            apply(ChangeKind.CREATE, {"bundle": remote.add_pak(expires=PAST)}, PASSWORD)
        assert caught.value.code == "purchase_needed"

    def test_no_money_is_spent_where_the_configuration_says_never(self, remote):
        backend = remote.backend_with(purchase="never")
        for kind in (ChangeKind.BUY, ChangeKind.RENEW):
            with pytest.raises(Refused, match="never"):
                backend.apply(
                    JOHN,
                    Change(kind, {"product": "pak", "bundle": "1", "years": 1}),
                    backend.observe(JOHN),
                )
        assert remote.simulator.control("/state")["accounts"]["reseller"]["purchases"] == 0

    def test_without_hosted_email_its_changes_are_unsupported(self, remote, create):
        create()
        backend = remote.backend_with(hosted=False)
        seen = backend.observe(JOHN)
        assert (seen.exists, seen.services, seen.quota) == (True, None, None)
        suspend = Change(ChangeKind.SUSPEND, {"with": "hosted-email", "services": ["imap"]})
        for change in (
            suspend,
            Change(ChangeKind.LOG_OUT),
            Change(ChangeKind.SET_QUOTA, {"quota_bytes": 1}),
        ):
            with pytest.raises(Refused) as caught:
                backend.apply(JOHN, change, seen)
            assert caught.value.code == "unsupported"
        with pytest.raises(Refused, match="hosted_email"):
            backend.sign_in(JOHN)
        assert backend.usage(JOHN) == {"used_bytes": 0, "quota_bytes": 2**30}
        assert backend.proofs[Fact.PLAN] is Proof.UNSUPPORTED

    @pytest.mark.parametrize(
        ("suspend_with", "proof"),
        [
            ("hosted-email", Proof.VERIFIED),
            ("lock-out", Proof.ACCEPTED),
            ("commands", Proof.ACCEPTED),
            ("refuse", Proof.UNSUPPORTED),
        ],
    )
    def test_the_proof_of_a_suspension_is_what_a_read_can_show(self, remote, suspend_with, proof):
        assert remote.backend_with(suspend_with=suspend_with).proofs[Fact.SUSPENSION] is proof

    def test_a_sign_in_link_carries_a_token_for_once(self, backend, remote, create):
        create()
        first, second = backend.sign_in(JOHN), backend.sign_in(JOHN)
        assert first != second
        assert first.startswith(f"{remote.simulator.url}/mail?user=john%40example.com&pass=")

    def test_the_command_is_named_before_it_is_sent(self, backend, remote, create, apply):
        create()
        changes = [
            Change(ChangeKind.SET_PASSWORD, {}, PASSWORD),
            Change(ChangeKind.SUSPEND, {"with": "hosted-email", "services": ["imap"]}),
            Change(ChangeKind.SUSPEND, {"with": "lock-out"}),
            Change(ChangeKind.RESTORE, {"with": "hosted-email", "services": {"imap": "enabled"}}),
            Change(ChangeKind.SET_QUOTA, {"quota_bytes": 2**30}),
            Change(ChangeKind.LOG_OUT),
            Change(ChangeKind.DELETE),
            Change(ChangeKind.BUY, {"product": "pak", "quantity": 1}),
            Change(ChangeKind.BUY, {"product": "box", "quantity": 1, "capacity": 25}),
        ]
        for change in changes:
            assert backend.apply(JOHN, change, backend.observe(JOHN)).command == backend.command(
                change
            )
            assert remote.history()[-1]["command"] == backend.command(change)

    @pytest.mark.parametrize("kind", ["alias", "forward", "filter"])
    def test_what_is_no_mailbox_is_shown_as_that_and_never_touched(
        self, backend, remote, create, kind
    ):
        create()
        info = Address("info", "example.com")
        hosted = HostedEmail(remote.hosted_settings(), remote.outgoing).client
        if kind == "alias":
            hosted.call("change_user", user=str(JOHN), attributes={"aliases": [str(info)]})
        else:
            more = {"type": kind, "forward_recipients": ["x@example.net"], "password": PASSWORD}
            hosted.call("change_user", user=str(info), attributes=more)
        for about in ([Fact.SUSPENSION], [Fact.EXISTENCE]):
            seen = backend.observe(info, about)
            assert (seen.exists, seen.type) == (True, kind)
        before = remote.truth()
        for change in (
            Change(ChangeKind.DELETE),
            Change(ChangeKind.SET_PASSWORD, {}, PASSWORD),
            Change(ChangeKind.SET_QUOTA, {"quota_bytes": 1}),
        ):
            with pytest.raises(Refused) as caught:
                backend.apply(info, change, seen)
            assert caught.value.code == "conflict"
        assert remote.truth() == before
        assert [
            (each.address, each.exists) for each in backend.survey("example.com").mailboxes
        ] == [(JOHN, True)]

    def test_no_secret_is_in_the_repr_of_anything_that_is_kept(self, remote, backend, create):
        create()
        shown = repr([backend._account, backend._account.hosted_email, backend.observe(JOHN)])
        assert not any(secret in shown for secret in (TOKEN, ADMIN_PASSWORD, PASSWORD))
