"""Whether the module that sends hooks fits this bridge: both have the same major and minor version.

Pure.
"""

import re

from bridge import __version__

VERSION = re.compile(r"(?<![0-9.])([0-9]{1,6})\.([0-9]{1,6})(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.+-]*)?$")
UPDATE = "Update the older of the two: docs/upgrade.md says which goes first."


def is_compatible(sender: str, bridge: str = __version__) -> bool:
    """`sender` as a module names itself in `connection.test`: "whmcs 0.2.0".

    Without a version nothing is known against it.
    """
    theirs = major_minor(sender)
    return theirs is None or theirs == major_minor(bridge)


def major_minor(version: str) -> tuple[int, int] | None:
    """Major and minor version, with which a text ends; None where it ends with none."""
    found = VERSION.search(version)
    return (int(found[1]), int(found[2])) if found else None


def incompatibility(sender: str) -> str:
    return (
        f"The module that last tested the connection is {sender}, and this bridge is {__version__}."
    )
