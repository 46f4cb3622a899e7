"""One source beside another on one account: no action and no question tells or touches what is
the other's."""

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.actions import ACTIONS
from bridge.domain.services import MEMBER_ACTIONS
from bridge.pipeline.queries import QUESTIONS
from bridge.store.base import tables
from hooks import standard
from tests.support.bridge import PASSWORD, add_domain
from tests.support.scene import Open, Scene

SENT = [name for name in ACTIONS if name in standard.ACTIONS]
OWN, FOREIGN, NOBODYS = "amy@example.net", "john@example.com", "jane@example.org"
MORE: dict[str, dict[str, Any]] = {
    "mailbox.create": {"password": PASSWORD},
    "mailbox.change_password": {"password": PASSWORD},
    "mailbox.change_plan": {"plan": "large"},
    "mailbox.renew": {"until": "2029-01-01"},
    "mailbox.set_aliases": {"aliases": []},
    "mailbox.set_forwarding": {"forward_to": []},
    "mailbox.change_service": {"service_id": "8", "from_service_id": "7"},
}


@pytest.fixture
def two(open_scene: Open) -> Scene:
    """`shop` has a mailbox in example.com with a long history; `other` may touch example.net
    only."""
    scene = open_scene(source__domains=["example.com"])
    add_domain(scene.sim, "example.net")
    known = scene.service.intake.sources["shop"]
    scene.service.intake.sources["other"] = replace(
        known, name="other", domains=frozenset({"example.net"})
    )  # type: ignore[index]
    scene.service.account_state.know(["main"], ["shop", "other"])
    scene.do("create", id="msg_shop", address=FOREIGN, password=PASSWORD)
    scene.do("suspend", address=FOREIGN)
    scene.hook("unsuspend", address=FOREIGN)  # one is open
    return scene


def shops(scene: Scene) -> list[list[dict[str, Any]]]:
    """Everything that is the shop's in the database."""
    with scene.service.database.read() as tx:
        tables_ = (tables.hooks, tables.jobs, tables.mailboxes, tables.callbacks)
        return [
            [
                dict(row)
                for row in tx.execute(sa.select(one).where(one.c.source == "shop")).mappings()
            ]
            for one in tables_
        ]


@pytest.mark.parametrize("action", SENT)
def test_every_action_on_anothers_mailbox_is_the_answer_for_one_that_is_nobodys(
    two: Scene, action: str
) -> None:
    before, calls = shops(two), len(two.calls())
    given = {"service_id": "7", **MORE.get(action, {})}
    foreign, nobodys = (
        two.send(action, source="other", address=address, **given) for address in (FOREIGN, NOBODYS)
    )
    assert foreign.status_code == nobodys.status_code == 403
    assert foreign.data == nobodys.data
    assert shops(two) == before
    assert len(two.calls()) == calls


@pytest.mark.parametrize("action", MEMBER_ACTIONS)
def test_a_hook_about_a_whole_service_touches_no_mailbox_of_anothers_of_that_number(
    two: Scene, action: str
) -> None:
    before, calls = shops(two), len(two.calls())
    body = two.body(action, service_id="7")
    answer = two.post("/hooks/other", body, two.sign(body))
    assert answer.status_code == 200 and (answer.json or {})["mailboxes"] == []
    two.work(60)
    assert {row["id"] for row in shops(two)[1]} == {row["id"] for row in before[1]}
    assert all(call["address"] == FOREIGN for call in two.calls()[calls:])


ABOUT_A_MAILBOX = ("mailbox.status", "mailbox.usage", "mailbox.sign_in")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("moved", [False, True], ids=["", "its domain was the other's once"])
def test_every_question_is_answered_as_if_the_other_were_not_there(
    two: Scene, question: str, moved: bool
) -> None:
    if moved:
        known = two.service.intake.sources["other"]
        two.service.intake.sources["other"] = replace(known, domains=frozenset({"*"}))  # type: ignore[index]
    before, calls = shops(two), len(two.calls())
    if question in ABOUT_A_MAILBOX:
        asked = [{"service_id": "7", "address": address} for address in (FOREIGN, NOBODYS)]
    elif question == "domain.readiness":
        asked = [{"domain": address.partition("@")[2]} for address in (FOREIGN, NOBODYS)]
    elif question == "job":
        job = before[1][0]["id"]
        asked = [{"job": job}, {"job": "job_00000000000000000000000000"}]
        by_hook = [two.ask("job", source="other", hook=hook) for hook in ("msg_shop", "msg_nobody")]
        assert by_hook[0].data == by_hook[1].data
    elif question == "service.mailboxes":
        asked = [{"service_id": "7"}, {"service_id": "7"}]
    else:
        asked = [{}]
    answers = [two.ask(question, source="other", **data) for data in asked]
    assert len({answer.data for answer in answers}) == 1
    if question in (*ABOUT_A_MAILBOX, "domain.readiness", "job"):
        assert {answer.status_code for answer in answers} == (
            {403} if not moved and question != "job" else {404}
        )
        assert len(two.calls()) == calls, "Enom was asked about a mailbox of another source"
    elif question == "service.mailboxes":
        data = json.loads(answers[0].data)["data"]
        assert (data["seats"], data["used"], data["items"]) == (None, 0, [])
    elif question != "connection.test":
        assert json.loads(answers[0].data)["data"] == {"items": [], "next": None}
    assert shops(two) == before
    assert FOREIGN not in answers[0].text and "msg_shop" not in answers[0].text


@pytest.mark.parametrize("question", ["mailbox.list", "results"])
def test_a_place_in_anothers_list_leads_nowhere(two: Scene, question: str) -> None:
    place = (
        FOREIGN
        if question == "mailbox.list"
        else json.loads(two.ask("results").data)["data"]["next"]
    )
    assert (
        json.loads(two.ask(question, source="other", after=place or "0/").data)["data"]["items"]
        == []
    )


def test_ids_of_hooks_and_sequences_are_each_sources_own(two: Scene) -> None:
    """409 would tell that another source used this id; a sequence, how much another did."""
    receipt = two.hook("create", source="other", id="msg_shop", address=OWN, password=PASSWORD)
    assert (receipt["sequence"], receipt["address"]) == (1, OWN)
    assert (
        two.ask("job", hook="msg_shop").json != two.ask("job", source="other", hook="msg_shop").json
    )


@pytest.mark.parametrize("action", sorted({*SENT} - {"mailbox.terminate"}))
def test_a_mailbox_of_another_source_is_touched_by_no_action_even_if_the_domain_is_shared(
    two: Scene, action: str
) -> None:
    """As after a domain was moved from one source to the other in the configuration."""
    two.work(60)
    known = two.service.intake.sources["other"]
    two.service.intake.sources["other"] = replace(known, domains=frozenset({"*"}))  # type: ignore[index]
    there = two.mailbox(FOREIGN)
    receipt = two.hook(
        action.partition(".")[2], source="other", address=FOREIGN, **MORE.get(action, {})
    )
    two.work(300)
    result = json.loads(two.ask("job", source="other", job=receipt["job"]).data)["data"]
    assert (result["status"], result["error"]["code"]) == ("failed", "not_ours")
    assert "7" not in result["error"]["message"] and "shop" not in json.dumps(result)
    assert two.mailbox(FOREIGN) == there
