"""The suite of platforms with webhooks of their own, over the shop of the documentation, as it
signs and as it would sign by each other row of the table."""

import re
from pathlib import Path
from typing import Any

import pytest
from webhook_contract import NOW, Sample, WebhookContract

from hooks import PLATFORMS, OwnWebhooks, key_of, own_webhooks
from hooks.schemes import WEBHOOK_SCHEMES
from tests.support import example_shop
from tests.support.webhooks import SIGNERS, shop_signing_as

FOLDER = Path(__file__).parent / "shop_samples"
PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"
SECRET = (FOLDER / "secret").read_text().strip()


class TestShop(WebhookContract):
    name = "shop"
    platform = example_shop
    folder = FOLDER


class Resigned(WebhookContract):
    """The same shop, signing by another row."""

    folder = FOLDER

    @property
    def platform(self) -> OwnWebhooks:
        found = own_webhooks(shop_signing_as(self.name))
        assert found is not None
        return found

    def samples(self) -> Any:
        for one in super().samples():
            headers = SIGNERS[self.name](one.body, NOW, SECRET)
            yield Sample(one.name, headers, one.body, one.intent, one.errors)


class TestPaddle(Resigned):
    name = "paddle"


class TestHostbill(Resigned):
    name = "hostbill"


class TestUpmind(Resigned):
    name = "upmind"


class TestWoocommerce(Resigned):
    name = "woocommerce"


def test_every_scheme_is_tested() -> None:
    tested = {each.name for each in Resigned.__subclasses__()} | {TestShop().scheme}
    assert tested == {*WEBHOOK_SCHEMES} == {*SIGNERS}


def test_the_documentation_shows_this_shop() -> None:
    shown = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert Path(example_shop.__file__).read_text() in shown


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_speaks_our_format_has_nothing_of_its_own(name: str) -> None:
    """All or nothing: half of what such a platform offers would be passed over."""
    platform = PLATFORMS[name]
    offered = {each for each in ("SCHEME", "parse") if hasattr(platform, each)}
    assert offered == ({"SCHEME", "parse"} if own_webhooks(platform) else set())


@pytest.mark.parametrize("name", PLATFORMS)
def test_each_platform_has_the_suite_of_its_kind(name: str) -> None:
    suite = "WebhookContract" if own_webhooks(PLATFORMS[name]) else "PlatformContract"
    assert f"({suite})" in (Path(__file__).parent / f"test_{name}.py").read_text()


def test_a_secret_is_a_key_as_its_platform_says() -> None:
    shop: Any = example_shop
    text = "whsec_" + "c2FtcGxlLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM="
    assert key_of(shop, text) == text.encode()
    assert key_of(PLATFORMS["standard"], text) == b"sample-secret-of-the-tests-32-bytes"
