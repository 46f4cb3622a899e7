"""FOSSBilling: our body with the numbers of its orders."""

import pytest
from platform_contract import PlatformContract

from hooks import fossbilling


class TestFossbilling(PlatformContract):
    platform = "fossbilling"

    @pytest.mark.parametrize("value", ["1", "1042", "9" * 19])
    def test_the_number_of_an_order_is_its_id(self, value: str) -> None:
        sent = self.body("mailbox.terminate", **self.data(service_id=value))
        assert self.read(sent).service_id == value

    @pytest.mark.parametrize("value", ["0", "01", "a7", "-1", "1.0", " 1", "1\n", "٣", "9" * 20, 1])
    def test_other_ids_are_refused_in_actions_and_queries(self, value: object) -> None:
        wrong = self.data(service_id=value)
        assert list(self.errors(self.body("mailbox.terminate", **wrong))) == ["data.service_id"]
        assert list(self.errors(self.body("mailbox.status", **wrong), "ask")) == ["data.service_id"]

    def test_the_form_says_what_the_settings_of_the_module_ask_for(self) -> None:
        assert fossbilling.form("https://bridge.example.com", "shop", "whsec_x") == {
            "Hostname": "bridge.example.com",
            "Port": "443",
            "SSL": "Yes",
            "Source": "shop",
            "Secret": "whsec_x",
        }
