"""`/healthz`: the process lives. `/readyz`: it can do its work, or says why not."""

from flask import Flask, Response, jsonify

from bridge import store
from bridge.errors import StoreUnavailable
from bridge.wiring import Service


def add_to(app: Flask, service: Service) -> None:
    def healthz() -> Response:
        return jsonify({"status": "alive"})

    def readyz() -> Response:
        reasons = not_ready(service)
        response = jsonify({"ready": not reasons, "reasons": reasons})
        response.status_code = 503 if reasons else 200
        return response

    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def not_ready(service: Service) -> list[str]:
    try:
        present, needed = store.check(service.database)
        if present != needed:
            return [f"The schema is {present or 'missing'}, this version needs {needed}: run `enom-bridge db upgrade`."]
        if not service.standing.worker_alive():
            return ["No worker has shown itself for 90 seconds: start `enom-bridge serve` or `enom-bridge worker`."]
    except StoreUnavailable:
        return ["The database cannot be used."]
    return []
