"""Whatever is answered or called back is what `/openapi.json` says of it: no field more, none
less, each of its kind."""

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.reporting.answers import ANSWERS
from bridge.web.openapi import describe
from tests.support.names import NameServer
from tests.support.scene import PASSWORD, Open, Scene
from tests.web.conftest import lost_of

DOCUMENT = describe()
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}
HERE = {"service_id": "7", "address": "john.doe@example.com"}


def faults(value: Any, schema: Mapping[str, Any], place: str = "$") -> list[str]:
    """Where a value is not what a schema of the document says: as JSON Schema, and nothing
    undescribed beside it."""
    if "$ref" in schema:
        return faults(
            value, DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], place
        )
    if "anyOf" in schema:
        each = [faults(value, option, place) for option in schema["anyOf"]]
        return [] if [] in each else min(each, key=len)
    if "oneOf" in schema:
        fit = [
            each for each in schema["oneOf"] if value["type"] == each["properties"]["type"]["const"]
        ]
        return (
            faults(value["data"], fit[0]["properties"]["data"], place) if len(fit) == 1 else [place]
        )
    found = []
    kinds = schema.get("type", [])
    if not any(of_kind(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        found.append(f"{place}: {value!r} is not {kinds}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: {value!r} is none of {schema['enum']}")
    if isinstance(value, dict):
        found += faults_of_fields(value, schema, place)
    if isinstance(value, list):
        found += [fault for each in value for fault in faults(each, schema["items"], f"{place}[]")]
    return found


def faults_of_fields(value: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> list[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    found = [
        f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value
    ]
    for name, each in value.items():
        described = known.get(name, rest)
        if described is None:
            found.append(f"{place}.{name} is not described")
        elif described:
            found += faults(each, described, f"{place}.{name}")
    return found


def of_kind(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def check(answer: TestResponse, path: str, method: str = "post") -> Any:
    """The answer's JSON, which must be what the document says of this path and status."""
    described = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    schema = described["content"][answer.content_type.partition(";")[0]]["schema"]
    assert faults(answer.json, schema) == [], answer.text
    return answer.json


def called_back(scene: Scene, type: str) -> Mapping[str, Any]:
    """The newest callback, which must be of this type and what the document says."""
    callback = {name: value for name, value in scene.call_back(60)[-1].items() if name != "id"}
    body = DOCUMENT["webhooks"]["callback"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert (callback["type"], faults(callback, body)) == (type, [])
    data: Mapping[str, Any] = callback["data"]
    return data


@pytest.fixture
def house(open_scene: Open) -> Any:
    names = NameServer()
    host, port = names.address
    names.put("example.com", ["10 mx.example.net."])
    yield open_scene(bridge__resolver=f"{host}:{port}", account__mail_hosts=["hostedemail.com"])
    names.close()


def test_every_answer_to_a_query(house: Scene) -> None:
    house.do("create", password=PASSWORD, plan="large", reasons="none")
    given: Mapping[str, Mapping[str, str]] = {
        "mailbox.status": HERE,
        "mailbox.usage": HERE,
        "mailbox.sign_in": HERE,
        "service.mailboxes": {"service_id": HERE["service_id"]},
        "domain.readiness": {"domain": "example.com"},
        "job": {"job": house.hook("suspend")["job"]},
    }
    for type in ANSWERS:
        answer = check(house.ask(type, **given.get(type, {})), "/query/{source}")
        assert answer["type"] == type
    house.work(300)
    seen = check(house.ask("mailbox.status", **HERE), "/query/{source}")["data"]
    assert (seen["receives_mail"]["status"], seen["services"] is None) == ("not_ready", False)
    listed = check(house.ask("results"), "/query/{source}")["data"]["items"]
    assert listed[0]["unknown_fields"] == ["reasons"]


def test_a_receipt_at_each_stage_and_a_dismissal(scene: Scene) -> None:
    assert (
        check(scene.send("mailbox.create", password=PASSWORD), "/hooks/{source}")["status"]
        == "queued"
    )
    scene.work(300)
    called_back(scene, "job.succeeded")
    answer = check(scene.send("mailbox.suspend", id="msg_1"), "/hooks/{source}")
    scene.work(300, until=answer)
    assert (
        check(scene.send("mailbox.suspend", id="msg_1"), "/hooks/{source}")["status"] == "succeeded"
    )
    body = scene.body("job.withdraw", hook="msg_2")
    assert check(scene.post("/hooks/shop", body, scene.sign(body)), "/hooks/{source}") == {
        "hook": "msg_2",
        "status": "dismissed",
    }


def test_what_failed_with_what_enom_said_of_it_for_staff_alone(scene: Scene) -> None:
    failed = scene.do("create", password="short")
    error = check(scene.ask("job", job=failed["job"]), "/query/{source}")["data"]["error"]
    assert error["remote"] and error["detail"]
    assert called_back(scene, "job.failed")["error"] == {
        "code": error["code"],
        "message": error["message"],
    }


def test_what_is_held(scene: Scene) -> None:
    held = scene.do("create", password=PASSWORD, address="root@example.com", customer_id="12")
    assert check(scene.ask("job", job=held["job"]), "/query/{source}")["data"]["status"] == "held"
    assert called_back(scene, "job.held")["error"]["detail"]


def test_what_a_grace_keeps(open_scene: Open) -> None:
    scene = open_scene(safety__terminate_grace_days=14)
    scene.do("create", password=PASSWORD)
    ended = scene.do("terminate")
    assert check(scene.ask("job", job=ended["job"]), "/query/{source}")["data"]["delete_after"]
    assert called_back(scene, "job.succeeded")["delete_after"]


def test_what_is_only_observed(open_scene: Open) -> None:
    scene = open_scene(account__mode="observe")
    planned = scene.do("create", password=PASSWORD)
    assert check(scene.ask("job", job=planned["job"]), "/query/{source}")["data"]["plan"]
    assert called_back(scene, "job.observed")["plan"]
    scene.do("renew", service_id="8", address="nobody@example.com", until="2031-01-01")
    assert called_back(scene, "job.observed")["would_be"]["status"] == "failed"


@pytest.mark.parametrize(
    ("type", "data", "status"),
    [
        ("mailbox.create", {}, 422),
        ("mailbox.explode", {}, 422),
        ("mailbox.suspend", {"address": "a@example.org"}, 403),
    ],
)
def test_what_is_refused(open_scene: Open, type: str, data: dict[str, str], status: int) -> None:
    scene = open_scene(source__domains=["example.com"])
    assert check(scene.send(type, **data), "/hooks/{source}")["status"] == status


def test_a_stranger_and_a_pause(scene: Scene) -> None:
    assert check(scene.post("/hooks/shop", b"{}", {}), "/hooks/{source}")["status"] == 401
    assert check(scene.ask("job", job="job_0"), "/query/{source}")["status"] == 404
    scene.service.operator.pause_source("shop", True, None)
    assert check(scene.send("mailbox.suspend"), "/hooks/{source}")["status"] == 503


def test_health(scene: Scene) -> None:
    check(scene.client.get("/healthz"), "/healthz", "get")
    assert check(scene.client.get("/readyz"), "/readyz", "get")["ready"] is False
    scene.engine.beat()
    assert check(scene.client.get("/readyz"), "/readyz", "get")["ready"] is True


def test_the_checks_find_what_is_wrong() -> None:
    alive = DOCUMENT["components"]["schemas"]["Alive"]
    assert faults({"status": "alive"}, alive) == []
    for wrong in ({}, {"status": "dead"}, {"status": 1}, {"status": "alive", "since": 1}):
        assert faults(wrong, alive)
    assert list(lost_of({"a": {"b": [{"c": 1}]}, "d": 2}, {"a": {"b": [{}]}})) == ["a.b.c", "d"]
