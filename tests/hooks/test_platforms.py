"""The table of platforms, walked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_contract import json_values, samples, verified

from hooks import PLATFORMS
from hooks.errors import HookError
from hooks.message import read_message

known = PLATFORMS["standard"]
types = st.sampled_from([*known.ACTIONS, *known.WITHDRAWALS, *known.QUESTIONS])
times = st.sampled_from(["2026-11-22T17:27:00Z", "0001-01-01T00:00:00+23:59"])
names = st.sampled_from(
    [
        "service_id",
        "address",
        "password",
        "display_name",
        "plan",
        "reason",
        "until",
        "after",
        "job",
        "hook",
    ]
)
addresses = st.text("aA.@-x1ü\ud800", max_size=40)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_has_a_contract_test_and_a_set_up_page(
    platform: str, request: pytest.FixtureRequest
) -> None:
    assert (request.path.parent / f"test_{platform}.py").exists()
    assert (samples(platform).parent / "README.md").exists()


@pytest.mark.parametrize("platform", PLATFORMS)
@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "type": types | json_values,
            "timestamp": times | json_values,
            "data": st.dictionaries(names | st.text(), addresses | json_values) | json_values,
        },
    )
)
def test_nothing_but_hook_errors_come_out_of_any_json(platform: str, body: object) -> None:
    proof = verified(body)
    for path in (PLATFORMS[platform].read, PLATFORMS[platform].withdraw, PLATFORMS[platform].ask):
        try:
            path(read_message(proof), proof)
        except HookError as error:
            assert error.detail.encode()  # fit to be sent: no lone surrogates
