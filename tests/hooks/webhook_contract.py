"""What every platform of PLATFORMS that sends webhooks of its own must do.

A newcomer inherits `WebhookContract`, sets `name`, and is tested. Its samples are folders of
`samples/`: `headers.json` and `body.json` as the platform sent them, and `intent.json` (what it is read
as), `errors.json` (why it cannot be read) or neither (it is ignored); `secret` beside them.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import PLANTED, json_values, samples

from contrib.samples import map_of
from hooks import PLATFORMS, OwnWebhooks, own_webhooks, signing, standard
from hooks.errors import BadSignature, HookError, Invalid, Malformed, Stale, UnknownAction, Unsigned
from hooks.schemes import WEBHOOK_SCHEMES
from hooks.standard.schemas import NATIVE
from hooks.types import Delivery, EventMap, Ignored, Intent, Message, Report, Verified
from tests.support.webhooks import SIGNERS

SECRET = "whsec_a secret of the tests"  # used as text, whatever it begins with
OLD_SECRET = "an older secret of the tests"
NOW = 1795368420  # 2026-11-22T17:27:00Z


@dataclass(frozen=True)
class Sample:
    name: str
    headers: dict[str, str]
    body: bytes
    intent: Intent | None
    errors: dict[str, list[str]] | None


class WebhookContract:
    name: str

    @property
    def event_map(self) -> EventMap:
        return map_of(self.folder)

    @property
    def platform(self) -> OwnWebhooks:
        found = own_webhooks(PLATFORMS[self.name])
        assert found is not None
        return found

    @property
    def folder(self) -> Path:
        return samples(self.name)

    @property
    def scheme(self) -> str:
        return next(name for name, row in WEBHOOK_SCHEMES.items() if row == self.platform.SCHEME)

    def samples(self) -> Iterator[Sample]:
        for folder in sorted(path for path in self.folder.iterdir() if path.is_dir()):
            found = {path.name: path.read_bytes() for path in folder.iterdir()}
            intent = json.loads(found["intent.json"]) if "intent.json" in found else None
            errors = json.loads(found["errors.json"]) if "errors.json" in found else None
            yield Sample(
                folder.name,
                json.loads(found["headers.json"]),
                found["body.json"],
                intent and Intent(**intent | times(intent)),
                errors,
            )

    def sign(self, body: bytes, time: int = NOW, secret: str = SECRET) -> dict[str, str]:
        return SIGNERS[self.scheme](body, time, secret)

    def verify(
        self,
        headers: dict[str, str],
        body: bytes,
        now: float = NOW,
        secrets: tuple[str, ...] = (SECRET,),
    ) -> Verified:
        keys = [self.platform.SCHEME.key(secret) for secret in secrets]
        delivery = Delivery("src", headers, body, now)
        return signing.verify_webhook(delivery, keys, self.platform.SCHEME, now)

    def verified(self, body: bytes) -> Verified:
        return self.verify(self.sign(body), body)

    def parsed(self, body: bytes) -> Message | Ignored:
        return self.platform.parse(self.verified(body), self.event_map)

    # -- samples -----------------------------------------------------------------------------------

    def test_there_are_samples_of_events_that_are_read_ignored_and_refused(self) -> None:
        kinds = {(each.intent is not None, each.errors is not None) for each in self.samples()}
        assert kinds == {(True, False), (False, True), (False, False)}

    def test_each_sample_is_verified_and_read_as_it_says(self) -> None:
        secret = (self.folder / "secret").read_text().strip()
        actions = set()
        for sample in self.samples():
            claimed = [word for word in str(sample.headers).split() if str(NOW) in word]
            assert claimed or not self.platform.SCHEME.timed, f"{sample.name} is not of {NOW}"
            verified = self.verify(sample.headers, sample.body, secrets=(secret,))
            message = self.platform.parse(verified, self.event_map)
            assert isinstance(message, Ignored) == (sample.intent is sample.errors), sample.name
            if isinstance(message, Message) and sample.errors is None:
                assert self.platform.read(message, verified) == sample.intent, sample.name
                actions.add(message.type)
            elif isinstance(message, Message):
                with pytest.raises(Invalid) as caught:
                    self.platform.read(message, verified)
                assert caught.value.errors == sample.errors, sample.name
        assert actions == {*self.platform.ACTIONS}

    # -- signatures --------------------------------------------------------------------------------

    def test_its_scheme_is_a_row_of_the_table(self) -> None:
        assert self.platform.SCHEME in WEBHOOK_SCHEMES.values()

    def test_a_good_signature_is_taken_within_300_seconds_where_a_time_is_signed(self) -> None:
        headers = self.sign(b"{}")
        for now in (NOW - 300, NOW, NOW + 300):
            verified = self.verify(headers, b"{}", now)
            expected = NOW if self.platform.SCHEME.timed else now
            assert (verified.timestamp, verified.body) == (expected, b"{}")
        for now in (NOW - 301, NOW + 301, NOW + 300.001, NOW + 86400 * 31):
            if self.platform.SCHEME.timed:
                with pytest.raises(Stale):
                    self.verify(headers, b"{}", now)
            else:  # its id stays what it was: whoever remembers it knows it again
                assert self.verify(headers, b"{}", now).id == verified.id

    def test_of_several_secrets_the_one_that_fits_is_reported(self) -> None:
        both = OLD_SECRET, SECRET
        for index, secret in enumerate(both):
            verified = self.verify(self.sign(b"{}", secret=secret), b"{}", secrets=both)
            assert verified.key_index == index

    @pytest.mark.parametrize("secrets", [(), (OLD_SECRET,)])
    def test_a_secret_that_was_taken_out_no_longer_fits(self, secrets: tuple[str, ...]) -> None:
        with pytest.raises(BadSignature):
            self.verify(self.sign(b"{}"), b"{}", secrets=secrets)

    def test_what_is_altered_is_refused(self) -> None:
        headers = self.sign(b"{}")
        name = self.platform.SCHEME.header
        for forged, body in (
            (headers, b"{} "),
            (headers, b""),
            (headers | {name: headers[name].swapcase()}, b"{}"),
        ):
            with pytest.raises(BadSignature):
                self.verify(forged, body)

    def test_a_header_that_came_twice_proves_no_more_than_once(self) -> None:
        """A server joins the two by a comma."""
        headers = self.sign(b"{}")
        for name, value in headers.items():
            with suppress(BadSignature):
                twice = headers | {name: f"{value}, {value}"}
                assert self.verify(twice, b"{}") == self.verify(headers, b"{}")

    def test_what_is_missing_or_empty_is_refused_before_anything_is_compared(self) -> None:
        headers = self.sign(b"{}")
        needed = {self.platform.SCHEME.header, self.platform.SCHEME.time_header} - {""}
        for name in needed:
            for value in ("", "é", "\udcff", "x" * 5000, None):
                rest = {key: given for key, given in headers.items() if key != name}
                with pytest.raises(Unsigned):
                    self.verify(rest if value is None else rest | {name: value}, b"{}")

    def test_only_what_is_signed_names_the_event(self) -> None:
        body = next(each.body for each in self.samples() if each.intent is not None)
        headers = self.sign(body)
        scheme = self.platform.SCHEME
        beside = {*headers} - {scheme.header, scheme.time_header}
        names = {*beside, "webhook-id", "webhook-timestamp", "x-webhook-id", "idempotency-key"}
        others = dict.fromkeys(names, "msg_of_a_stranger")
        assert self.verify(headers | others, body) == self.verify(headers, body)

    def test_one_event_has_one_id_and_another_another(self) -> None:
        bodies = [each.body for each in self.samples()]
        ids = [self.verified(body).id for body in bodies]
        assert len({*ids}) == len({*bodies})
        assert ids == [self.verified(body).id for body in bodies]

    def test_our_own_callback_sent_back_is_no_event(self) -> None:
        """Callbacks are signed with the newest secret too: over `id.time.body`."""
        report = Report("job.succeeded", datetime.fromisoformat("2026-11-22T17:27:00Z"), {})
        body = self.platform.write(report)
        for reflected in (b"cb_job_1_1." + str(NOW).encode() + b"." + body, body):
            try:
                assert isinstance(self.parsed(reflected), Ignored)
            except Malformed:
                continue

    # -- bodies ------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b"null", b'{"a":1,"a":2}', b"\xff\xfe{}", b"a=b&c=d"]
    )
    def test_what_is_no_event_is_malformed_or_ignored_and_no_other_error(self, body: bytes) -> None:
        try:
            assert isinstance(self.parsed(body), Ignored | Message)
        except Malformed as error:
            assert error.__context__ is None or not error.__context__.args

    def test_nothing_but_hook_errors_comes_out_of_any_json(self) -> None:
        events = [json_of(each.body) for each in self.samples()]

        # Inside, because the classes that inherit it are all one test to Hypothesis.
        @given(st.sampled_from(events), st.dictionaries(st.text(max_size=9), json_values))
        def check(event: dict[str, object], more: dict[str, object]) -> None:
            self.read_or_refused(json.dumps(event | more).encode())

        check()

    def test_nothing_but_hook_errors_comes_out_of_an_event_with_one_value_changed(self) -> None:
        for sample in self.samples():
            for changed in variants(json_of(sample.body)):
                self.read_or_refused(json.dumps(changed).encode())

    def read_or_refused(self, body: bytes) -> None:
        verified = self.verified(body)
        try:
            message = self.platform.parse(verified, self.event_map)
            if isinstance(message, Message):
                assert message.type in self.platform.ACTIONS
                self.platform.read(message, verified)
        except HookError as error:
            assert error.detail.encode()  # fit to be sent: no lone surrogates
            assert PLANTED not in error.detail

    def test_its_events_become_actions_that_the_bridge_has(self) -> None:
        assert {*self.platform.ACTIONS} <= {*standard.ACTIONS, *NATIVE}

    def test_it_neither_asks_nor_withdraws(self) -> None:
        assert not self.platform.QUESTIONS and not self.platform.WITHDRAWALS
        verified = self.verified(b"{}")
        for type in (*standard.QUESTIONS, *standard.WITHDRAWALS):
            message = Message(type, "2026-11-22T17:27:00Z", {"hook": "msg_1"})
            for path in (self.platform.ask, self.platform.withdraw):
                with pytest.raises(UnknownAction):
                    path(message, verified)


def times(intent: dict[str, str]) -> dict[str, datetime]:
    return {
        name: datetime.fromisoformat(intent[name])
        for name in ("timestamp", "until")
        if name in intent
    }


def json_of(body: bytes) -> dict[str, object]:
    try:
        return dict(json.loads(body))
    except ValueError:  # of a platform that sends forms
        return {}


def variants(event: dict[str, object]) -> Iterator[dict[str, object]]:
    """The event with each value, at any depth, replaced by ones that it must not be, or left out."""
    for name, value in event.items():
        yield {key: other for key, other in event.items() if key != name}
        for wrong in (None, True, -1, 2**70, 1.5, "", PLANTED + "\x00", [PLANTED], {PLANTED: 1}):
            yield event | {name: wrong}
        if isinstance(value, dict):
            for inner in variants(value):
                yield event | {name: inner}
