"""Our own body: every rule of its fields."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import NOW, PLANTED, PlatformContract

from hooks import standard
from hooks.errors import Invalid, UnknownAction
from hooks.signing import WINDOW
from hooks.types import Message, Question, Report, Verified


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_sent(value: float) -> None:
    with pytest.raises(ValueError):
        standard.write(Report("job.succeeded", datetime(2027, 1, 1, tzinfo=UTC), {"x": value}))


def test_a_report_is_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/St_Johns")
    time.tzset()
    try:
        body = standard.write(Report("job.succeeded", datetime(2027, 1, 1, tzinfo=UTC), {}))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert b'"2027-01-01T00:00:00Z"' in body


def test_what_is_sent_to_the_wrong_door_is_told_the_right_one() -> None:
    for read, type, result in (
        (standard.read, "job", "This is a query: send it to /query."),
        (standard.ask, "mailbox.create", "This is an action: send it to /hooks."),
        (standard.ask, "nothing", f"Unknown type. Send one of {', '.join(standard.QUESTIONS)}."),
    ):
        with pytest.raises(UnknownAction) as caught:
            read(Message(type, "2026-01-01T00:00:00Z", {}), Verified("msg_1", NOW, b"", 0))
        assert caught.value.errors["type"] == [result]


def test_a_fault_of_a_known_type_is_no_unknown_action_and_unknown_names_keep_their_letters() -> (
    None
):
    known = Verified("msg_1", NOW, b"", 0)
    with pytest.raises(Invalid) as caught:
        standard.read(Message("mailbox.terminate", "2026-01-01T00:00:00Z", [1]), known)
    assert type(caught.value) is Invalid
    assert caught.value.errors["data"] == [
        "Not an object. Send the fields of this type as an object."
    ]
    data = {"service_id": "7", "address": "john@example.com", "Abc_9.-": 1, "a b": 2}
    assert standard.read(
        Message("mailbox.terminate", "2026-01-01T00:00:00Z", data), known
    ).unknown == ("Abc_9.-", "a?b")


class TestStandard(PlatformContract):
    platform = "standard"

    def faults(self, action: str, **data: object) -> list[str]:
        return list(self.errors(self.body(action, **self.data(**data))))

    @pytest.mark.parametrize(
        "value", ["", "x" * 65, 1042, None, True, ["1"], "a\nb", "a\rb", "a\0b", "\ud800"]
    )
    def test_a_service_id_is_a_string_of_1_to_64_characters(self, value: object) -> None:
        assert self.faults("mailbox.terminate", service_id=value) == ["data.service_id"]

    @pytest.mark.parametrize("value", ["7", "x" * 64, "mailbox 7", "é"])
    def test_any_other_service_id_is_kept_as_it_is(self, value: str) -> None:
        assert (
            self.read(self.body("mailbox.terminate", **self.data(service_id=value))).service_id
            == value
        )

    @pytest.mark.parametrize(
        "value", ["", "x" * 65, 12, True, ["1"], {"a": 1}, "a\nb", "a\0b", "\ud800"]
    )
    def test_a_customer_is_a_string_of_1_to_64_characters_in_every_hook(
        self, value: object
    ) -> None:
        more = {"password": PLANTED, "plan": "basic", "until": "2027-11-30"}
        more |= {"aliases": [], "forward_to": [], "from_service_id": "8"}
        for action in standard.ACTIONS:
            assert self.faults(action, **more, customer_id=value) == ["data.customer_id"], action

    @pytest.mark.parametrize("value", ["7", "x" * 64, "cus_Na6dX7aXxi11N4", "é 1"])
    def test_any_other_customer_is_kept_as_it_is_and_it_may_be_absent(self, value: str) -> None:
        assert (
            self.read(self.body("mailbox.terminate", **self.data(customer_id=value))).customer_id
            == value
        )
        for none in ({}, {"customer_id": None}):
            assert (
                self.read(self.body("mailbox.terminate", **self.data(**none))).customer_id is None
            )

    @pytest.mark.parametrize("action", ["suspend", "unsuspend", "terminate"])
    def test_a_hook_about_a_whole_service_with_an_address_is_refused(self, action: str) -> None:
        """Whoever means one mailbox does not lose all of them."""
        data = {"service_id": "7", "address": "john@example.com"}
        assert self.errors(self.body(f"service.{action}", **data)) == {
            "data.address": [
                "This type is about every mailbox of the service. Leave the address out, or send "
                "the mailbox.* type for this mailbox alone."
            ]
        }
        for none in ({}, {"address": None}):
            read = self.read(self.body(f"service.{action}", **data | {"address": None} | none))
            assert read.address == ""

    def test_only_true_confirms_a_domain(self) -> None:
        for value, result in (
            ({"domain_confirmed": True}, True),
            ({"domain_confirmed": False}, False),
            ({}, False),
        ):
            assert (
                self.read(
                    self.body("mailbox.create", **self.data(password=PLANTED, **value))
                ).domain_confirmed
                is result
            )
        for wrong in ("true", "yes", 1, 0, None, [True], {}):
            assert self.faults("mailbox.create", password=PLANTED, domain_confirmed=wrong) == [
                "data.domain_confirmed"
            ]

    def test_a_query_takes_no_customer(self) -> None:
        assert (
            "customer_id"
            not in self.ask(self.body("mailbox.status", **self.data(customer_id="7"))).arguments
        )

    @pytest.mark.parametrize(
        "value", ["", "x" * 55, "with space", 'with"quote', "pässword", "tab\t", "\x7f", 12345678]
    )
    def test_a_password_that_no_api_takes_is_refused(self, value: object) -> None:
        for action in ("mailbox.create", "mailbox.unsuspend", "mailbox.change_password"):
            assert self.faults(action, password=value) == ["data.password"]

    @given(
        st.text(
            st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"'),
            min_size=1,
            max_size=54,
        )
    )
    def test_every_other_password_arrives_unchanged(self, value: str) -> None:
        assert self.read(self.body("mailbox.create", **self.data(password=value))).password == value

    def test_a_password_is_not_shown_by_repr(self) -> None:
        assert PLANTED not in repr(
            self.read(self.body("mailbox.create", **self.data(password=PLANTED)))
        )

    def test_optional_fields_may_be_null_or_absent(self) -> None:
        absent = self.read(self.body("mailbox.create", **self.data(password=PLANTED)))
        null = self.read(
            self.body("mailbox.create", **self.data(password=PLANTED, plan=None, display_name=None))
        )
        assert absent == null

    @pytest.mark.parametrize(
        ("action", "field", "longest"),
        [
            ("mailbox.create", "display_name", 255),
            ("mailbox.suspend", "reason", 255),
            ("mailbox.change_plan", "plan", 64),
        ],
    )
    def test_texts_are_bounded_and_without_line_breaks(
        self, action: str, field: str, longest: int
    ) -> None:
        data = self.data(password=PLANTED)
        assert (
            getattr(self.read(self.body(action, **data | {field: "é" * longest})), field)
            == "é" * longest
        )
        for value in ("é" * (longest + 1), "a\nb", "a\rb", "a\0b", "\udfff", 5, {"a": 1}):
            assert self.faults(action, **data | {field: value}) == [f"data.{field}"]

    @pytest.mark.parametrize(
        ("until", "moment"),
        [
            ("2027-11-30", datetime(2027, 11, 30, 23, 59, 59, tzinfo=UTC)),
            ("2027-11-30T12:00:00Z", datetime(2027, 11, 30, 12, tzinfo=UTC)),
            ("2027-11-30t12:00:00.25+01:00", datetime(2027, 11, 30, 11, 0, 0, 250000, tzinfo=UTC)),
        ],
    )
    def test_until_is_the_end_of_a_date_or_a_moment(self, until: str, moment: datetime) -> None:
        intent = self.read(self.body("mailbox.renew", **self.data(until=until)))
        assert intent.until == moment
        assert intent.until.tzinfo is UTC

    @pytest.mark.parametrize(
        "until",
        [
            *(
                "",
                "2027-13-01",
                "2027-02-30",
                "20271130",
                "2027-W48-2",
                "2027-11-30\n",
                "٢٠٢٧-11-30",
                20271130,
                None,
            ),
            *(
                "2027-11-30T12:00:00",
                "2027-11-30T24:01:00Z",
                "2027-11-30T12:00:00+25:00",
                "0001-01-01T00:00:00+23:59",
            ),
        ],
    )
    def test_anything_else_is_not_an_until(self, until: object) -> None:
        assert self.faults("mailbox.renew", until=until) == ["data.until"]

    def test_fractions_of_the_timestamp_count(self) -> None:
        early = self.read(
            self.body("mailbox.terminate", **self.data())
            | {"timestamp": "2026-11-22T18:27:00.000001+01:00"}
        )
        assert early.timestamp == datetime(2026, 11, 22, 17, 27, 0, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        "timestamp", ["2026-11-22T17:27:00", "2026-11-22", NOW, str(NOW), "now", None, ""]
    )
    def test_a_timestamp_needs_its_zone(self, timestamp: object) -> None:
        body = self.body("mailbox.terminate", **self.data()) | {"timestamp": timestamp}
        assert list(self.errors(body)) == ["timestamp"]

    def test_a_timestamp_may_be_as_far_ahead_as_a_signature(self) -> None:
        at = [datetime.fromtimestamp(NOW + WINDOW + ahead, UTC).isoformat() for ahead in (0, 0.001)]
        body = self.body("mailbox.terminate", **self.data())
        assert self.read(body | {"timestamp": at[0]}).timestamp == datetime.fromtimestamp(
            NOW + WINDOW, UTC
        )
        assert list(self.errors(body | {"timestamp": at[1]})) == ["timestamp"]

    @pytest.mark.parametrize("data", [[], "x", 7, True])
    def test_data_that_is_no_object_is_named(self, data: object) -> None:
        assert list(self.errors(self.body("mailbox.create") | {"data": data})) == ["data"]

    def test_queries_about_the_source_need_no_data(self) -> None:
        for type in ("connection.test", "mailbox.list", "results"):
            assert self.ask({"type": type, "timestamp": "2026-11-22T17:27:00Z"}) == Question(
                type, {}
            )

    def test_queries_about_a_mailbox_need_it(self) -> None:
        for type in ("mailbox.status", "mailbox.usage", "mailbox.sign_in"):
            assert list(self.errors(self.body(type), "ask")) == ["data.service_id", "data.address"]

    @pytest.mark.parametrize(
        "data", [{}, {"job": None}, {"job": "job_1", "hook": "msg_1"}, {"job": "a b"}, {"job": 7}]
    )
    def test_a_job_is_asked_for_by_its_id_or_its_hook(self, data: dict[str, object]) -> None:
        assert self.ask(self.body("job", hook="msg_1", job=None)) == Question(
            "job", {"hook": "msg_1"}
        )
        assert list(self.errors(self.body("job", **data), "ask")) == ["data.job"]
