"""Four people press the same button at once, over HTTP: one job takes its place, the others are
told so."""

from functools import partial

import pytest

from bridge.web import create_app
from tests.support.admin import FULL, Visitor, fill
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene
from tests.support.together import at_once

MANY, ROUNDS = 4, 5


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def full(open_scene: Open) -> Scene:
    scene = open_scene(**FULL)
    scene.app = create_app(
        scene.service, threads=4 * MANY
    )  # of which half may make pages at a time
    fill(scene)
    return scene


def held(scene: Scene, number: int) -> str:
    """A deletion that the hourly limit holds."""
    new = {"address": f"box{number}@example.com", "service_id": f"6{number}"}
    scene.do("create", password=PASSWORD, **new)
    job = scene.do("terminate", **new)
    assert job["status"] == "held"
    return str(job["job"])


@pytest.mark.parametrize("verb", ["approve", "retry", "reject"])
def test_one_is_carried_out(full: Scene, verb: str) -> None:
    visitors = []
    for _ in range(MANY):
        visitors.append(Visitor(full))
        visitors[-1].sign_in()
    for number in range(ROUNDS):
        job = held(full, number)
        path = f"/admin/jobs/{job}/{verb}"
        forms = [visitor.get(path).form(path) for visitor in visitors]
        answers = at_once(
            [partial(one.post, path, form) for one, form in zip(visitors, forms, strict=True)]
        )
        assert sorted(each.status_code for each in answers) == [303] + [409] * (MANY - 1)
        rows, _ = full.service.lookup.page("jobs", None, service_id=f"6{number}")
        replacements = [row["id"] for row in rows if row["replaces"] == job]
        assert len(replacements) == (0 if verb == "reject" else 1)
        if replacements:
            full.service.operator.by("jane").cancel(replacements[0])
        result, _ = full.service.lookup.page("callbacks", None, job_id=job)
        assert len(result) == (2 if verb == "reject" else 1)
