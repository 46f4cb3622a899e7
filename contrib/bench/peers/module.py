"""A provisioning module as they are written for WHMCS, in Python: Enom is called inside the
request. Standard library alone.

One thread for each request, as PHP has one process for each.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ENOM, CALLBACK, PORT = os.environ["ENOM"], os.environ["CALLBACK"], int(os.environ["PORT"])
ACCOUNT = {"uid": os.environ["ENOM_UID"], "pw": os.environ["ENOM_TOKEN"], "responsetype": "xml"}
COMMANDS = {"mailbox.create": "SetUpPOP3User", "mailbox.change_password": "ModifyPOP3"}


def signature(id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(
        os.environ["KEY"].encode(), f"{id}.{timestamp}.".encode() + body, hashlib.sha256
    )
    return f"v1,{base64.b64encode(digest).decode()}"


def enom(command: str, domain: str, **parameters: str) -> ET.Element:
    sld, _, tld = domain.partition(".")
    form = urlencode(ACCOUNT | {"command": command, "sld": sld, "tld": tld, **parameters})
    with urlopen(ENOM, form.encode(), timeout=30) as answer:
        return ET.fromstring(answer.read())


def provision(type: str, data: dict[str, str]) -> bool:
    """Whether Enom said yes and shows it."""
    local, _, domain = data["address"].partition("@")
    wanted = {
        "UserName1": local,
        "Password1": data["password"],
        "EmailCount": "1",
        "BundleID": str(data["bundle"]),
    }
    if enom(COMMANDS[type], domain, **wanted).findtext("ErrCount") != "0":
        return False
    boxes = {
        pop.findtext("username"): pop.findtext("password")
        for pop in enom("GetPOP3", domain).iter("pop")
    }
    return boxes.get(local) == data["password"]


def call_back(hook: str, good: bool) -> None:
    now = str(int(time.time()))
    body = json.dumps(
        {"type": "job.succeeded" if good else "job.failed", "data": {"hook": hook}}
    ).encode()
    headers = {
        "webhook-id": f"cb_{hook}",
        "webhook-timestamp": now,
        "webhook-signature": signature(f"cb_{hook}", now, body),
    }
    with urlopen(Request(CALLBACK, body, headers), timeout=30):
        pass


class Module(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        id, sent_at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "0")
        good = hmac.compare_digest(
            self.headers.get("webhook-signature", ""), signature(id, sent_at, body)
        )
        if not good or abs(time.time() - int(sent_at)) > 300:
            return self.answer(401)
        hook = json.loads(body)
        call_back(id, provision(hook["type"], hook["data"]))
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", PORT), Module).serve_forever()
