"""The names that come nearest to a wrong one."""

import pytest

from bridge.domain import suggestions
from bridge.domain.jobs import STATES


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("hled", ["held", "failed"]),
        ("HELD", ["held"]),
        ("sucseeded", ["succeeded"]),
        ("xyz", []),
        ("", []),
    ],
)
def test_the_nearest(given: str, found: list[str]) -> None:
    assert suggestions.close_names(given, STATES) == found


def test_a_sentence_names_the_nearest_and_all_where_they_are_few() -> None:
    result = suggestions.no_such("status", "hled", STATES)
    assert result.startswith(
        "there is no status 'hled'; there are: queued, running, "
    ) and result.endswith("; did you mean held or failed?")
    many = [f"reseller{number}" for number in range(40)]
    assert "there are" not in suggestions.no_such("account", "reseler7", many)
    assert "there are: reseller0, reseller1, " in suggestions.no_such("account", "xyz", many), (
        "nothing is near: then all of them"
    )
    assert "there are" not in suggestions.no_such("account", "xyz", [*many, "one more"])
    assert suggestions.no_such("account", "main", []) == "there is no account 'main'"
    assert suggestions.did_you_mean("shop-mian", ["till", "shop-main"]) == "did you mean shop-main?"
