"""A day in a few lines for whoever runs the bridge. Pure: what is counted comes from the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.domain.model import to_rfc3339
from bridge.reporting.lists import first

MOST = 10  # lines of one kind
LATE = 3600.0  # seconds; a job that is open for longer is worth a word


@dataclass(frozen=True)
class Day:
    """The last 24 hours, and what stands at their end. Times in epoch seconds, ages in seconds."""

    now: float
    ended: Mapping[str, int] = field(default_factory=dict)  # status -> jobs
    failed: Mapping[str, int] = field(default_factory=dict)  # code -> jobs
    held: Mapping[str, int] = field(
        default_factory=dict
    )  # account -> jobs that wait for a person, since whenever
    open: int = 0
    oldest: float = 0.0
    exhausted: Mapping[str, int] = field(default_factory=dict)  # source -> callbacks
    paused: Mapping[str, str] = field(default_factory=dict)  # account -> why
    stopped: Mapping[str, str] = field(default_factory=dict)  # source -> why
    differences: Sequence[
        tuple[str, str, int, str, str]
    ] = ()  # account, kind, how many, one of them, its remedy
    compared: Mapping[str, float] = field(
        default_factory=dict
    )  # account -> when it was last compared with Enom
    paks: Sequence[tuple[str, str, float, int]] = ()  # domain, pak, when it ends, mailboxes in it

    @property
    def worth_telling(self) -> bool:
        late = self.open and self.oldest > LATE
        operator = self.failed or self.held or self.exhausted or self.paused or self.stopped
        return bool(operator or late or self.differences or self.paks)


def subject(day: Day) -> str:
    if not day.worth_telling:
        return "Nothing needs attention"
    counts = {
        "failed": sum(day.failed.values()),
        "held": sum(day.held.values()),
        "callbacks not delivered": sum(day.exhausted.values()),
        "accounts paused": len(day.paused),
        "sources paused": len(day.stopped),
        "differences": sum(count for _, _, count, _, _ in day.differences),
        "paks expire soon": len(day.paks),
    }
    named = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"Daily summary: {named or 'jobs are late'}"


def text(day: Day) -> str:
    """Beginning with the subject, on a line of its own."""
    done = ", ".join(
        f"{day.ended.get(status, 0)} {status}"
        for status in ("succeeded", "failed", "held", "cancelled")
    )
    lines = [
        subject(day),
        "",
        f"Jobs that ended in the last 24 hours: {done}. Still open: {day.open}.",
    ]
    if day.open and day.oldest > LATE:
        lines += [
            (
                f"The oldest has been waiting for {day.oldest / 3600:.0f} hours: enom-bridge jobs "
                "list --status queued"
            )
        ]
    if day.failed:
        lines += [
            "",
            (
                "Failed, by code (docs/errors.md says what to do): "
                "enom-bridge jobs list --status failed"
            ),
        ]
        lines += [
            f"  {count} {code}"
            for code, count in sorted(day.failed.items(), key=lambda item: -item[1])
        ]
    if day.held:
        lines += ["", "Held, waiting for your decision: enom-bridge jobs list --status held"]
        lines += [f"  {count} of account {account}" for account, count in sorted(day.held.items())]
    if day.exhausted:
        lines += ["", "Callbacks not delivered: enom-bridge callbacks list --status exhausted"]
        lines += [f"  {count} to {source}" for source, count in sorted(day.exhausted.items())]
    if day.paused:
        lines += ["", "Paused accounts: enom-bridge doctor"]
        lines += [f"  {account}: {why}" for account, why in sorted(day.paused.items())]
    if day.stopped:
        lines += ["", "Paused sources: enom-bridge doctor"]
        lines += [f"  {source}: {why}" for source, why in sorted(day.stopped.items())]
    if day.differences:
        lines += ["", "Differences between the bridge and the mail provider:"]
        for account, kind, count, example, remedy in day.differences[:MOST]:
            lines += [f"  {account}: {count} {kind}. For example {example} {remedy}".rstrip()]
    if day.compared:
        lines += [""] + [
            f"Account {name} was last compared with the mail provider on {to_rfc3339(at)}."
            for name, at in day.compared.items()
        ]
    if day.paks:
        lines += ["", "Paks that expire within 30 days:"]
        paks = [
            f"{domain}, pak {pak}: {to_rfc3339(ends)[:10]}, {used} mailboxes"
            for domain, pak, ends, used in day.paks
        ]
        lines += [f"  {text}" for text in first(paks, MOST, "… and {} more.")]
    return "\n".join(lines)
