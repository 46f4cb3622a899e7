import pytest

from tests.support.bridge import PASSWORD
from tests.support.scene import (
    Open,
    Scene,
    clock,
    open_scene,
    scene,
    simulated_clock,
    simulator,
)

__all__ = ["clock", "open_scene", "scene", "simulated_clock", "simulator"]


@pytest.fixture
def mail(open_scene: Open) -> Scene:
    return open_scene(backend="hosted-email", account__settle=0)


@pytest.fixture
def sold(mail: Scene) -> Scene:
    """Two single mailboxes of one customer, each of its service."""
    for service, address in (("1042", "ann@example.com"), ("1043", "bob@example.com")):
        data = {"address": address, "service_id": service, "customer_id": "5"}
        mail.do("create", password=PASSWORD, **data)
    return mail
