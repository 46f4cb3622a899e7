"""Is it working? One sentence, and for each thing that is wrong what to do about it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.reporting.next_steps import BUTTONS, about_account
from bridge.reporting.notes import paused_why
from bridge.store.admin.overview import Figures
from bridge.store.queue.account_state import ALIVE
from bridge.web.admin.formatting import count, span

OLD = 3600.0  # seconds that a job may wait before somebody should look
SILENT = 5  # times in a row that a receiver did not answer, which takes minutes
MANY = 20  # commands in an hour, from which on a share of them says something


@dataclass(frozen=True)
class Issue:
    """`level` is `bad` (something stands still) or `warn` (a person is needed); `link` leads to
    what it is about.
    """

    level: str
    text: str
    remedy: str
    link: str | None = None


def issues(figures: Figures, configured: Mapping[str, object]) -> list[Issue]:
    """What is wrong, worst first. `configured`: the accounts of the configuration."""
    every = [
        *_workers(figures),
        *_accounts(figures, configured),
        *_sources(figures),
        *_people(figures),
        *_enom(figures),
    ]
    return sorted(every, key=lambda each: each.level != "bad")


def summary(found: list[Issue], figures: Figures) -> tuple[str, str]:
    """The level (`good`, `warn` or `bad`) and the one sentence."""
    if not found:
        state = "no open jobs" if not figures.waiting else f"{count(figures.waiting, 'open job')}"
        return "good", f"Running: {state}, nothing needs attention."
    if found[0].level == "bad":
        return "bad", f"Not running normally: {found[0].text}"
    more = f" And {len(found) - 1} more below." if len(found) > 1 else ""
    return "warn", f"Running, needs attention: {found[0].text}{more}"


def _workers(figures: Figures) -> Iterator[Issue]:
    seen = figures.worker_seen
    if seen is None or seen <= figures.now - ALIVE:
        since = (
            f"No worker has responded for {span(figures.now - seen)}"
            if seen
            else "No worker has started yet"
        )
        text = f"{since}, so jobs wait."
        yield Issue("bad", text, "Start it: enom-bridge serve, or enom-bridge worker beside web.")


def _accounts(figures: Figures, configured: Mapping[str, object]) -> Iterator[Issue]:
    for row in figures.accounts:
        if row["paused"] and row["name"] in configured:
            details = "; ".join(
                pause["detail"].rstrip(".") for pause in row["pauses"] if pause["detail"]
            )
            why = paused_why(details)
            text = f"Account {row['name']} is paused{why}; {row['open']} of its jobs wait."
            yield Issue(
                "bad", text, about_account(row["paused"], row["name"], BUTTONS), "#accounts"
            )
        elif row["money_until"] and row["money_until"] > figures.now and row["name"] in configured:
            text = f"Purchases of account {row['name']} are paused."
            yield Issue(
                "warn", text, about_account("insufficient_funds", row["name"], BUTTONS), "#accounts"
            )


def _sources(figures: Figures) -> Iterator[Issue]:
    for row in figures.sources:
        if row["paused"]:
            why = paused_why(row["detail"])
            text = f"Source {row['name']} is paused{why}: its hooks are answered 503."
            yield Issue("warn", text, "To accept them again, resume the source below.", "#sources")
        if row["suspensions_paused"]:
            text = (
                f"Source {row['name']} sent {row['suspensions_paused']}; its further suspensions "
                "are refused."
            )
            remedy = (
                "If they are right, accept them below. If not, "
                "pause the account and fix billing first."
            )
            yield Issue("bad", text, remedy, "#sources")
        if row["receiver_tries"] >= SILENT:
            text = (
                f"The receiver of {row['name']} has not answered {row['receiver_tries']} times in "
                "a row; its callbacks wait."
            )
            yield Issue(
                "warn",
                text,
                "Fix it, or its URL. The callbacks are then sent by themselves.",
                "/admin/callbacks?status=pending",
            )


def _people(figures: Figures) -> Iterator[Issue]:
    held, exhausted, parked = (figures.todo[name][0] for name in ("held", "exhausted", "parked"))
    if held:
        remedy = "Open each: its page says why and what you can do."
        text = f"{count(held, 'held job')} {wait(held)} for your decision."
        yield Issue("warn", text, remedy, "#todo")
    if exhausted:
        text = (
            f"{count(exhausted, 'callback')} could not be delivered, "
            "so billing does not know the result."
        )
        yield Issue(
            "warn",
            text,
            "When billing is reachable, resend them.",
            "/admin/callbacks?status=exhausted",
        )
    if parked:
        text = f"{count(parked, 'hook')} could not be read."
        yield Issue(
            "warn",
            text,
            "Open it to see why; its content is kept for 72 hours."
            if parked == 1
            else "Open each to see why; their contents are kept for 72 hours.",
            "/admin/hooks?status=parked",
        )
    if figures.differences:
        text = (
            f"{count(figures.differences, 'difference')} between the bridge's record and the mail "
            "provider."
        )
        yield Issue("warn", text, "The page says what to do about each.", "/admin/drift")
    stuck = figures.stuck
    if stuck and figures.now - stuck["created_at"] > OLD:
        text = f"A job has waited for {span(figures.now - stuck['created_at'])}."
        yield Issue("warn", text, "Its page says why.", f"/admin/jobs/{stuck['id']}")


def _enom(figures: Figures) -> Iterator[Issue]:
    commands, without = sum(figures.hours.commands[-2:]), sum(figures.hours.without_yes[-2:])
    if commands >= MANY and without * 2 > commands:
        text = (
            f"The mail provider refused or did not answer {without} of the last {commands} "
            "commands."
        )
        yield Issue(
            "warn",
            text,
            "Check the failed jobs and the mail provider's status page.",
            "/admin/jobs?status=failed",
        )


def wait(count: int) -> str:
    return "waits" if count == 1 else "wait"
