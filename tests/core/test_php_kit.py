"""The PHP kit is every plug-in's: it has no word of one platform, and needs nothing of one."""

import re
from pathlib import Path

import pytest

from contrib.plugins import ROOT
from hooks import PLATFORMS

KIT = ROOT / "hooks" / "php"
FILES = sorted(path for path in KIT.rglob("*") if path.is_file())

# The platforms, those of this project and those that it may get: also within a name.
NAMES = (
    *(name for name in PLATFORMS if name != "standard"),
    "fossbilling", "paymenter", "blesta", "hostbill", "upmind", "woocommerce", "wordpress",
)  # fmt: skip
WORDS = (
    # Tables, functions, variables and libraries of theirs.
    "tbl[a-z]+", "localapi", "logmodulecall", "logactivity", "add_hook", "configoptions?\\d*",
    "customfields", "clientsdetails", "server(hostname|username|password|accesshash)", "adminid",
    "capsule", "illuminate", "smarty", "laravel", "eloquent", "redbean", "twig", "wpdb", "rootdir",
    # What WHMCS calls its things.
    "module", "add-?on", "hosting", "terminateaccount", "createaccount",
)  # fmt: skip
FOUND = re.compile(
    "|".join((*NAMES, *(rf"(?<![a-z])(?:{word})(?![a-z])" for word in WORDS))), re.IGNORECASE
)
ALLOWED = {"{module}", "'module'"}  # a place in two sentences: the version of the plug-in
USED = re.compile(r"^use ([\w\\]+)", re.MULTILINE)


def strange(text: str) -> list[str]:
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return [found[0] for found in FOUND.finditer(text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_word_of_a_platform_is_in_the_kit(path: Path) -> None:
    assert strange(path.read_text()) == []
    assert strange(path.stem) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_kit_needs_nothing_but_itself(path: Path) -> None:
    text = path.read_text()
    assert USED.findall(text) == []
    if path.parent.name == "src":
        assert "\nnamespace EnomBridge\\Kit;\n" in text


@pytest.mark.parametrize(
    "text",
    ["WHMCS", "tblhosting", "localAPI(", "\\logModuleCall", "use Capsule;", "a Smarty template",
     "$params['configoption1']", "this module", "the add-on", "newWhmcsId"],
)  # fmt: skip
def test_such_a_word_is_found(text: str) -> None:
    assert strange(f"// {text} ")


def test_the_kit_is_there() -> None:
    assert len(FILES) > 30
