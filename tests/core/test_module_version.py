"""Whether the module that sends is_compatible the bridge: by major and minor version."""

import pytest

from bridge.domain import module_version


@pytest.mark.parametrize(
    ("sender", "bridge", "is_compatible"),
    [
        ("whmcs 0.2.0", "0.2.0", True),
        ("whmcs 0.2.7", "0.2.0", True),
        ("whmcs 0.2", "0.2.9", True),
        ("whmcs 0.2.0-rc.1", "0.2.0", True),
        ("whmcs 0.1.9", "0.2.0", False),
        ("whmcs 0.20.0", "0.2.0", False),
        ("whmcs 1.2.0", "0.2.0", False),
        ("whmcs8 0.3.0", "0.2.0", False),
        ("a shop of our own", "0.2.0", True),
        ("shop 7", "0.2.0", True),
        ("shop at 192.0.2.1", "0.2.0", True),
    ],
)
def test_major_and_minor_version_decide(sender: str, bridge: str, is_compatible: bool) -> None:
    assert module_version.is_compatible(sender, bridge) is is_compatible
