"""What a Python between the oldest that pyproject.toml allows and that of the tests does wrong."""

import importlib
import pkgutil
import re

import pytest

import bridge
import hooks

MODULES = [
    found.name
    for package in (bridge, hooks)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if ".migrations." not in found.name
]
ONE_OF = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\.", re.DOTALL)  # where a sign means itself
POSSESSIVE = re.compile(r"[*+?}]\+|\(\?>")


@pytest.mark.parametrize("module", MODULES)
def test_no_pattern_has_a_possessive_repetition(module: str) -> None:
    """Before 3.11.5 one of a group finds less than it should: Debian 12 read no comment and no
    section in Enom's answers."""
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, re.Pattern):
            pattern = value.pattern
            text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
            assert not POSSESSIVE.search(ONE_OF.sub("x", text)), f"{module}.{name}"
