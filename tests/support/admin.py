"""Somebody at the pages of the admin, without a browser: signs in, follows links, fills in forms
as they stand there."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import html5lib
import pytest
import sqlalchemy as sa
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from bridge.backends.hosted_email.wire import SERVICES
from bridge.domain.model import Address
from bridge.sim import Simulator
from bridge.store.base import tables
from bridge.web.admin import sign_in_code
from tests.support.bench import Clock
from tests.support.bridge import PASSWORD, add_domain, furnish
from tests.support.scene import Scene

ORIGIN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
WHO = "jane (link)"
FULL = {
    "safety__max_terminations_per_hour": 1,
    "admin__password_hash": generate_password_hash(PASSWORD, "pbkdf2:sha256:1"),
    "account__place_price": 10,
}
LIFTED = "sue@example.com"  # billing had it suspended, and at Enom it works


class Page:
    """One answer, read as strictly as the standard has it."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer, self.status, self.text = answer, answer.status_code, answer.text
        whole = self.text.replace(
            "<wbr>", ""
        )  # where a long name may be broken: nothing that is read
        self.tree: Any = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(whole)

    def all(self, tag: str, **attributes: str) -> list[Any]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.tree.iter(tag)
            if all(each.get(name) == value for name, value in wanted.items())
        ]

    def links(self) -> set[str]:
        return {each.get("href") for each in self.all("a")}

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.tree.itertext()).split())

    @property
    def heading(self) -> str:
        (found,) = self.all("h1")
        return " ".join(" ".join(found.itertext()).split())

    def form(self, action: str) -> dict[str, str]:
        """What a browser would send of it, if nothing were filled in."""
        (found,) = [
            each
            for each in self.all("form")
            if each.get("action") == action and each.get("method") == "post"
        ]
        return {each.get("name"): each.get("value", "") for each in found.iter("input")}


class Visitor:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.leave()

    def leave(self) -> None:
        """Comes back with another browser."""
        self.client = self.scene.app.test_client()

    def get(self, path: str, status: int = 200, **headers: str) -> Page:
        answer = self.client.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return Page(answer)

    def raw(self, path: str, **headers: str) -> TestResponse:
        answer = self.client.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer.get_data()
        answer.close()  # of a file
        return answer

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> TestResponse:
        given = ORIGIN | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            path, data=data or {}, headers={name: value for name, value in given.items() if value}
        )

    def code(self, acts: bool = True, minutes: float = 15, who: str = WHO) -> str:
        return sign_in_code.make(
            self.scene.service.sealer, who, acts, self.scene.clock.now + 60 * minutes
        )

    def sign_in(self, acts: bool = True, **filled: str) -> TestResponse:
        """By a fresh code, or by what is filled in."""
        return self.post(
            "/admin/sign-in", self.first_form() | (filled or {"code": self.code(acts)})
        )

    def first_form(self) -> dict[str, str]:
        page = self.get("/admin/sign-in")
        return {
            each.get("name"): each.get("value", "") for each in page.all("form")[0].iter("input")
        }

    def press_out(self) -> Page:
        answer = self.post("/admin/sign-out", self.get("/admin/").form("/admin/sign-out"))
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])

    def press(self, path: str, **filled: str) -> Page:
        """Opens the page that asks, presses its button, and follows to where it leads."""
        answer = self.post(path, self.get(path).form(path.partition("?")[0]) | filled)
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])


@pytest.fixture(scope="module")
def shown(
    new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """A bridge with every state, for tests that only look; `ids` as `fill` gives them."""
    clock = Clock()
    with Simulator(seed=7, clock=clock) as sim:
        furnish(sim)
        scene = Scene(tmp_path_factory.mktemp("shown"), sim, clock, new_database("sqlite"), **FULL)
        scene.ids = fill(scene)  # type: ignore[attr-defined]
        yield scene
        scene.close()


def fill(scene: Scene) -> dict[str, str]:
    """Every state that a thing can be in; the ids of what is needed by name."""
    limits = scene.service.settings.safety
    assert limits.max_terminations_per_hour == 1, "so that the second deletion is held"
    john, amy = "john.doe@example.com", "amy@example.com"
    ids = {"succeeded": scene.do("create", password=PASSWORD, plan="basic", id="msg_create")["job"]}
    ids["delivered"] = f"cb_{ids['succeeded']}_1"
    scene.call_back()
    scene.do("create", address=amy, service_id="8", password=PASSWORD)
    scene.do("create", address="bob@example.com", service_id="9", password=PASSWORD)
    scene.do("suspend", address=amy, service_id="8", reason="Overdue on payment")
    scene.do("create", address=LIFTED, service_id="10", password=PASSWORD)
    scene.do("suspend", address=LIFTED, service_id="10")
    scene.call_back()
    scene.receiver.answers = [(500, {})] * 10
    ids["failed"] = scene.do("create", address=john, service_id="70", password=PASSWORD)["job"]
    scene.call_back(14 * 86400)
    ids["exhausted"] = f"cb_{ids['failed']}_1"
    scene.do("terminate", address="bob@example.com", service_id="9")
    ids["held"] = scene.do("terminate", address=amy, service_id="8", id="msg_held")["job"]
    assert (
        scene.send(
            "mailbox.create", id="msg_parked", address="new@example.com", password="a b"
        ).status_code
        == 422
    )
    ids["cancelled"] = scene.hook("suspend", service_id="7")["job"]
    scene.service.operator.by("root (command line)").cancel(ids["cancelled"])
    ids["queued"] = scene.hook("suspend", service_id="7", id="msg_queued")["job"]
    scene.service.operator.by("root (command line)").adopt(
        "main", Address.parse("old@example.com"), "shop", "33"
    )
    scene.sim.control(
        "/services", {"address": LIFTED, "services": dict.fromkeys(SERVICES.values(), "enabled")}
    )
    scene.sim.control(
        "/mailboxes", {"address": "odd@example.com", "password": PASSWORD, "settled": True}
    )
    scene.service.reconcile.account("main", "root (command line)")
    scene.engine.beat()
    return ids


LONG = "orders.receivable-and-payable@a-subdomain-with-a-long-name.example.com"
# as long as ids of services and customers may be
LONG_ID = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF"


def trouble(scene: Scene) -> dict[str, str]:
    """What goes wrong on top of `fill`, by names as long as they may be; the ids of what is needed
    by name.

    A customer in the domain of another, a receiver that does not answer, an account that was restored and paused, a source
    whose suspensions are stopped, a hook that was dismissed, a job that was rejected.
    """
    add_domain(scene.sim, LONG.partition("@")[2])
    ids = {
        "long": scene.do(
            "create", address=LONG, service_id=LONG_ID, password=PASSWORD, customer_id=LONG_ID
        )["job"]
    }
    scene.do(
        "create", address="zoe@example.com", service_id="20", password=PASSWORD, customer_id="c-1"
    )
    other = {"password": PASSWORD, "customer_id": "c-2"}
    ids["another"] = scene.do(
        "create", address="yan@example.com", service_id="21", id=f"msg_{LONG_ID}", **other
    )["job"]
    rejected = scene.do("create", address="max@example.com", service_id="22", **other)["job"]
    operator = scene.service.operator.by("root (command line)")
    operator.reject(rejected, "He has no mailbox in this domain")
    ids["rejected"] = rejected
    scene.send("mailbox.create", id="msg_dismissed", address="new@example.com", password="a b")
    operator.dismiss("msg_dismissed", "shop", "A test of ours")
    scene.receiver.answers = [None] * 30
    scene.call_back(120)
    operator.pause_account(
        "main",
        f"Enom says that it moves to another data centre: https://status.example.net/{LONG_ID}",
    )
    with scene.service.database.write() as tx:
        tx.execute(sa.update(tables.accounts).values(restored_at=scene.clock.now))
        why = "312 suspensions within an hour, of 400 mailboxes (safety.max_suspended_share = 0.5)"
        tx.execute(sa.update(tables.sources).values(suspensions_paused=why))
    ids["waiting"] = scene.hook("unsuspend", address=LONG, service_id=LONG_ID)["job"]
    with scene.service.database.read() as tx:
        pending = sa.select(tables.callbacks.c.id).where(tables.callbacks.c.status == "pending")
        ids["pending"] = str(tx.scalar(pending.order_by(tables.callbacks.c.id.desc())))
    return ids


def query(path: str, **given: str) -> str:
    return f"{path}?{urlencode(given)}"
