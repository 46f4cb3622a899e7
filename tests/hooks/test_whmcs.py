"""WHMCS: our body with its own ids, one type for each function of a server module."""

import pytest
from platform_contract import PlatformContract

from hooks import standard, whmcs


class TestWhmcs(PlatformContract):
    platform = "whmcs"

    @pytest.mark.parametrize("value", ["1", "1042", "a77", "9" * 19])
    def test_services_and_product_add_ons_have_ids_of_their_own(self, value: str) -> None:
        assert (
            self.read(self.body("mailbox.terminate", **self.data(service_id=value))).service_id
            == value
        )

    @pytest.mark.parametrize(
        "value", ["0", "01", "-1", "1.0", "b7", "a", "a0", "A7", "٣", " 1", "1\n", "9" * 20, 1042]
    )
    def test_other_ids_are_refused_in_actions_and_queries(self, value: object) -> None:
        wrong = self.data(service_id=value)
        assert list(self.errors(self.body("mailbox.terminate", **wrong))) == ["data.service_id"]
        assert list(self.errors(self.body("mailbox.status", **wrong), "ask")) == ["data.service_id"]

    def test_each_function_of_a_server_module_has_its_type(self) -> None:
        assert set(whmcs.FUNCTIONS) == {
            "CreateAccount",
            "SuspendAccount",
            "UnsuspendAccount",
            "TerminateAccount",
            "ChangePassword",
            "ChangePackage",
            "Renew",
        }
        of_page = (*whmcs.PAGE, *whmcs.STAFF, *standard.OF_SERVICE)
        assert list(whmcs.ACTIONS) == [*whmcs.FUNCTIONS.values(), *of_page]
