"""The daily summary: counted, and written down as a note that is sent like every other. One a day,
of all workers.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.model import ENDS_SOON
from bridge.reporting import daily
from bridge.reporting import notes as sentences
from bridge.store.admin import metrics
from bridge.store.base.conditions import among
from bridge.store.base.database import Database
from bridge.store.base.tables import (
    accounts,
    callbacks,
    differences,
    jobs,
    paks,
    reconciliations,
    sources,
)
from bridge.store.queue import notes
from bridge.store.queue.account_state import STANDS_STILL, pauses, write_down
from bridge.store.queue.money import DAY

LAST_DAY, LAST_TOLD = "summary_day", "summary_told"
WEEK = 7  # days without anything to say, after which it says that all is well


class Summaries:
    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, minute: int) -> None:
        """Writes the summary that is due at that minute of the day (UTC), unless somebody has. The
        first is the next one.
        """
        with self.database.write() as tx:
            now = self.database.now(tx)
            today = int(now // DAY)
            due = today if now % DAY >= minute * 60 else today - 1
            last = notes.numbers(tx, self.database, {LAST_DAY: due, LAST_TOLD: due})
            if last[LAST_DAY] >= due:
                return
            write_down(tx, LAST_DAY, due)
            day = of_day(tx, now)
            if day.worth_telling or due - last[LAST_TOLD] >= WEEK:
                write_down(tx, LAST_TOLD, due)
                notes.add(
                    tx, f"{notes.SUMMARY}{today * int(DAY)}", daily.text(day), now, cleared=True
                )


def of_day(tx: Connection, now: float) -> daily.Day:
    recent = jobs.c.finished_at > now - DAY
    ended = sa.select(jobs.c.status, sa.func.count()).where(recent).group_by(jobs.c.status)
    errors = tx.scalars(sa.select(jobs.c.error).where(recent, jobs.c.status == "failed"))
    unfinished = sa.select(sa.func.count(), metrics.SINCE)
    count, oldest = tx.execute(unfinished.where(among(jobs.c.status, "queued", "running"))).one()
    given_up = callbacks.c.status == "exhausted", callbacks.c.ended_at > now - DAY
    exhausted = (
        sa.select(callbacks.c.source, sa.func.count()).where(*given_up).group_by(callbacks.c.source)
    )
    paused = tx.execute(sa.select(accounts).where(STANDS_STILL)).mappings().all()
    stopped = sa.select(sources).where(
        sa.or_(sources.c.paused, sources.c.suspensions_paused.is_not(None))
    )
    newest = sa.select(reconciliations.c.account, sa.func.max(reconciliations.c.ended_at)).group_by(
        reconciliations.c.account
    )
    ending = sa.select(paks.c.domain, paks.c.bundle, paks.c.expires, paks.c.used).where(
        paks.c.expires < now + ENDS_SOON
    )
    return daily.Day(
        now=now,
        ended={status: number for status, number in tx.execute(ended)},
        failed=counted([(error or {}).get("code", "refused") for error in errors]),
        held={name: number for name, number in metrics.held(tx).items() if number},
        open=count,
        oldest=0.0 if oldest is None else now - oldest,
        exhausted={source: number for source, number in tx.execute(exhausted)},
        paused={
            row["name"]: "; ".join(f"{each.code}: {each.detail}" for each in pauses(row))
            for row in paused
        },
        stopped={
            row["name"]: sentences.source_stopped(row) for row in tx.execute(stopped).mappings()
        },
        differences=of_kinds(tx),
        compared={name: ended_at for name, ended_at in tx.execute(newest)},
        paks=[
            (row[0], row[1], row[2], row[3])
            for row in tx.execute(ending.order_by(paks.c.expires, paks.c.domain))
        ],
    )


def of_kinds(tx: Connection) -> list[tuple[str, str, int, str, str]]:
    grouped = sa.select(
        differences.c.account, differences.c.kind, sa.func.count(), sa.func.max(differences.c.id)
    )
    grouped = grouped.group_by(differences.c.account, differences.c.kind)
    found = []
    for account, kind, count, newest in tx.execute(grouped.order_by(sa.func.count().desc())).all():
        row = tx.execute(sa.select(differences).where(differences.c.id == newest)).mappings().one()
        found.append(
            (
                account,
                kind,
                count,
                f"{row['address'] or row['domain']}: {row['detail']}",
                row["remedy"],
            )
        )
    return found


def counted(words: list[str]) -> Mapping[str, int]:
    return {word: words.count(word) for word in set(words)}
