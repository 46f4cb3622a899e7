"""Several people at once: of the same decision one is carried out, and the others hear that it was.

With real threads.
"""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.differences import Difference, DifferenceKind, Repair
from bridge.domain.errors import Limit, NeedsPerson, NotPossible
from bridge.domain.model import Address, Record, State
from bridge.store import OperatorActions
from bridge.store.base.tables import audit, callbacks, jobs, mailboxes
from tests.store.conftest import ADDRESS, Shop, verified
from tests.support.together import each_at_once

MANY = 4
ROUNDS = 5


def together(
    shop: Shop, act: Callable[[OperatorActions], Any], many: int = MANY
) -> tuple[list[Any], list[str]]:
    """What came of it in each of so many threads: the answers, and the refusals."""

    def one(person: OperatorActions) -> tuple[bool, Any]:
        try:
            return True, act(person)
        except NotPossible as refusal:
            return False, str(refusal)

    people = [shop.operator.by(f"person {number}") for number in range(many)]
    came = each_at_once(one, people)
    return [each for done, each in came if done], [each for done, each in came if not done]


def held(shop: Shop, address: str = ADDRESS, **more: Any) -> str:
    job = shop.hook("terminate", address, **more).job
    shop.finish(shop.claimed(), "held", NeedsPerson("Too many.", limit=Limit.DELETIONS))
    return job


def queued(shop: Shop, address: str = ADDRESS) -> str:
    return shop.hook("suspend", address).job


DECISIONS: dict[
    str, tuple[Callable[[Shop, str], str], Callable[[OperatorActions, str], Any], str]
] = {
    "approve": (held, lambda person, job: person.retry(job, approve=True), "was already approved"),
    "retry": (held, lambda person, job: person.retry(job), "was already retried"),
    "cancel": (queued, lambda person, job: person.cancel(job), "was already cancelled"),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_of_one_decision_one_is_carried_out(shop: Shop, decision: str) -> None:
    make, act, result = DECISIONS[decision]
    for number in range(ROUNDS):
        job = make(shop, f"box{number}@example.com")
        shop.delivered()
        before, calls = len(shop.rows(jobs)), len(shop.rows(callbacks))

        done, refused = together(shop, lambda person, job=job: act(person, job))  # type: ignore[misc]

        assert (len(done), len(refused)) == (1, MANY - 1)
        assert all(result in each for each in refused), refused
        assert len(shop.rows(jobs)) - before == (0 if decision == "cancel" else 1)
        assert len(shop.rows(callbacks)) - calls == (1 if decision == "cancel" else 0)
        assert [row["action"] for row in shop.rows(audit) if row["target"] == job] == [decision]
        while (left := shop.claim()) is not None:
            shop.finish(left)


def test_of_two_who_give_a_mailbox_away_one_is_told_that_the_other_was_faster(shop: Shop) -> None:
    """They saw that it is nobody's; each gives it to another service."""
    for number in range(ROUNDS):
        address = Address.parse(f"found{number}@example.com")
        service = iter(range(MANY)).__next__

        done, refused = together(
            shop,
            lambda person, address=address, service=service: person.adopt(  # type: ignore[misc]
                "main", address, "shop", str(service()), State.ACTIVE, seen=(None, None)
            ),
        )

        assert (len(done), len(refused)) == (1, MANY - 1)
        assert all("it now belongs to service" in each for each in refused)
        assert sum(row["address"] == str(address) for row in shop.rows(mailboxes)) == 1
        assert [row["action"] for row in shop.rows(audit) if row["target"] == str(address)] == [
            "adopt"
        ]


def test_of_two_who_send_a_callback_again_one_is_told_that_it_is_on_its_way(shop: Shop) -> None:
    for _ in range(ROUNDS):
        callback = f"cb_{shop.run('suspend').job}_1"
        shop.delivered()

        done, refused = together(shop, lambda person, callback=callback: person.resend(callback))  # type: ignore[misc]

        assert (len(done), len(refused)) == (1, MANY - 1)
        assert all("is already being sent" in each for each in refused)
        assert shop.delivered() != []


@pytest.mark.parametrize("kind", ["account", "source"])
def test_of_two_who_pause_the_reason_of_the_first_stays(shop: Shop, kind: str) -> None:
    for _ in range(ROUNDS):
        if kind == "account":
            done, refused = together(shop, lambda person: person.pause_account("main", person.who))
            result = {
                row["pause_reason"]
                for row in shop.account_state.account_states()
                if row["name"] == "main"
            }
        else:
            done, refused = together(
                shop, lambda person: person.pause_source("shop", True, person.who)
            )
        trail = [row["detail"] for row in shop.rows(audit) if row["action"] == "pause"]
        assert (sorted(done), refused, len(trail)) == ([False] * (MANY - 1) + [True], [], 1)
        assert kind == "source" or result == set(trail)
        shop.operator.resume_account("main")
        shop.operator.pause_source("shop", False)
        with shop.database.write() as tx:
            tx.execute(audit.delete())


def test_a_parked_hook_that_several_replay_while_it_is_sent_again_becomes_one_job(
    shop: Shop,
) -> None:
    for number in range(ROUNDS):
        id, address = f"msg_parked{number}", f"box{number}@example.com"
        shop.inbox.park(
            "shop",
            verified(id),
            "mailbox.suspend",
            f"suspend {address}",
            "sealed:body",
            {},
            lambda _: True,
        )

        done, refused = together(
            shop, lambda _, id=id, address=address: shop.hook("suspend", address, id=id)
        )  # type: ignore[misc]

        assert (len({receipt.job for receipt in done}), refused) == (1, [])
        assert sum(row["hook_id"] == id for row in shop.rows(jobs)) == 1


def test_one_repair_of_a_difference_is_done(shop: Shop) -> None:
    shop.run("create", password="Planted-Secret.7")
    owner = Record("shop", "7", State.UNKNOWN)
    shop.hook("suspend")
    shop.finish(shop.claimed(), record=owner)
    found = Difference(
        DifferenceKind.WRONG_STATE,
        "example.com",
        "Works.",
        "",
        ADDRESS,
        ("shop", "7"),
        Repair("mailbox.suspend"),
    )

    done, refused = together(shop, lambda person: person.repair("main", found))

    assert (len(done), len(refused)) == (1, MANY - 1)
    assert all("has changed since you looked" in each for each in refused)
