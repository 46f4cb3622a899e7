"""Whether a new password is tried in the mailbox's own name, and what follows from a no. Pure.

A wrong try may lock a mailbox at the remote, so there are two at most: one after the last command,
and one once reads do not lag behind it any more. One that was put off counts too: nobody knows what
was tried. Where both were, the password stays accepted.
"""

from collections.abc import Sequence

from bridge.domain.errors import NeedsPerson
from bridge.domain.jobs import Recheck, WaitingFor
from bridge.domain.model import ChangeKind, Step

NOT_TRIED = "unsupported"
"""The code of a refusal that says nothing of the password: a second factor, or no such sign-in
at all."""


def try_due(journal: Sequence[Step], now: float, settle: float) -> bool:
    """Raises Recheck where the second try has to wait, NeedsPerson after the last one that said
    no."""
    set_by = [step for step in journal if step.kind in (ChangeKind.CREATE, ChangeKind.SET_PASSWORD)]
    sent = [step for step in set_by if step.outcome in ("accepted", "unknown")]
    tries = [step for step in journal if step.kind == ChangeKind.PROVE_PASSWORD]
    noes = [step for step in tries if step.outcome != "unsent"]
    if not sent or any(answered(step) for step in tries) or (len(tries) > 1 and not noes):
        return False
    settled_at = sent[-1].ended_at + settle
    if noes and (len(tries) > 1 or noes[-1].started_at >= settled_at):
        raise NeedsPerson(
            "The mail provider accepted the new password, but the mailbox cannot sign in with it. "
            "Try it by hand; then "
            "have billing send it again, or send another one.",
            code="unclear",
        )
    if tries and now < settled_at:
        raise Recheck(settled_at, WaitingFor.SETTLE, tries[-1].error)
    return True


def answered(step: Step) -> bool:
    """Whether this try leaves nothing to be tried."""
    return step.outcome == "accepted" or (step.error is not None and step.error.code == NOT_TRIED)


def proved(journal: Sequence[Step]) -> bool:
    return any(
        step.kind == ChangeKind.PROVE_PASSWORD and step.outcome == "accepted" for step in journal
    )
