"""`/openapi.json` is a whole OpenAPI 3.1 document, and leaves nothing of the contract out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.domain.jobs import STATES, WaitingFor
from bridge.domain.model import State
from bridge.web.openapi import describe
from hooks.standard.schemas import ACTIONS, QUESTIONS, WITHDRAWALS
from tests.support.scene import PASSWORD, Scene

DOCUMENT = describe()


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(child)


def test_it_is_served(scene: Scene) -> None:
    answer = scene.client.get("/openapi.json")
    assert (answer.status_code, answer.json) == (200, DOCUMENT)


def test_it_has_the_shape_of_the_specification() -> None:
    assert re.fullmatch(r"3\.1\.\d", DOCUMENT["openapi"])
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for path, item in DOCUMENT["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            assert method in {"get", "post"}
            assert operation["responses"]
            named = {
                each["name"] for each in operation.get("parameters", []) if each["in"] == "path"
            }
            assert named == set(re.findall(r"{(\w+)}", path))
            for code, response in operation["responses"].items():
                assert re.fullmatch(r"[1-5]\d\d", code)
                assert response["description"]
            for parameter in operation.get("parameters", []):
                assert {"name", "in", "schema"} <= set(parameter)


def test_each_type_of_a_callback_is_named() -> None:
    schema = DOCUMENT["webhooks"]["callback"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert schema["properties"]["type"]["enum"] == [
        "job.cancelled", "job.failed", "job.held", "job.succeeded", "job.observed",
    ]  # fmt: skip


def test_every_reference_leads_somewhere() -> None:
    references = {
        node["$ref"] for node in walk(DOCUMENT) if isinstance(node, dict) and "$ref" in node
    }
    assert len(references) > 8
    for reference in references:
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_schema_is_a_json_schema() -> None:
    kinds = {"object", "string", "integer", "boolean", "array", "number", "null"}
    for schema in (
        node
        for node in walk(DOCUMENT["components"])
        if isinstance(node, dict) and isinstance(node.get("properties"), dict)
    ):
        assert set(schema.get("required", [])) <= set(schema["properties"])
        for field in schema["properties"].values():
            given = field.get("type", [])
            assert set([given] if isinstance(given, str) else given) <= kinds
            if "pattern" in field:
                re.compile(field["pattern"])


@pytest.mark.parametrize(
    ("path", "types"),
    [("/hooks/{source}", {**ACTIONS, **WITHDRAWALS}), ("/query/{source}", QUESTIONS)],
)
def test_every_type_is_named(path: str, types: Any) -> None:
    body = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["type"]["enum"] == list(types)


def test_the_two_forms_of_a_place_in_the_results_are_described() -> None:
    described = DOCUMENT["components"]["schemas"]["Results"]["properties"]["after"]["description"]
    assert "`next`" in described and "RFC 3339" in described


def test_every_status_of_the_contract_is_named() -> None:
    hooks = DOCUMENT["paths"]["/hooks/{source}"]["post"]["responses"]
    assert set(hooks) == {
        "200",
        "202",
        "400",
        "401",
        "403",
        "409",
        "413",
        "415",
        "422",
        "431",
        "500",
        "503",
    }
    query = DOCUMENT["paths"]["/query/{source}"]["post"]["responses"]
    assert set(query) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "413",
        "415",
        "422",
        "429",
        "431",
        "500",
        "502",
        "503",
    }


def test_the_receipt_is_what_is_answered(scene: Scene) -> None:
    described = DOCUMENT["components"]["schemas"]["Receipt"]
    receipt = scene.do("create", password=PASSWORD)
    assert set(described["required"]) <= set(receipt) <= set(described["properties"])
    assert described["properties"]["status"]["enum"] == list(STATES)
    assert described["properties"]["state"]["enum"] == [str(state) for state in State]
    assert described["properties"]["waiting_for"]["enum"] == [*WaitingFor, None]


def test_the_signatures_headers_are_required() -> None:
    for path in ("/hooks/{source}", "/query/{source}"):
        parameters = {
            each["name"]: each["required"] for each in DOCUMENT["paths"][path]["post"]["parameters"]
        }
        assert all(
            parameters[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        assert parameters.get("Prefer", False) is False
