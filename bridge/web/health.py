"""`/healthz`: the process lives. `/readyz`: it can do its work, or says why not."""

from flask import Blueprint, Response, jsonify

from bridge.reporting import answers
from bridge.web.context import web_context

INSTANCE = "Enom-Bridge-Database"
"""The header that tells which database a bridge works on, for `enom-bridge doctor` to compare."""

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return jsonify(answers.dump(answers.Alive, {"status": "alive"}))


@blueprint.get("/readyz")
def readyz() -> Response:
    context = web_context()
    reasons = context.readiness.current()
    response = jsonify(answers.dump(answers.Ready, {"ready": not reasons, "reasons": reasons}))
    response.status_code = 503 if reasons else 200
    if instance := context.service.database.instance:
        response.headers[INSTANCE] = instance
    return response
