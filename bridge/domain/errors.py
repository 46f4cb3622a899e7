"""The closed set of errors of a job. Each leaf answers: whose fault is it, and is trying again
useful?

`code` is one of CODES; its sentence is safe to be shown to a customer. `detail` and `remote` are
for staff only.
"""

from collections.abc import Mapping
from enum import StrEnum

CODES: Mapping[str, str] = {
    "refused": "The mail provider refused this request.",
    "not_found": "This mailbox does not exist.",
    "not_ours": "This address already exists and is not assigned to this service.",
    "conflict": "The mailbox is in a state that does not allow this.",
    "password_rejected": "The mail provider did not accept this password. Please choose another one.",
    "password_needed": "A new password is needed.",
    "domain_not_in_account": "The domain is not set up for mail with the provider.",
    "pak_full": "This domain has no free mailbox left in its package.",
    "purchase_needed": "This needs a purchase that is not allowed.",
    "seats_full": "All mailboxes of this package are in use.",
    "plan_unknown": "This mail plan is unknown.",
    "unsupported": "This is not supported for this mailbox.",
    "credentials": "The mail provider is not reachable at the moment. The request will be retried.",
    "ip_not_allowed": "The mail provider is not reachable at the moment. The request will be retried.",
    "insufficient_funds": "The request is waiting for the mail provider.",
    "unavailable": "The mail provider is not reachable at the moment.",
    "unclear": "We are checking whether the mail provider has done this.",
    "garbled": "We are checking whether the mail provider has done this.",
    "unsafe": "This request is waiting for approval.",
    "overtaken": "This request was replaced by a newer one.",
    "withdrawn": "This request was withdrawn.",
    "rejected": "This request was reviewed and declined.",
    "domain_of_another": "We are checking whether this address may be set up in this domain.",
    "reserved_name": "We are checking who runs the domain before we set up this name.",
    "address_taken": "This address is already in use by another mailbox.",
    "forwarding_loop": "Mail that is forwarded like this would come back.",
}

FOR_APPROVAL = frozenset({"unsafe", "domain_of_another", "reserved_name"})
"""Codes of what is held although nothing is in doubt: a person may let it pass."""


class Limit(StrEnum):
    """What holds a job although nothing is in doubt. Approving lifts the one that held it, and no
    other.

    Those of a customer's domain have the name of their error's code.
    """

    DELETIONS = "deletions"  # safety.max_terminations_per_hour
    SUSPENSIONS = "suspensions"  # safety.max_suspended_share, by one service alone
    PURCHASES = "purchases"  # safety.max_purchases_per_day
    RENEWAL = "renewal"  # over more years than pass by themselves
    CREATIONS = "creations"  # safety.max_creations_per_day: jobs wait for the next day
    RESERVED_NAME = "reserved_name"
    DOMAIN_OF_ANOTHER = "domain_of_another"


LIMITS = frozenset(Limit)


class BridgeError(Exception):
    """Something stands between a job and its end."""

    kind = "other"
    """What it is stored as, so that a class may be renamed."""
    default_code = "refused"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        remote: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`remote` holds the remote's own codes and texts.

        `retry_after` is in seconds, where the remote named one.
        """
        self.code = code or self.default_code
        if self.code not in CODES:
            raise KeyError(self.code)
        super().__init__(detail or CODES[self.code])
        self.remote = dict(remote or {})
        self.retry_after = retry_after

    @property
    def detail(self) -> str:
        return str(self.args[0])


class Refused(BridgeError):
    """The remote or a rule said no, for good: trying again is useless."""

    kind = "refused"


class Unavailable(BridgeError):
    """The remote could not be asked; surely nothing happened: try again."""

    kind = "unavailable"
    default_code = "unavailable"


class OutcomeUnknown(BridgeError):
    """The answer was lost or says two things: look before anything else."""

    kind = "outcome_unknown"
    default_code = "unclear"


class MalformedReply(OutcomeUnknown):
    """The answer was not understood: as OutcomeUnknown."""

    kind = "malformed_reply"
    default_code = "garbled"


class RefusalUnproven(OutcomeUnknown):
    """The remote said no, in words that do not prove that nothing happened: look; if it stays
    undone, it was `refusal`."""

    kind = "refusal_unproven"

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal.detail, code=refusal.code, remote=refusal.remote)
        self.refusal = refusal


class AccountFault(BridgeError):
    """Our standing with the remote is wrong (credentials, address list): pause the account, keep
    the jobs."""

    kind = "account_fault"
    default_code = "credentials"


class NoFunds(BridgeError):
    """The account has no money left: pause purchases only."""

    kind = "no_funds"
    default_code = "insufficient_funds"


class NeedsPerson(BridgeError):
    """A person must decide.

    `limit`: what a person may lift by approving; None: there is a doubt, which only a look ends.
    """

    kind = "needs_person"
    default_code = "unsafe"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        remote: Mapping[str, str] | None = None,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(detail, code=code, remote=remote)
        self.limit = Limit(self.code) if limit is None and self.code in LIMITS else limit


class Overtaken(BridgeError):
    """What a newer hook says goes before this one: nothing more is done for it."""

    kind = "overtaken"
    default_code = "overtaken"


class Withdrawn(BridgeError):
    """The sender took the hook back before anything was sent for it: nothing is done."""

    kind = "withdrawn"
    default_code = "withdrawn"


class UnknownThing(Exception):
    """What was asked for does not exist, or is not the asker's.

    Not a job's error: commands and queries raise it.
    """


class NotPossible(Exception):
    """What was asked for cannot be done in the present state; the message says why and what to
    do."""


class Busy(NotPossible):
    """As many as may do this at a time are doing it; try again in a few seconds."""


class StoreUnavailable(Exception):
    """The database cannot be written or read now; nothing was accepted."""


class LeaseLost(Exception):
    """Another worker has this job, or this one was away too long; the attempt ends quietly."""
