"""Purchases and deletions: what may be spent or destroyed, decided in the transaction that commits
the intent.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import Limit, NeedsPerson, NoFunds
from bridge.domain.jobs import Recheck, WaitingFor
from bridge.domain.model import Change, Step
from bridge.domain.plan import settles_at
from bridge.domain.ports import Limits
from bridge.reporting import notes as sentences
from bridge.reporting.refusals import refusal
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.rows import Row
from bridge.store.base.tables import accounts, jobs, purchases, steps
from bridge.store.queue import notes

IN_DOUBT = ("intent", "unknown", "doubted")
NOT_SPENT = ("unsent", "refused", "undone")
UNSEEN_PAUSE = 10.0  # seconds, while the job that bought has not yet seen what it bought
DAY, HOUR = 86400.0, 3600.0
PAUSES = {"quiet_until": "purchases_quiet", "money_until": "purchases_without_money"}
"""Until when an account buys nothing, and why. Time alone ends the first."""


def update_purchases(became: str, open_outcomes: Sequence[str]) -> sa.Update:
    mine = (
        purchases.c.job_id == sa.bindparam("ended_job"),
        among(purchases.c.outcome, *open_outcomes),
    )
    return sa.update(purchases).where(*mine).values(outcome=became)


UPDATE_PURCHASES = {  # made once, because every job ends with it
    "succeeded": update_purchases("done", (*IN_DOUBT, "accepted")),
    "failed": update_purchases("undone", IN_DOUBT),
    "held": update_purchases("unknown", ("accepted",)),
}


COUNT_DELETIONS = sa.select(sa.func.count(sa.distinct(steps.c.job_id))).where(
    among(steps.c.kind, "delete"),
    steps.c.started_at > sa.bindparam("after"),
    steps.c.started_at <= sa.bindparam("until"),
    ~among(steps.c.outcome, *map(str, NOT_SPENT)),
    steps.c.job_id != sa.bindparam("but_job"),
)
# Members of services that were admitted, and of which nothing was deleted yet: their places are
# taken, so that no service is left half done.
COUNT_RESERVED = sa.select(sa.func.count()).where(
    among(jobs.c.status, "queued", "running"),
    jobs.c.service_job.is_not(None),
    jobs.c.action == "mailbox.terminate",
    jobs.c.id != sa.bindparam("but_job"),
    ~sa.exists().where(steps.c.job_id == jobs.c.id, among(steps.c.kind, "delete")),
)
UPDATE_SEEN_PURCHASE = (
    sa.update(purchases)
    .where(
        purchases.c.account == sa.bindparam("its_account"),
        purchases.c.domain == sa.bindparam("its_domain"),
        purchases.c.job_id == sa.bindparam("its_job"),
        purchases.c.outcome == "accepted",
    )
    .values(outcome="done")
)


def of_today(moment: sa.ColumnElement[float], now: float) -> sa.ColumnElement[bool]:
    """Whether it lies in this UTC day. What a clock that was ahead noted uses up no day but its
    own."""
    begin = now - now % DAY
    return (moment >= begin) & (moment < begin + DAY)


def allow_purchase(
    tx: Connection,
    database: Database,
    job: Row,
    now: float,
    settle: float,
    look: float,
    limits: Limits,
    lifted: frozenset[Limit],
) -> None:
    """Returns when this job may spend money now, after a look that took so many seconds at most.

    Raises NoFunds, Recheck or NeedsPerson.
    """
    # All rows, so that the limit over all accounts holds for two purchases at once.
    account_state = (
        tx.execute(database.lock_row(sa.select(accounts).order_by(accounts.c.name)))
        .mappings()
        .all()
    )
    for column, code in PAUSES.items():
        until = next((row[column] for row in account_state if row["name"] == job["account"]), None)
        if until is not None and until > now:
            raise NoFunds(refusal(code), retry_after=until - now)
    others = sa.select(purchases, jobs.c.finished_at).join(
        jobs, jobs.c.id == purchases.c.job_id, isouter=True
    )
    others = others.where(
        purchases.c.account == job["account"],
        purchases.c.domain == job["domain"],
        purchases.c.job_id != job["id"],
    )
    for other in tx.execute(others).mappings():
        # Another job's purchase for this domain may have gone through. Its job finds out, or a
        # person does; until then a second one could be paid for nothing.
        if other["outcome"] in IN_DOUBT:
            doubt = NeedsPerson(refusal("purchase_in_doubt", job=other["job_id"]), code="unclear")
            raise Recheck(now + 60, WaitingFor.SETTLE, doubt)
        shown_at = settles_at(other["settles_at"] or 0.0, other["ended_at"], settle) + look
        if other["outcome"] == "accepted" and other["finished_at"] is None:
            raise Recheck(max(shown_at, now + UNSEEN_PAUSE), WaitingFor.SETTLE)
        if other["outcome"] in ("accepted", "done", "judged") and shown_at > now:
            # What was just bought may not be visible yet: buying again now could be buying twice.
            # And what a person looked up may have come late, after all reads before, and be what
            # that person saw.
            raise Recheck(shown_at, WaitingFor.SETTLE)
    today = sa.select(sa.func.count()).where(
        of_today(purchases.c.started_at, now), purchases.c.outcome.not_in(NOT_SPENT)
    )
    held_back = limits.purchases_per_day and Limit.PURCHASES not in lifted
    if held_back and (tx.scalar(today) or 0) >= limits.purchases_per_day:
        text = refusal("purchases_of_day", limit=limits.purchases_per_day, job=job["id"])
        raise NeedsPerson(text, limit=Limit.PURCHASES)


def allow_deletion(
    tx: Connection,
    database: Database,
    job: Row,
    now: float,
    limits: Limits,
    lifted: frozenset[Limit],
) -> None:
    if not limits.terminations_per_hour or Limit.DELETIONS in lifted:
        return
    if job["service_job"] is not None and job["replaces"] is None:
        return  # counted with its whole service, when that was admitted
    # A service is counted under this lock, too.
    tx.execute(database.lock_row(sa.select(accounts.c.name).order_by(accounts.c.name))).all()
    # Where there is a grace, members only suspend, and what is deleted is at the end of it.
    if deletions(tx, now, job["id"], reserved=not job["purge"]) >= limits.terminations_per_hour:
        text = refusal("deletions_of_hour", limit=limits.terminations_per_hour, job=job["id"])
        raise NeedsPerson(text, limit=Limit.DELETIONS)


def deletions(tx: Connection, now: float, but: str = "", reserved: bool = True) -> int:
    """How many mailboxes were deleted within the hour, or (`reserved`) will be with their whole
    service; `but` by this job."""
    # No later ones: a clock that was ahead noted them.
    asked = {"after": now - HOUR, "until": now + HOUR, "but_job": but}
    done = tx.scalar(COUNT_DELETIONS, asked) or 0
    if not reserved:
        return done
    return done + (tx.scalar(COUNT_RESERVED, {"but_job": but}) or 0)


def add_purchase(tx: Connection, job: Row, step: Step, change: Change) -> None:
    """The mark before the call. Earlier ones of this job were proved undone, or there would be no
    new one.
    """
    # Not deleted: a purchase that was believed undone is the first thing that a person looks for
    # when the bill says otherwise.
    undone = sa.update(purchases).where(
        purchases.c.job_id == job["id"], purchases.c.outcome.in_(IN_DOUBT)
    )
    tx.execute(undone.values(outcome="undone"))
    values = {
        "account": job["account"],
        "domain": job["domain"],
        "job_id": job["id"],
        "step_id": step.id,
        "kind": str(change.kind),
        "arguments": dict(change.arguments),
        "outcome": "intent",
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "settles_at": step.settles_at,
    }
    tx.execute(sa.insert(purchases), values)


def purchase_delayed(tx: Connection, step: int, ended_at: float, settles_at: float) -> None:
    """Its command is sent later than its mark said."""
    change = sa.update(purchases).where(purchases.c.step_id == step)
    tx.execute(change.values(ended_at=ended_at, settles_at=settles_at))


def purchase_answered(
    tx: Connection, step: int, outcome: str, evidence: Any, now: float, settles_at: float
) -> None:
    values = {"outcome": outcome, "evidence": evidence, "ended_at": now, "settles_at": settles_at}
    change = sa.update(purchases).where(purchases.c.step_id == step).values(**values)
    row = tx.execute(change.returning(purchases.c.account)).first()
    # Enom took money, so there is some: what paused the purchases is over, whatever its time says.
    if row is not None and outcome == "accepted":
        resume_money(tx, row[0], now)


def see_purchase(tx: Connection, job: Row) -> None:
    """A job goes on because a read showed what it bought."""
    mine = {"its_account": job["account"], "its_domain": job["domain"], "its_job": job["id"]}
    tx.execute(UPDATE_SEEN_PURCHASE, mine)


def judge_purchases(tx: Connection, job: str, status: str) -> None:
    """What became of a job's purchases once it ended; a held job leaves in doubt what no read has
    shown.

    One that a worker ends as cancelled was never begun, or takes a mailbox away: it has none.
    """
    if status != "cancelled":
        tx.execute(UPDATE_PURCHASES[status], {"ended_job": job})


def pause_money(tx: Connection, account: str, until: float, detail: str, now: float) -> None:
    tx.execute(sa.update(accounts).where(accounts.c.name == account).values(money_until=until))
    notes.raise_once(tx, f"money:{account}", sentences.purchases_paused(account, detail), now)


def resume_money(tx: Connection, account: str, now: float) -> None:
    """There is money again, as a purchase showed or a person says."""
    tx.execute(sa.update(accounts).where(accounts.c.name == account).values(money_until=None))
    notes.clear(tx, f"money:{account}", sentences.purchases_go_on(account), now)
