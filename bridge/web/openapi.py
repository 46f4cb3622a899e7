"""`/openapi.json`: the description of the HTTP side, generated from the schemas that check it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, request

from bridge import __version__
from bridge.domain.jobs import ENDED
from bridge.domain.service_events import EventType
from bridge.reporting import answers
from hooks.standard.schemas import ACTIONS, QUESTIONS, WITHDRAWALS

SIGNATURE = [
    ("webhook-id", "Unique for the event, the same on every retry", "^[A-Za-z0-9_:-]{1,128}$"),
    ("webhook-timestamp", "Seconds since 1970 of this attempt; at most 300 s off", "^[0-9]{1,12}$"),
    (
        "webhook-signature",
        "v1,<base64>: HMAC-SHA256 with the decoded secret over id.timestamp.body",
        "^[ -~]{1,4096}$",
    ),
]
REFUSALS = {
    "400": "Not a JSON object in UTF-8, a duplicate key, or not HTTP",
    "401": "Unknown source, sender not allowed, or signature or time wrong",
    "403": "A mail domain that this source may not use",
    "413": "Larger than 64 KiB",
    "415": "Not application/json",
    "422": "Not valid; `errors` names each field",
    "431": "The headers are larger than 32 KiB",
    "500": "Internal error of the bridge",
}
TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}
LATER = {"503": "Nothing was accepted; Retry-After"}

ALSO_SENT = (
    answers.Receipt,
    answers.CallbackData,
    answers.NearlyFullData,
    answers.Dismissal,
    answers.Ignored,
    answers.Problem,
    answers.Alive,
    answers.Ready,
)
"""Beside the answers to queries."""

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def document() -> Response:
    body, etag = written()
    response = Response(body, mimetype="application/json")
    response.set_etag(etag)
    response.make_conditional(request)
    return response


@cache
def written() -> tuple[bytes, str]:
    """The document and its ETag, made once: strangers may ask for it, so asking costs nothing."""
    body = json.dumps(describe(), separators=(",", ":")).encode()
    return body, hashlib.sha256(body).hexdigest()[:16]


def describe() -> dict[str, Any]:
    spec = APISpec("enom-bridge", __version__, "3.1.0", plugins=[MarshmallowPlugin()])
    for schema in dict.fromkeys([*ACTIONS.values(), *WITHDRAWALS.values(), *QUESTIONS.values()]):
        spec.components.schema(schema.__name__, schema=schema)
    described: Sequence[type[answers.Answer]] = [*ALSO_SENT, *answers.ANSWERS.values()]
    for answer_schema in dict.fromkeys(described):
        spec.components.schema(answer_schema.__name__, schema=answer_schema)
    receipt = of(answers.Receipt)
    taken = {"202": answer("Stored; the result comes by callback", receipt)}
    left = {"anyOf": [receipt, of(answers.Dismissal), of(answers.Ignored)]}
    ended = {
        "200": answer(
            (
                "Ended within the wait or earlier; or dismissed, by a job.withdraw of a hook "
                "without a job; or ignored, an event of a platform with webhooks of its own"
            ),
            left,
        )
    }
    reused = {
        "409": refusal(
            "This id was already used with another type or "
            "data, was dismissed, or cannot be withdrawn"
        )
    }
    prefer = header("Prefer", "wait=N: wait up to N seconds for the result", required=False)
    operation = {
        "summary": "Send a hook",
        "parameters": [source(), *signature(), prefer],
        "requestBody": message({**ACTIONS, **WITHDRAWALS}),
        "responses": {**taken, **ended, **refusals(), **reused, **later(LATER)},
    }
    spec.path("/hooks/{source}", operations={"post": operation})
    found = {"200": answer("The answer", answer_to(answers.ANSWERS))}
    missing = {"404": refusal("Not found, or of another source")}
    failed = {"502": refusal("The request to the mail provider failed; `code` says why")}
    busy = later(
        {
            "429": "Too many calls to the mail provider at once, or a repeated sign-in id; Retry-After"
        }
    )
    ask = {
        "summary": "Send a query; answered at once, nothing is stored",
        "parameters": [source(), *signature()],
        "requestBody": message(QUESTIONS),
        "responses": {**found, **refusals(), **missing, **busy, **failed, **later(LATER)},
    }
    spec.path("/query/{source}", operations={"post": ask})
    for path, text, responses in reads():
        spec.path(
            path, operations={"get": {"summary": text, "responses": {**responses, **of_any_get()}}}
        )
    document = spec.to_dict()
    document["webhooks"] = {"callback": {"post": callback()}, "event": {"post": event()}}
    one_of_both(document["components"]["schemas"]["Job"])
    return document


def of(schema: type[answers.Answer]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema.__name__}"}


def reads() -> list[tuple[str, str, dict[str, Any]]]:
    alive, ready = of(answers.Alive), of(answers.Ready)
    return [
        ("/healthz", "The process is running", {"200": answer("It is", alive)}),
        (
            "/readyz",
            "The bridge is ready: database, schema and a running worker",
            {
                "200": answer("Ready", ready),
                "503": answer("Not ready; `reasons` says why", ready),
            },
        ),
        (
            "/openapi.json",
            "This document",
            {
                "200": answer("OpenAPI 3.1", {"type": "object"}),
                "304": {"description": "Not modified (If-None-Match)"},
            },
        ),
    ]


def callback() -> dict[str, Any]:
    """What is sent to a source: how each job ended. What was only observed says so by its type."""
    types = [f"job.{each}" for each in (*sorted(ENDED), "observed")]
    return sent("A job has ended", types, answers.CallbackData)


def event() -> dict[str, Any]:
    """What is sent to a source that asks for it in the configuration."""
    text = "A mailbox is nearly full; only if sources.NAME.events asks for it"
    return sent(text, [EventType.NEARLY_FULL], answers.NearlyFullData)


def sent(summary: str, types: Sequence[str], data: type[answers.Answer]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": [str(each) for each in types]},
            "timestamp": TIME,
            "data": of(data),
        },
    }
    taken = {
        "2XX": {"description": "Stored"},
        "410": {"description": "Do not send this callback again"},
    }
    return {
        "summary": summary,
        "parameters": signature(),
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": taken,
    }


def message(types: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the format: its type decides what `data` holds."""
    each = [one_message(name, schema) for name, schema in types.items()]
    properties = {"type": {"type": "string", "enum": list(types)}, "timestamp": TIME}
    schema = {
        "type": "object",
        "required": ["type", "timestamp"],
        "properties": properties,
        "oneOf": each,
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def one_message(name: str, schema: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"$ref": f"#/components/schemas/{schema.__name__}"}
    needed = ["data"] if any(field.required for field in schema().fields.values()) else []
    if not needed and name != "job":
        data = {"anyOf": [data, {"type": "null"}]}
    return {
        "required": needed or (["data"] if name == "job" else []),
        "properties": {"type": {"const": name}, "data": data},
    }


def one_of_both(job: dict[str, Any]) -> None:
    """No schema class can say that exactly one of two fields is there."""
    names = ("job", "hook")
    job["oneOf"] = [
        {"required": [one], "properties": {one: TEXT, other: {"type": "null"}}}
        for one, other in (names, names[::-1])
    ]


def answer_to(data: Mapping[str, type[answers.Answer]]) -> dict[str, Any]:
    each = [
        {"properties": {"type": {"const": name}, "data": of(schema)}}
        for name, schema in data.items()
    ]
    return {
        "type": "object",
        "required": ["type", "data"],
        "properties": {"type": {"type": "string", "enum": list(data)}, "data": {"type": "object"}},
        "oneOf": each,
    }


def source() -> dict[str, Any]:
    return {
        "name": "source",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }


def signature() -> list[dict[str, Any]]:
    return [header(name, text, pattern=pattern) for name, text, pattern in SIGNATURE]


def header(name: str, text: str, required: bool = True, pattern: str = "") -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": text,
        "schema": schema,
    }


def answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": dict(schema)}}}


def refusals() -> dict[str, Any]:
    return {code: refusal(text) for code, text in REFUSALS.items()}


def of_any_get() -> dict[str, Any]:
    return {code: refusal(REFUSALS[code]) for code in ("400", "413", "431", "500")}


def later(statuses: Mapping[str, str]) -> dict[str, Any]:
    wait = {
        "Retry-After": {
            "required": True,
            "description": "Seconds",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
    return {code: {**refusal(text), "headers": wait} for code, text in statuses.items()}


def refusal(text: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": of(answers.Problem)}}
    return {"description": text, "content": content}
