"""`/openapi.json`: the description of the HTTP side, generated from the schemas that check it."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, jsonify

from bridge import __version__
from bridge.jobs import STATES, WAITING_FOR
from bridge.model import State
from hooks.standard.schemas import ACTIONS, QUESTIONS

SIGNATURE = [
    ("webhook-id", "Unique for the event, the same on every retry; 1 to 128 characters of A-Za-z0-9_:-"),
    ("webhook-timestamp", "Seconds since 1970 of this attempt; at most 300 s off"),
    ("webhook-signature", "v1,<base64>: HMAC-SHA256 with the decoded secret over id.timestamp.body"),
]
REFUSALS = {
    "400": "Not a JSON object in UTF-8, or a key twice",
    "401": "Unknown source, sender not allowed, or signature or time wrong",
    "403": "A mail domain that this source may not touch",
    "413": "Larger than 64 KiB",
    "415": "Not application/json",
    "422": "Not valid; `errors` names each field",
    "503": "Nothing was accepted; Retry-After",
}


def add_to(app: Flask) -> None:
    document = describe()

    def openapi() -> Response:
        return jsonify(document)

    app.add_url_rule("/openapi.json", "openapi", openapi)


def describe() -> dict[str, Any]:
    spec = APISpec("enom-bridge", __version__, "3.1.0", plugins=[MarshmallowPlugin()])
    for schema in dict.fromkeys([*ACTIONS.values(), *QUESTIONS.values()]):
        spec.components.schema(schema.__name__, schema=schema)
    spec.components.schema("Receipt", receipt())
    spec.components.schema("Problem", problem())
    taken = {"202": answer("Recorded durably; the result comes by callback", "Receipt")}
    ended = {"200": answer("Ended within the wait, or earlier", "Receipt")}
    reused = {"409": refusal("This id was used with another type or data")}
    prefer = header("Prefer", "wait=N: hold the answer up to N seconds", required=False)
    operation = {
        "summary": "Send a hook",
        "parameters": [source(), *signature(), prefer],
        "requestBody": message(ACTIONS),
        "responses": {**taken, **ended, **refusals(), **reused},
    }
    spec.path("/hooks/{source}", operations={"post": operation})
    found = {"200": {"description": "The answer", "content": {"application/json": {"schema": envelope(QUESTIONS, {})}}}}
    missing = {code: refusal(text) for code, text in (("404", "Not there, or another source's"), ("429", "Not now"))}
    failed = {"502": refusal("Enom did not do this; `code` says why")}
    ask = {
        "summary": "Ask; answered at once, nothing is recorded",
        "parameters": [source(), *signature()],
        "requestBody": message(QUESTIONS),
        "responses": {**found, **refusals(), **missing, **failed},
    }
    spec.path("/query/{source}", operations={"post": ask})
    for path, text in (("/healthz", "The process lives"), ("/readyz", "Database, schema and a live worker are there")):
        responses = {"200": {"description": text}}
        spec.path(path, operations={"get": {"summary": text, "responses": responses}})
    return spec.to_dict()


def message(types: Any) -> dict[str, Any]:
    data = {"anyOf": [{"$ref": f"#/components/schemas/{schema.__name__}"} for schema in dict.fromkeys(types.values())]}
    return {"required": True, "content": {"application/json": {"schema": envelope(types, data)}}}


def envelope(types: Any, data: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "type": {"type": "string", "enum": list(types)},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": data,
    }
    return {"type": "object", "required": ["type", "data"], "properties": properties}


def receipt() -> dict[str, Any]:
    text, flag = {"type": "string"}, {"type": "boolean"}
    properties = {name: text for name in ("job", "hook", "action", "address", "service_id", "message")}
    more = {
        "sequence": {"type": "integer"},
        "status": {"type": "string", "enum": list(STATES)},
        "waiting_for": {"enum": [*WAITING_FOR, None]},
        "state": {"type": "string", "enum": [str(state) for state in State]},
        "changed": flag,
        "verified": {"type": "object", "additionalProperties": text},
        "error": {"type": ["object", "null"]},
        "finished_at": {"type": "string", "format": "date-time"},
    }
    required = [*properties, *(name for name in more if name != "finished_at")]
    return {"type": "object", "properties": {**properties, **more}, "required": required}


def problem() -> dict[str, Any]:
    names = {"type": "string", "title": "string", "status": "integer", "detail": "string", "errors": "object"}
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in names.items()}}


def source() -> dict[str, Any]:
    return {"name": "source", "in": "path", "required": True, "schema": {"type": "string"}}


def signature() -> list[dict[str, Any]]:
    return [header(name, text) for name, text in SIGNATURE]


def header(name: str, text: str, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": text, "schema": {"type": "string"}}


def answer(text: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": text, "content": content}


def refusals() -> dict[str, Any]:
    return {code: refusal(text) for code, text in REFUSALS.items()}


def refusal(text: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": text, "content": content}
