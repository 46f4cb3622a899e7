"""localstripe in a process of its own, with what Stripe's documentation says and it has not.

It sends no `customer.subscription.updated`, drops the metadata of an update, has no status of a
subscription that one could set, waits a second before each webhook, and keeps its store in a file that
all of them share. `python -m tests.support.localstripe PORT` starts it with all of that mended.
"""

import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import requests

KEY = "sk_test_madeup0123456789"
SECRET = "whsec_made_up_for_localstripe_1"


class LocalStripe:
    """Speaks to one as a shop does, by Stripe's API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "tests.support.localstripe", str(port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._session = requests.Session()
        self._session.trust_env = False
        end = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "localstripe did not start"
            assert time.monotonic() < end, "localstripe does not answer"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/v1/plans")["object"] == "list"
        except requests.ConnectionError:
            return False

    def call(self, method: str, path: str, **form: Any) -> dict[str, Any]:
        answer = self._session.request(
            method, self.url + path, data=form, auth=(KEY, ""), timeout=30
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json()) if answer.content else {}

    def send_webhooks_to(self, url: str) -> None:
        self.call("POST", "/_config/webhooks/bridge", url=url, secret=SECRET)

    def customer(self) -> str:
        card = {"card[number]": "4242424242424242", "card[exp_month]": 12}
        card |= {"card[exp_year]": 2040, "card[cvc]": "123"}
        token = self.call("POST", "/v1/tokens", **card)["id"]
        return str(self.call("POST", "/v1/customers", source=token)["id"])

    def plan(self) -> str:
        terms = {"amount": 300, "currency": "eur", "interval": "month", "id": "mailbox-basic"}
        return str(self.call("POST", "/v1/plans", **{"product[name]": "Mailbox"}, **terms)["id"])

    def subscribe(self, customer: str, price: str, **metadata: str) -> dict[str, Any]:
        named = {f"metadata[{name}]": value for name, value in metadata.items()}
        terms = {"customer": customer, "items[0][plan]": price}
        return self.call("POST", "/v1/subscriptions", **terms, **named)

    def subscription(self, id: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/subscriptions/{id}")

    def becomes(self, id: str, status: str) -> None:
        """What Stripe makes of time going by: a payment that failed, or came."""
        self.call("POST", f"/_config/subscriptions/{id}", status=status)

    def cancel(self, id: str) -> None:
        self.call("DELETE", f"/v1/subscriptions/{id}")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._session.close()


def main(port: int) -> None:
    import asyncio

    from aiohttp import web
    from localstripe import resources, server, webhooks

    resources.Store.dump_to_disk = lambda self: None
    kept = webhooks.asyncio
    webhooks.asyncio = SimpleNamespace(
        sleep=lambda seconds: asyncio.sleep(0.01), ensure_future=kept.ensure_future
    )
    subscription = resources.Subscription
    update = subscription._update

    def updated(self: Any, previous: dict[str, Any]) -> None:
        event = resources.Event("customer.subscription.updated", self)
        event.data["previous_attributes"] = previous
        resources.schedule_webhook(event)

    def with_metadata(self: Any, metadata: Any = None, **more: Any) -> None:
        update(self, **more)
        previous = {name: self.metadata.get(name) for name in metadata or {}}
        for name, value in (metadata or {}).items():
            if value == "":
                self.metadata.pop(name, None)
            else:
                self.metadata[name] = value
        updated(self, {**more, **({"metadata": previous} if previous else {})})

    async def set_status(request: Any) -> Any:
        found = subscription._api_retrieve(request.match_info["id"])
        before, found.status = found.status, (await request.post())["status"]
        updated(found, {"status": before})
        return web.json_response({})

    subscription._update = with_metadata
    server.app.router.add_post("/_config/subscriptions/{id}", set_status)
    web.run_app(server.app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
