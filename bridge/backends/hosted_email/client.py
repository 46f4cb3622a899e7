"""Calls to the hosted-email API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from bridge.backends.calls import exchange, watched
from bridge.backends.hosted_email import codes, wire
from bridge.backends.hosted_email.settings import HostedEmailAccount
from bridge.backends.text import secrets_in
from bridge.domain.errors import BridgeError, MalformedReply, RefusalUnproven, Refused
from bridge.domain.model import Address, Deleted
from bridge.domain.ports import Clock
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient

PAGE = 500
NEW_DOMAIN = (str(codes.MISSING), str(codes.NOT_OWNED))
"""Its answers for a domain that has no mailbox yet [I]."""


class Client:
    """Calls of the API under one admin's credentials, which are in the body of each and in no
    error."""

    def __init__(
        self,
        settings: HostedEmailAccount,
        timeout: float,
        outgoing: HttpClient,
        clock: Clock,
        events: Events,
        account: str,
    ) -> None:
        self._settings, self._timeout, self._outgoing, self._clock = (
            settings,
            timeout,
            outgoing,
            clock,
        )
        self._events, self._account = events, account

    def call(self, method: str, **arguments: Any) -> wire.Result:
        """Raises BridgeError for any answer but a yes."""
        result = self._send(method, arguments)
        if error := codes.fault(result):
            raise error
        return result

    def user(self, local_at_domain: str, domain_may_be_new: bool = False) -> wire.User | None:
        """What has this address; None where nothing has.

        What is shown under another name is an alias here, whatever type it is itself. A domain that
        has no mailbox yet may still be unknown here [I].
        """
        result = self._send("get_user", {"user": local_at_domain})
        absent = {codes.MISSING, codes.NOT_OWNED} if domain_may_be_new else {codes.MISSING}
        if not result.success and result.number in absent:
            return None
        if error := codes.fault(result):
            raise error
        user = result.user
        # In letters that are not ASCII a domain may be written in another way than ours.
        if user and user.account.isascii() and user.account not in ("", local_at_domain.lower()):
            return replace(user, type="alias")
        return user

    def made_by_bridge(self, local_at_domain: str) -> bool | None:
        """Whether the platform's own log of this user shows this program among those who changed
        it. It changes nobody else's, so a user that it has changed is of its making.

        None where the log names nobody: its form is inferred [I], so that proves nothing.
        """
        try:
            found = self.call("get_user_changes", user=local_at_domain)
        except (Refused, RefusalUnproven):
            return None
        return wire.CLIENT in found.changed_by if found.changed_by else None

    def domain_missing(self, domain: str, refusal: BridgeError) -> bool:
        """Whether a user was refused because nobody has this domain: of a user it says the same
        as where another has it [O]."""
        if refusal.remote.get("number") not in NEW_DOMAIN:
            return False
        result = self._send("get_domain", {"domain": domain})
        return not result.success and result.number == codes.MISSING

    def users(self, domain: str, domain_may_be_new: bool = False) -> Mapping[str, wire.ListLine]:
        """Everything of a domain that has an address, by its local part.

        Raises MalformedReply where the list is not whole.
        """
        try:
            lines = list(self._lines({"domain": domain}))
        except BridgeError as error:
            if domain_may_be_new and error.remote.get("number") in NEW_DOMAIN:
                return {}
            raise
        return {line.local: line for line in lines if not line.deleted}

    def deleted(self, domain: str) -> Sequence[Deleted]:
        """What was deleted and is kept, for 30 days [D]; the newest first.

        Raises MalformedReply where the list is not whole.
        """
        newest = {"by": "delete_time", "direction": "descending"}
        lines = self._lines({"domain": domain, "deleted": True}, sort=newest)
        return [
            Deleted(Address(line.local, domain), line.id)
            for line in lines
            if line.is_mailbox and line.id
        ]

    def _lines(self, criteria: Mapping[str, Any], **more: Any) -> Iterator[wire.ListLine]:
        """Every line of a list, page by page: as many calls as it takes, each within `timeout`
        seconds."""
        seen = 0
        while True:
            page = {"first": seen, "limit": PAGE}
            result = self.call(
                "search_users",
                criteria=criteria,
                fields=["status", "type", "alias_target"],
                range=page,
                **more,
            )
            yield from result.listed
            seen += len(result.listed)
            if result.total is not None and seen >= result.total:
                return
            # An empty page before the end: without this a list that shrinks meanwhile would be
            # asked for ever.
            if not result.listed or result.total is None:
                raise MalformedReply("The hosted-email list of mailboxes is not complete.")

    def sign_in_link(self, local_at_domain: str) -> str:
        """A webmail link with a token that works once.

        Its form is not documented; other clients build it so [O].
        """
        reason = "sign-in from the billing system"
        token = self.call(
            "generate_token", user=local_at_domain, reason=reason, type="sso", duration=1
        ).token
        if not token:
            raise MalformedReply("The hosted-email answer holds no token.")
        base = urlsplit(self._settings.endpoint)
        host = base.netloc.replace("admin.", "mail.", 1)
        return f"{base.scheme}://{host}/mail?{urlencode({'user': local_at_domain, 'pass': token})}"

    def sign_in_as(self, local_at_domain: str, password: str) -> None:
        """Signs the mailbox in with its own password.

        Raises Refused where it does not, or where that cannot be tried.
        """
        with watched(self._events, self._account, "hosted-email", "authenticate") as facts:
            result = self._exchange("authenticate", local_at_domain, password, {})
            if error := codes.of_sign_in(result):
                facts["outcome"] = error.code
                raise error

    def _send(self, method: str, arguments: dict[str, Any]) -> wire.Result:
        with watched(self._events, self._account, "hosted-email", method) as facts:
            result = self._exchange(method, self._settings.user, self._settings.password, arguments)
            if error := codes.fault(result):
                facts["outcome"] = error.code
        return result

    def _exchange(
        self, method: str, user: str, password: str, arguments: Mapping[str, Any]
    ) -> wire.Result:
        body = wire.encode(user, password, arguments)
        url = f"{self._settings.endpoint}/{method}"
        reply = exchange(self._outgoing, self._clock, url, body, "application/json", self._timeout)
        return wire.decode(reply.body, [password, *secrets_in(arguments)])
