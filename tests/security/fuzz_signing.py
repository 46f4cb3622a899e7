"""Hooks for schemathesis, which runs them in an environment of its own: what it makes up is signed
as it goes out.

Only the standard library and what comes with schemathesis. With FUZZ_SIGNED the headers of the
signature are taken out of the description, so that all of its inventions go into what is signed;
without, those headers are made up too, and mostly wrong.
"""

import base64
import hmac
import os
import random
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import schemathesis
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis.core.parameters import ParameterLocation

KEY = base64.b64decode(os.environ["FUZZ_SECRET"].removeprefix("whsec_"))
CHANCE = random.Random(int(os.environ["FUZZ_SEED"]))
DOMAINS = ["example.com"] * 9 + ["example.net", "b\u00fccher.example.com", "EXAMPLE.COM"]


class Signed(AuthBase):
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        id, at = f"msg_{uuid.UUID(int=CHANCE.getrandbits(128)).hex}", str(int(time.time()))
        digest = hmac.digest(KEY, f"{id}.{at}.".encode() + body, "sha256")
        request.headers.update(
            {
                "webhook-id": id,
                "webhook-timestamp": at,
                "webhook-signature": "v1," + base64.b64encode(digest).decode(),
            }
        )
        return request


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    if "FUZZ_SIGNED" in os.environ:
        for operation in (one["post"] for one in raw_schema["paths"].values() if "post" in one):
            operation["parameters"] = [
                one for one in operation["parameters"] if not one["name"].startswith("webhook-")
            ]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if "FUZZ_SIGNED" in os.environ or not case.meta.is_negative_at(ParameterLocation.HEADER):
        kwargs["auth"] = Signed()


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Nearly always the source that there is."""
    if path_parameters and "source" in path_parameters and CHANCE.random() < 0.95:
        return {**path_parameters, "source": "shop"}
    return path_parameters


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """What no schema says: a domain is one, and mostly the source's, and nothing happened in the
    future."""
    if not isinstance(body, dict):
        return body
    data = body.get("data")
    if (
        isinstance(data, dict)
        and isinstance(address := data.get("address"), str)
        and "@" in address
    ):
        body = {
            **body,
            "data": {**data, "address": f"{address.rpartition('@')[0]}@{CHANCE.choice(DOMAINS)}"},
        }
    if is_future(body.get("timestamp")):
        body = {**body, "timestamp": "2026-01-01T00:00:00Z"}
    return body


def is_future(text: Any) -> bool:
    try:
        return datetime.fromisoformat(str(text).upper()) > datetime.now(UTC)
    except (ValueError, TypeError):
        return False
