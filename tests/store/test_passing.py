"""A terminate that passes what waits before it, whatever else is open in the same database."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.backends.enom.products import Paks
from bridge.domain.model import ChangeKind
from bridge.store.queue import next_job
from tests.store.conftest import Shop

PLACES = Paks().exclusive_actions

PASSWORD = "Planted-Secret.7"
ELSE = "else@example.net"


@pytest.fixture(params=["shop", "till"])
def crowded(request: pytest.FixtureRequest, shop: Shop) -> Shop:
    """Another mailbox has two open jobs, the second of them with a number below the terminate's;
    nothing of it is ours."""
    source = request.param
    shop.hook("create", ELSE, service="8", source=source, account="other", password=PASSWORD)
    shop.answer(job := shop.claimed(), shop.intend(job, ChangeKind.CREATE))
    shop.hook("renew", ELSE, service="8", source=source, account="other")
    return shop


def test_a_terminate_passes_though_another_mailbox_has_open_jobs(crowded: Shop) -> None:
    waits = [
        crowded.hook("create", password=PASSWORD),
        crowded.hook("change_password", password=PASSWORD),
    ]
    terminate = crowded.hook("terminate")
    job = crowded.claimed()
    assert job.id == terminate.job, "a create before it would buy what nobody wants any more"
    crowded.finish(job)
    assert [crowded.status(each) for each in waits] == ["cancelled", "cancelled"]


def test_one_of_another_service_between_them_keeps_its_turn(crowded: Shop) -> None:
    first = crowded.hook("suspend")
    crowded.hook("suspend", service="9")
    crowded.hook("terminate")
    assert crowded.claimed().id == first.job


@pytest.mark.parametrize(
    "statement", [next_job.due_flows(PLACES), next_job.next_job(PLACES, "mailbox.create", False)]
)
def test_no_part_of_a_claim_reads_the_table_of_jobs_anew(statement: sa.Select[Any]) -> None:
    """A nested condition that is tied to nothing outside of it reads what is open of everybody."""
    text = re.sub(r"\s+", " ", str(statement))
    assert re.findall(r"FROM jobs AS \"?\w+\"?, ", text) == []
    assert len(re.findall(r"FROM jobs WHERE", text)) == 1
