"""One odd character in what Enom answers, of one customer's password: the jobs of its whole
domain go on all the same."""

import pytest

from bridge.sim.faults import ODD
from tests.support.scene import PASSWORD, Open
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

JANE = "jane@example.com"


@pytest.mark.parametrize("fault", [*ODD, "trailing_nul", "bom", "latin1"])
def test_the_jobs_of_a_domain_go_on_while_its_list_holds_an_odd_character(
    open_scene: Open, fault: str
) -> None:
    scene = open_scene()
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    scene.fault("*", fault, times=None)
    assert (
        scene.do("create", address=JANE, service_id="8", password=PASSWORD)["status"] == "succeeded"
    )
    for action in ("suspend", "unsuspend"):
        assert scene.do(action)["status"] == "succeeded"
    assert scene.do("change_password", password=f"{PASSWORD}9")["status"] == "succeeded"
    assert scene.do("terminate", address=JANE, service_id="8")["status"] == "succeeded"
    assert scene.mailbox() is not None and scene.mailbox(JANE) is None
