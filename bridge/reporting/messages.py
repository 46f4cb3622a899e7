"""Our own sentences about how a job ended. Each is safe to be shown to a customer."""

from collections.abc import Sequence

from bridge.domain.model import State

DONE = {
    "mailbox.create": "Mailbox created and confirmed.",
    "mailbox.suspend": "Mailbox suspended.",
    "mailbox.unsuspend": "Mailbox restored.",
    "mailbox.terminate": "Mailbox deleted.",
    "mailbox.change_password": "Password changed.",
    "mailbox.change_plan": "Plan changed.",
    "mailbox.renew": "Mailbox renewed.",
}
ALREADY = {
    "mailbox.create": "The mailbox existed already, as wanted; nothing was changed.",
    "mailbox.suspend": "The mailbox was suspended already.",
    "mailbox.unsuspend": "The mailbox was active already.",
    "mailbox.terminate": "The mailbox was gone already.",
    "mailbox.change_password": "The password was set already.",
    "mailbox.change_plan": "The plan was set already.",
    "mailbox.renew": "The mailbox was renewed already; nothing was bought.",
}
SPECIAL = {
    "held": "A person will look at this request.",
    "observed": "Observed only: nothing was changed.",
}


def message(action: str, state: State, acted: bool, kept: Sequence[str]) -> str:
    """One sentence. `kept` names the services that stay suspended because they were so before us."""
    if action in SPECIAL:
        return SPECIAL[action]
    if action == "mailbox.terminate" and state is State.SUSPENDED:
        return "Mailbox suspended; it will be deleted when its grace period ends."
    if action == "mailbox.terminate" and state is State.ACTIVE:
        return "The mailbox is in use again, so it was kept."
    text = (DONE if acted else ALREADY)[action]
    if kept:
        text += f" Suspended before, and left so: {', '.join(kept)}."
    return text
