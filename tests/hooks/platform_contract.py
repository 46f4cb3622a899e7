"""What every platform of PLATFORMS must do.

A newcomer inherits `PlatformContract`, sets `platform`, and is tested.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import hooks
from hooks import PLATFORMS, signing
from hooks.errors import BadSignature, Invalid, Stale, UnknownAction
from hooks.message import read_message
from hooks.types import Delivery, Intent, Message, Question, Report, Verified, Withdrawal

NOW = 1795368420  # 2026-11-22T17:27:00Z
KEY = hashlib.sha256(b"a key of the tests").digest()
OLD_KEY = hashlib.sha256(b"an older key of the tests").digest()
PLANTED = "Planted-secret.7"

SIGNERS: dict[signing.Scheme, Callable[[str, int, bytes, bytes], dict[str, str]]] = {
    "standard": signing.sign,
    "itsdangerous": signing.sign_itsdangerous,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4)
    ),
    max_leaves=8,
)


def delivery(headers: dict[str, str], body: bytes = b"{}") -> Delivery:
    return Delivery("src", headers, body, float(NOW))


def verified(body: object) -> Verified:
    """A delivery that was really signed, so that these tests make no Verified by hand."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return signing.verify(
        delivery(signing.sign("msg_1", NOW, raw, KEY), raw), [KEY], "standard", NOW
    )


def samples(platform: str) -> Path:
    return Path(hooks.__file__).parent / platform / "samples"


class PlatformContract:
    platform: str
    service_id = "1042"

    def data(self, **more: object) -> dict[str, object]:
        return {"service_id": self.service_id, "address": "john@example.com"} | more

    def body(self, type: str, **data: object) -> dict[str, object]:
        return {"type": type, "timestamp": "2026-11-22T17:27:00Z", "data": data}

    def read(self, body: object) -> Intent:
        proof = verified(body)
        return PLATFORMS[self.platform].read(read_message(proof), proof)

    def ask(self, body: object) -> Question:
        proof = verified(body)
        return PLATFORMS[self.platform].ask(read_message(proof), proof)

    def errors(self, body: object, path: str = "read") -> dict[str, list[str]]:
        proof = verified(body)
        with pytest.raises(Invalid) as caught:
            getattr(PLATFORMS[self.platform], path)(read_message(proof), proof)
        return caught.value.errors

    def sample(self, event: str) -> tuple[Message, Verified]:
        folder = samples(self.platform) / event
        headers = json.loads((folder / "headers.json").read_text())
        body = (folder / "body.json").read_bytes()
        secret = signing.decode_secret((samples(self.platform) / "secret").read_text().strip())
        proof = signing.verify(
            delivery(headers, body), [secret], "standard", int(headers["webhook-timestamp"])
        )
        return read_message(proof), proof

    # -- samples -----------------------------------------------------------------------------------------------------

    def test_there_is_a_sample_for_each_action_and_one_that_fails(self) -> None:
        found = {folder.name for folder in samples(self.platform).iterdir() if folder.is_dir()}
        platform = PLATFORMS[self.platform]
        assert found == {*platform.ACTIONS, *platform.WITHDRAWALS, "invalid"}

    def test_each_sample_verifies_and_reads_to_its_intent(self) -> None:
        for event in PLATFORMS[self.platform].ACTIONS:
            expected = json.loads((samples(self.platform) / event / "intent.json").read_text())
            times = {
                name: datetime.fromisoformat(expected[name])
                for name in ("timestamp", "until")
                if name in expected
            }
            sets = {
                name: tuple(expected[name])
                for name in ("aliases", "forward_to")
                if name in expected
            }
            intent = PLATFORMS[self.platform].read(*self.sample(event))
            assert intent == Intent(**expected | times | sets)
            assert intent.action == event

    def test_each_sample_that_takes_a_hook_back_names_it(self) -> None:
        for event in PLATFORMS[self.platform].WITHDRAWALS:
            expected = json.loads((samples(self.platform) / event / "withdrawal.json").read_text())
            assert PLATFORMS[self.platform].withdraw(*self.sample(event)) == Withdrawal(**expected)

    def test_the_invalid_sample_names_all_its_faults(self) -> None:
        with pytest.raises(Invalid) as caught:
            PLATFORMS[self.platform].read(*self.sample("invalid"))
        assert caught.value.errors == json.loads(
            (samples(self.platform) / "invalid" / "errors.json").read_text()
        )

    # -- signatures --------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_a_good_signature_is_accepted_as_far_as_300_seconds_either_way(
        self, scheme: signing.Scheme
    ) -> None:
        headers = SIGNERS[scheme]("msg_1", NOW, b"{}", KEY)
        for now in (NOW - 300, NOW, NOW + 300):
            assert signing.verify(delivery(headers), [KEY], scheme, now) == Verified(
                "msg_1", NOW, b"{}", 0
            )

    @pytest.mark.parametrize("off", [-301, 301, -300.001, 300.001, 10**9])
    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_an_old_or_future_signature_is_stale(self, scheme: signing.Scheme, off: float) -> None:
        headers = SIGNERS[scheme]("msg_1", NOW, b"{}", KEY)
        with pytest.raises(Stale):
            signing.verify(delivery(headers), [KEY], scheme, NOW + off)

    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_the_key_that_fits_is_reported(self, scheme: signing.Scheme) -> None:
        for key, index in ((OLD_KEY, 0), (KEY, 1)):
            headers = SIGNERS[scheme]("msg_1", NOW, b"{}", key)
            assert signing.verify(delivery(headers), [OLD_KEY, KEY], scheme, NOW).key_index == index

    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_a_key_that_was_taken_out_no_longer_fits(self, scheme: signing.Scheme) -> None:
        headers = SIGNERS[scheme]("msg_1", NOW, b"{}", OLD_KEY)
        for keys in ([KEY], []):
            with pytest.raises(BadSignature):
                signing.verify(delivery(headers), keys, scheme, NOW)

    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_another_body_or_id_breaks_the_signature(self, scheme: signing.Scheme) -> None:
        headers = SIGNERS[scheme]("msg_1", NOW, b"{}", KEY)
        for forged in (delivery(headers, b"{} "), delivery(headers | {"webhook-id": "msg_2"})):
            with pytest.raises(BadSignature):
                signing.verify(forged, [KEY], scheme, NOW)

    @pytest.mark.parametrize("scheme", SIGNERS)
    def test_each_missing_header_is_named(self, scheme: signing.Scheme) -> None:
        headers = SIGNERS[scheme]("msg_1", NOW, b"{}", KEY)
        for name in headers:
            rest = {key: value for key, value in headers.items() if key != name}
            with pytest.raises(BadSignature, match=name):
                signing.verify(delivery(rest), [KEY], scheme, NOW)

    # -- bodies ------------------------------------------------------------------------------------------------------

    def test_an_unknown_type_is_refused_with_the_types_that_are_taken(self) -> None:
        for type in ("mailbox.paint", "", 7, None, ["mailbox.create"], "\ud800"):
            with pytest.raises(UnknownAction) as caught:
                self.read(self.body("x") | {"type": type})
            assert list(caught.value.errors) == ["type"]
            assert all(
                action in caught.value.errors["type"][0]
                for action in PLATFORMS[self.platform].ACTIONS
            )

    def test_a_query_sent_as_a_hook_is_told_where_to_go_and_the_reverse(self) -> None:
        assert "/query" in self.errors(self.body("mailbox.status"))["type"][0]
        assert "/hooks" in self.errors(self.body("mailbox.create"), "ask")["type"][0]

    def test_what_takes_a_hook_back_is_neither_an_action_nor_a_query(self) -> None:
        for type in PLATFORMS[self.platform].WITHDRAWALS:
            body = self.body(type, hook="msg_1")
            assert "withdraws a hook" in self.errors(body)["type"][0]
            assert "/hooks" in self.errors(body, "ask")["type"][0]
            assert list(self.errors(self.body("mailbox.terminate", **self.data()), "withdraw")) == [
                "type"
            ]
            assert type in self.errors(self.body("mailbox.paint"))["type"][0]

    @pytest.mark.parametrize("hook", [None, "", "a b", "x" * 129, 7, ["msg_1"], PLANTED + "\x00"])
    def test_what_takes_a_hook_back_names_it_by_its_id(self, hook: object) -> None:
        for type in PLATFORMS[self.platform].WITHDRAWALS:
            found = self.errors(self.body(type, hook=hook), "withdraw")
            assert list(found) == ["data.hook"] and PLANTED not in str(found)
            assert list(self.errors({"type": type}, "withdraw")) == ["timestamp", "data.hook"]

    def test_every_required_field_is_named_at_once(self) -> None:
        empty: dict[str, object] = {"type": "mailbox.create"}
        for body in (empty, empty | {"timestamp": None, "data": {}}):
            found = self.errors(body)
            assert set(found) == {"timestamp", "data.service_id", "data.address", "data.password"}

    def test_no_error_repeats_a_value(self) -> None:
        for action, schema in PLATFORMS[self.platform].ACTIONS.items():
            for wrong in (PLANTED + "\x00", PLANTED + " " * 400, [PLANTED], {PLANTED: PLANTED}):
                fields = dict.fromkeys(schema().fields, wrong)
                found = self.errors(self.body(action, **fields) | {"timestamp": wrong})
                assert set(found) == {"timestamp", *(f"data.{name}" for name in fields)}
                assert PLANTED not in str(found)

    def test_an_error_does_not_drag_the_body_along(self) -> None:
        with pytest.raises(Invalid) as caught:
            self.read(self.body("mailbox.create", password=PLANTED))
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None

    def test_unknown_fields_are_named_and_their_values_dropped(self) -> None:
        more: dict[str, Any] = {"colour": PLANTED, "a b\n\ud800": 1, "y" * 99: None}
        intent = self.read(self.body("mailbox.terminate", **self.data(**more)) | {"version": 3})
        assert intent.unknown == ("a?b??", "colour", "y" * 64)
        assert PLANTED not in repr(vars(intent))

    def test_no_more_than_20_unknown_fields_are_named(self) -> None:
        more = {f"field{n}": n for n in range(100)}
        assert len(self.read(self.body("mailbox.terminate", **self.data(**more))).unknown) == 20

    def test_every_query_is_asked_with_what_it_needs(self) -> None:
        fields = self.data(after="cursor", job="job_1", domain="example.com")
        for type in PLATFORMS[self.platform].QUESTIONS:
            proof = verified(self.body(type, **fields))
            question = PLATFORMS[self.platform].ask(read_message(proof), proof)
            assert question.type == type
            assert question.arguments.items() <= fields.items()

    def test_a_callback_body_is_compact_json_with_its_time_in_utc(self) -> None:
        report = Report(
            "job.held",
            datetime.fromisoformat("2026-11-22T18:27:00+01:00"),
            {"message": "é", "error": None},
        )
        body = PLATFORMS[self.platform].write(report)
        assert json.loads(body) == {
            "type": "job.held",
            "timestamp": "2026-11-22T17:27:00Z",
            "data": {"message": "é", "error": None},
        }
        assert b" " not in body
