"""One call to a remote: the bytes out, the answer in, and what is told of it to whoever watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.domain.errors import BridgeError, OutcomeUnknown, Unavailable
from bridge.domain.ports import Clock
from bridge.infra.events import Attributes, Events
from bridge.infra.http_client import HttpClient, Lost, NotSent, Reply, retry_after

COMMANDS = frozenset(
    {
        # interface.asp
        "CheckLogin", "DeletePOP3", "GetPOP3", "ModifyPOP3", "PurchasePOPBundle", "PurchaseServices", "RenewPOPBundle",
        "SetUpPOP3User",
        # hosted email
        "authenticate", "change_domain", "change_user", "delete_user", "generate_token", "get_company", "get_domain",
        "get_user", "get_user_changes",
        "logout_user", "restore_user", "search_users",
    }
)  # fmt: skip
"""What the bridge itself can send.

Only these are told by name, so that no configuration makes endless series of metrics.
"""


def exchange(
    outgoing: HttpClient, clock: Clock, url: str, body: bytes, content_type: str, timeout: float
) -> Reply:
    """Posts, and gives the answer if it is HTTP 200: both of Enom's systems use it for yes and no
    alike [O].

    Raises Unavailable when nothing was sent, OutcomeUnknown for all else: an effect cannot be ruled out.
    """
    fault: NotSent | Lost
    try:
        reply = outgoing.post(url, body, {"Content-Type": content_type}, timeout=timeout)
    except (NotSent, Lost) as error:
        fault = error
    else:
        if reply.status != 200:
            raise OutcomeUnknown(
                f"The mail provider answered with HTTP {reply.status}.",
                retry_after=retry_after(reply.headers, clock()),
            )
        return reply
    raise (Unavailable if isinstance(fault, NotSent) else OutcomeUnknown)(
        f"No answer from the mail provider: {fault}."
    )


@contextmanager
def watched(events: Events, account: str, api: str, command: str) -> Iterator[Attributes]:
    """Tells of one call: its outcome is `ok`, or the code of what came instead.

    A command of the admin's own is `other`.
    """
    name = command if command in COMMANDS else "other"
    with events.span("call", account=account, api=api, command=name, outcome="broken") as facts:
        try:
            yield facts
        except BridgeError as error:
            facts["outcome"] = error.code
            raise
        if facts["outcome"] == "broken":
            facts["outcome"] = "ok"
