"""A job in a few plain sentences, for a tired person: asked, seen, planned, done, proved, told,
waiting. Pure.

`story` is what the store tells of a job; its times are epoch seconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.domain.services import is_left_out
from bridge.reporting.changes import plan_in_words
from bridge.reporting.names import names_in_words, shown_names
from bridge.reporting.next_steps import advise
from bridge.reporting.times import clock, readable

Story = Mapping[str, Any]

ASKED: Mapping[str, str] = {
    "mailbox.create": "create {address}",
    "mailbox.ensure": "have {address} there and active",
    "mailbox.suspend": "suspend {address}",
    "mailbox.unsuspend": "unsuspend {address}",
    "mailbox.terminate": "delete {address}",
    "mailbox.change_password": "change the password of {address}",
    "mailbox.change_plan": "change {address} to plan {plan}",
    "mailbox.renew": "renew {address} until {until}",
    "service.suspend": "suspend all mailboxes",
    "service.unsuspend": "unsuspend all mailboxes",
    "service.terminate": "delete all mailboxes",
    "mailbox.set_aliases": "set the aliases of {address} to {names}",
    "mailbox.set_forwarding": "set the forwarding of {address}: {onward}",
    "mailbox.change_service": "take {address} over from service {from_service_id}",
}
MOST_MEMBERS = 20  # of a service, that are told one by one
OUTCOMES: Mapping[str, str] = {
    "accepted": "The mail provider accepted it",
    "refused": "The mail provider refused: {detail}",
    "doubted": "The mail provider refused it, but may have done it anyway: {detail}",
    "unknown": "the outcome is unknown: {detail}",
    "unsent": "it was not carried out: {detail}",
    "intent": "the worker stopped before it recorded an answer, so the outcome is unknown",
}
NAMED_OUTCOMES: Mapping[str, str] = {
    "refused": "{detail}",
    "doubted": "{detail}; it may have been done anyway",
}
PROOFS: Mapping[str, str] = {
    "verified": "confirmed by a read from the mail provider",
    "accepted": "accepted by the mail provider, no read can show it",
    "unsupported": "not supported",
}
CALLBACKS: Mapping[str, str] = {
    "unsent": "The callback has not been sent yet; the first attempt is due by {next}.",
    "pending": "Callback pending after {tries} attempt{s}{last}; the next one is at {next}.",
    "delivered": "Callback delivered at {ended}{last}.",
    "superseded": "Callback not sent: a newer callback replaced it.",
    "stopped": "Callback not delivered{last}; it is not retried.",
    "nowhere": "No callback was sent: this source has no callback URL.",
    "exhausted": "Callback not delivered after {tries} attempt{s}{last}; the bridge gave up.",
}
CALLBACK_WAITS: Mapping[str, str] = {
    "receiver": (
        "Callback pending: the receiver has not answered {silent} times in a row{last}. One "
        "callback "
        "tries it again at {asked}; as soon as it answers, all are sent."
    ),
    "turn": "Callback pending: an older job or callback of this mailbox goes first.",
}
UNREAD: Mapping[str | None, str] = {
    "": "The bridge could not read a reliable state of the mailbox yet.",
    "unavailable": "The mail provider has not answered yet, so nothing was sent.",
    "credentials": "The mail provider refuses the login, so nothing was sent.",
    "ip_not_allowed": (
        "The mail provider refuses the IP address of this machine, so nothing was sent."
    ),
}
"""Why nothing was read yet, by the error of the last attempt."""
WAITING: Mapping[str | None, str] = {
    None: "Waiting for {free}{later}.",
    "turn": "Waiting for {behind}{later}.",
    "retry": "Tried {tries} times; the next attempt is at {at}{why}.",
    "settle": "The mail provider may still return old data; the bridge checks again at {at}{why}.",
    "limit": "Waiting until {at}: as many mailboxes were created today (UTC) as "
    "safety.max_creations_per_day allows.",
    "account": "Waiting until account {account} works again{paused}.",
}


def tell(story: Story, worker_alive: bool, retry_hours: float) -> list[str]:
    """The sentences, each a line; the last is what to do next."""
    sentences = [line for lines in chapters(story, retry_hours).values() for line in lines]
    return [*sentences, f"Next: {advise(story, worker_alive)}"]


def chapters(story: Story, retry_hours: float) -> dict[str, list[str]]:
    """The sentences by what they are about, in the order of time; a chapter may be empty."""
    parts = {
        "asked": _asked,
        "seen": _seen,
        "planned": _planned,
        "sent": _commands,
        "proved": _proved,
    }
    sentences = {name: list(part(story)) for name, part in parts.items()}
    return sentences | {"ended": list(_ended(story, retry_hours)), "told": list(_callbacks(story))}


def _asked(story: Story) -> Iterator[str]:
    job = story["job"]
    words = ASKED[job["action"]].format_map(
        {
            "plan": "-",
            "until": "-",
            "from_service_id": "-",
            **names_in_words(job["intent"]),
            **job["intent"],
            "address": job["address"],
        }
    )
    who, when = (
        f"for service {job['service_id']}{_customer(job['intent'])}",
        clock(job["created_at"]),
    )
    reason = f" Reason: {job['intent']['reason']}." if job["intent"].get("reason") else ""
    if job["purge"]:
        yield (
            f"The grace period ended on {when}: the bridge started to {words} {who} of "
            f"{job['source']}."
        )
    elif job["hook_id"].startswith("repair_"):
        yield (
            f"On {when} an admin started a repair: {words} {who} "
            f"of {job['source']}, as billing last asked."
        )
    elif job["replaces"]:
        did = "approved" if job["passed"] else "retried"
        yield (f"On {when} an admin {did} job {job['replaces']}: {words} {who} of {job['source']}.")
    else:
        yield (
            f"On {when} billing ({job['source']}) asked to {words} {who}, in hook "
            f"{job['hook_id']}.{reason}"
        )
        if job.get("service_job"):
            yield (
                f"It is part of job {job['service_job']}, which is about every mailbox of the "
                "service."
            )
        if job["passed"]:
            yield "An admin approved it: safety.max_creations_per_day does not hold it up."
        if job["intent"].get("domain_confirmed"):
            yield "Billing confirmed that this customer may use the domain (domain_confirmed)."


def _customer(intent: Mapping[str, Any]) -> str:
    """The customer of the service, if billing sent one."""
    return f" (customer {intent['customer_id']})" if intent.get("customer_id") else ""


def _seen(story: Story) -> Iterator[str]:
    job, seen = story["job"], story["job"]["seen"]
    if seen is None:
        if job["status"] == "queued" and job["started_at"]:
            code = (job["error"] or {}).get("code")
            yield UNREAD.get("" if story["commands"] else code, UNREAD[""])
        return
    room = ""
    if seen.get("paks"):  # none where mailboxes cost by the month
        room = (
            f"; free mailbox slots in the paks of {job['domain']}: "
            f"{sum(pak['free'] for pak in seen['paks'])}"
        )
    if not seen["exists"]:
        yield f"Read from the mail provider: no such mailbox{room}."
        return
    pak = (
        f" in pak {seen['pak']['bundle']} (until {seen['pak']['expires'][:10]})"
        if seen.get("pak")
        else ""
    )
    services = seen.get("services") or {}
    off = sorted(name for name, state in services.items() if state == "suspended")
    state = (
        f", {'all services' if len(off) == len(services) else ', '.join(off)} suspended"
        if off
        else ""
    )
    yield f"Read from the mail provider: the mailbox exists{pak}{state}{shown_names(job, seen)}{room}."


def _planned(story: Story) -> Iterator[str]:
    if story["job"]["plan"] is not None:
        yield f"Plan: {plan_in_words(story['job']['plan'])}."
    members = [
        each
        for each in story.get("members") or ()
        if not is_left_out(story["job"]["action"], each["status"], each["code"])
    ]
    if members:
        yield f"Its mailboxes: {counted(members)}."
        left = [each for each in members if each["status"] != "succeeded"]
        yield from map(_member, left[:MOST_MEMBERS])
        if more := len(left) - MOST_MEMBERS:
            yield from [f"And {more} more."] * (more > 0)


def counted(members: Sequence[Mapping[str, Any]]) -> str:
    """How many of a service's mailboxes are in which state."""
    statuses = [each["status"] for each in members]
    parts = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)]
    return f"{', '.join(parts)}, of {len(members)}"


def _member(job: Mapping[str, Any]) -> str:
    code = f" ({job['code']})" if job["code"] else ""
    detail = f": {found}" if (found := _detail(job["error"])) else "."
    return f"{job['address']} is {job['status']}{code}, job {job['id']}{detail}"


def _commands(story: Story) -> Iterator[str]:
    for step in story["commands"]:
        phrase = _outcome(step["outcome"], _detail(step["error"]).rstrip("."))
        shown = {
            name: value for name, value in (step["evidence"] or {}).items() if name != "tracking"
        }
        evidence = (
            f" ({', '.join(f'{name} {value}' for name, value in shown.items())})" if shown else ""
        )
        seconds = 0 if step["outcome"] == "intent" else step["ended_at"] - step["started_at"]
        later = f"{seconds:.0f} s later " if seconds >= 1 else ""
        yield (
            f"{step['command']} was sent at {_when(story, step['started_at'])}; "
            f"{later}{phrase}{evidence}."
        )


def _outcome(outcome: str, detail: str) -> str:
    """A provider's own refusal names it already: "Enom refused (error 304156): ..."."""
    if " refused (error " in detail and outcome in NAMED_OUTCOMES:
        return NAMED_OUTCOMES[outcome].format(detail=detail)
    return OUTCOMES[outcome].format(detail=detail)


def _proved(story: Story) -> Iterator[str]:
    facts: Mapping[str, str] = story["job"]["verified"] or {}
    groups = {proof: [fact for fact, how in facts.items() if how == proof] for proof in PROOFS}
    if found := [f"{_and(names)} {PROOFS[proof]}" for proof, names in groups.items() if names]:
        yield f"Proof: {'; '.join(found)}."


def _ended(story: Story, retry_hours: float) -> Iterator[str]:
    job = story["job"]
    at = _when(story, job["finished_at"]) if job["finished_at"] else ""
    error = job["error"] or {}
    match job["status"]:
        case "queued":
            yield from _waiting(story, retry_hours)
        case "running":
            yield from _running(story)
        case "succeeded":
            state = f" The mailbox is {job['state']}." if job["address"] else ""
            yield f"Succeeded at {at}: {job['message']}{state}"
            yield from _observed(job["extra"] or {})
        case "cancelled":
            yield f"Cancelled at {at}: {_detail(error) or job['message']}"
        case "failed":
            yield f"Failed at {at} ({error['code']}): {_detail(error)}{_remote(error)}"
        case "held":
            yield (
                f"Held since {at}, waiting for your decision ({error['code']}): "
                f"{_detail(error)}{_remote(error)}"
            )


def _observed(extra: Mapping[str, Any]) -> Iterator[str]:
    if extra.get("delete_after"):
        yield f"It is suspended now and will be deleted after {readable(extra['delete_after'])}."
    if not extra.get("observed_only"):
        return
    would = extra.get("would_be")
    if would:
        yield (
            f"In act mode it would have been {would['status']} ({would['code']}): {would['detail']}"
        )
    else:
        yield f"In act mode this would have been done: {plan_in_words(extra.get('plan', []))}."


def _running(story: Story) -> Iterator[str]:
    job = story["job"]
    if not job["address"]:
        yield "It ends when the last of its mailboxes does."
        return
    until, tried = _when(story, job["lease_until"]), f"attempt {job['tries']}"
    if story["holder_lives"]:
        yield f"A worker is running it now ({tried}); its lease ends at {until}."
        if failed := _detail(job["error"]):
            yield f"The attempt before failed: {failed}"
    else:
        yield (
            f"The worker that ran it ({tried}) no longer responds. Another worker takes over when "
            f"the lease expires at {until}, or when you restart the bridge."
        )


def _waiting(story: Story, retry_hours: float) -> Iterator[str]:
    job, account = story["job"], story["account"] or {}
    detail = _detail(job["error"])
    paused = "; ".join(
        pause["detail"].rstrip(".") for pause in account.get("pauses", ()) if pause["detail"]
    )
    why = paused or detail.rstrip(".")
    behind = (
        f"{_and(story['behind'])}, older and of the same mailbox"
        if story["behind"]
        else "its turn (it is next)"
    )
    free = (
        f"a free worker; running now in this domain: {', '.join(story['beside'])}"
        if story["beside"]
        else "a free worker"
    )
    waiting_for = "turn" if job["waiting_for"] is None and story["behind"] else job["waiting_for"]
    yield WAITING[waiting_for].format(
        behind=behind,
        free=free,
        later=f", and not before {_when(story, job['available_at'])}"
        if job["available_at"] > story["now"]
        else "",
        tries=job["tries"],
        at=_when(story, job["available_at"]),
        why=f" ({detail.rstrip('.')})" if detail else "",
        account=job["account"],
        paused=f": {why}" if why else "",
    )
    if account.get("paused") and waiting_for != "account":
        yield f"Account {job['account']} is also paused: {paused or account['paused']}."
    if job["undecided_since"]:
        since = clock(job["undecided_since"])
        yield (
            f"Without a clear result within {retry_hours:g} hours "
            f"of {since}, it is held for your decision."
        )


def _callbacks(story: Story) -> Iterator[str]:
    for callback in story["callbacks"]:
        last = callback["last_error"] or (
            f"HTTP {callback['last_status']}" if callback["last_status"] else ""
        )
        words = (
            CALLBACK_WAITS.get(callback.get("waiting_for") or "") or CALLBACKS[_how_far(callback)]
        )
        asked = callback.get("receiver_after")
        yield words.format(
            silent=callback.get("receiver_tries"),
            asked=_when(story, asked) if asked else "once",
            tries=callback["tries"],
            s="s" * (callback["tries"] != 1),
            next=_when(story, callback["next_at"]),
            ended=_when(story, callback["ended_at"]) if callback["ended_at"] else "",
            last=f" ({last.rstrip('.')})" if last else "",
        )


def _how_far(callback: Mapping[str, Any]) -> str:
    """The status, told apart where nothing was sent at all."""
    match callback["status"]:
        case "pending" if not callback["tries"]:
            return "unsent"
        case "stopped" if callback["tries"] <= 1 and not callback["last_status"]:
            return "nowhere"
    return str(callback["status"])


def _and(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])


def _detail(error: Mapping[str, Any] | None) -> str:
    return str((error or {}).get("detail", ""))


def _remote(error: Mapping[str, Any]) -> str:
    new = {
        name: value
        for name, value in (error.get("remote") or {}).items()
        if value and value not in _detail(error)
    }
    phrase = ", ".join(f"{name} {value}" for name, value in new.items())
    return (
        f"{'' if _detail(error).endswith('.') else '.'} Answer of the mail provider: {phrase}."
        if phrase
        else ""
    )


def _when(story: Story, moment: float) -> str:
    """The time alone, where the day is the one on which the job came."""
    text, came = clock(moment), clock(story["job"]["created_at"])
    return text[11:19] if text[:10] == came[:10] else text
