"""Our own sentences about how a job ended. Each is safe to be shown to a customer."""

from collections.abc import Sequence

from bridge.domain.model import State

DONE = {
    "mailbox.create": "Mailbox created and confirmed.",
    "mailbox.ensure": "Mailbox made as the subscription says, and confirmed.",
    "mailbox.suspend": "Mailbox suspended.",
    "mailbox.unsuspend": "Mailbox unsuspended.",
    "mailbox.terminate": "Mailbox deleted.",
    "mailbox.change_password": "Password changed.",
    "mailbox.change_plan": "Plan changed.",
    "mailbox.renew": "Mailbox renewed.",
    "mailbox.set_aliases": "Aliases changed.",
    "mailbox.set_forwarding": "Forwarding changed.",
    "mailbox.change_service": "The mailbox is of this service now.",
}
ALREADY = {
    "mailbox.create": "The mailbox already exists as requested; nothing was changed.",
    "mailbox.ensure": "The mailbox was already as the subscription says.",
    "mailbox.suspend": "The mailbox was already suspended.",
    "mailbox.unsuspend": "The mailbox was already active.",
    "mailbox.terminate": "The mailbox was already gone.",
    "mailbox.change_password": "The password was already set.",
    "mailbox.change_plan": "The plan was already set.",
    "mailbox.renew": "The mailbox was already renewed; nothing was bought.",
    "mailbox.set_aliases": "The aliases were already so.",
    "mailbox.set_forwarding": "The forwarding was already so.",
    "mailbox.change_service": "The mailbox was already of this service.",
}
SPECIAL = {
    "held": "This request is waiting for a manual decision.",
    "observed": "Observed only: nothing was changed.",
}


def message(action: str, state: State, acted: bool, kept: Sequence[str]) -> str:
    """One sentence.

    `kept` names the services that stay suspended because they were so before us.
    """
    if action in SPECIAL:
        return SPECIAL[action]
    if action == "mailbox.terminate" and state is State.SUSPENDED:
        return "Mailbox suspended. It will be deleted when its grace period ends."
    if action == "mailbox.terminate" and state is State.ACTIVE:
        return "The mailbox is in use again, so it was kept."
    text = (DONE if acted else ALREADY)[action]
    if kept:
        text += f" Left suspended, as they were before: {', '.join(kept)}."
    return text
