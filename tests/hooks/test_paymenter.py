"""Paymenter: our body with its own ids, a type for each function that leads to a hook."""

import pytest
from platform_contract import PlatformContract

from hooks import paymenter


class TestPaymenter(PlatformContract):
    platform = "paymenter"

    @pytest.mark.parametrize("value", ["1", "1042", "9" * 19])
    def test_a_service_has_its_number(self, value: str) -> None:
        body = self.body("mailbox.terminate", **self.data(service_id=value))
        assert self.read(body).service_id == value

    @pytest.mark.parametrize(
        "value", ["0", "01", "-1", "1.0", "a77", "٣", " 1", "1\n", "9" * 20, 1042]
    )
    def test_other_ids_are_refused_in_actions_and_queries(self, value: object) -> None:
        wrong = self.data(service_id=value)
        assert list(self.errors(self.body("mailbox.terminate", **wrong))) == ["data.service_id"]
        assert list(self.errors(self.body("mailbox.status", **wrong), "ask")) == ["data.service_id"]

    def test_each_function_has_its_type(self) -> None:
        assert list(paymenter.ACTIONS) == list(paymenter.FUNCTIONS.values())
        assert set(paymenter.ACTIONS) == {
            "mailbox.create",
            "mailbox.suspend",
            "mailbox.unsuspend",
            "mailbox.terminate",
            "mailbox.change_password",
            "mailbox.change_plan",
            "mailbox.renew",
        }
