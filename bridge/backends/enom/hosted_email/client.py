"""Calls to the hosted-email API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from bridge.backends.enom.client import exchange, watched
from bridge.backends.enom.hosted_email import codes, wire
from bridge.backends.enom.settings import HostedEmailSettings
from bridge.errors import Garbled
from bridge.outgoing import Outgoing
from bridge.watch import Watch

PAGE = 500


class HostedEmail:
    """The API under one admin's credentials."""

    def __init__(self, settings: HostedEmailSettings, timeout: float, outgoing: Outgoing, watch: Watch, account: str) -> None:
        self._settings, self._timeout, self._outgoing = settings, timeout, outgoing
        self._watch, self._account = watch, account

    def call(self, method: str, **arguments: Any) -> wire.Result:
        """Raises BridgeError for any answer but a yes."""
        result = self._send(method, arguments)
        if error := codes.fault(result):
            raise error
        return result

    def user(self, local_at_domain: str, domain_may_be_new: bool = False) -> wire.User | None:
        """A mailbox; None when it is absent. A domain that has no mailbox yet may still be unknown here [I]."""
        result = self._send("get_user", {"user": local_at_domain})
        absent = {codes.MISSING, codes.NOT_OWNED} if domain_may_be_new else {codes.MISSING}
        if not result.success and result.number in absent:
            return None
        if error := codes.fault(result):
            raise error
        return result.user

    def suspended(self, domain: str, domain_may_be_new: bool = False) -> Mapping[str, bool]:
        """Every mailbox of a domain: whether it is suspended, which the platform says where all of its services are.

        An alias is another name of a mailbox, so it is none. Raises Garbled where the list is not whole.
        """
        found: dict[str, bool] = {}
        seen = 0
        while True:
            wanted = {"criteria": {"domain": domain}, "fields": ["status", "type"], "range": {"first": seen, "limit": PAGE}}
            result = self._send("search_users", wanted)
            if domain_may_be_new and not result.success and result.number in (codes.MISSING, codes.NOT_OWNED):
                return {}
            if error := codes.fault(result):
                raise error
            for line in result.listed:
                if line.type != "alias" and line.status != "deleted":
                    found[line.local] = line.status == "suspended"
            seen += len(result.listed)
            if result.total is not None and seen >= result.total:
                return found
            if not result.listed or result.total is None:
                raise Garbled("The hosted-email list of mailboxes is not complete.")

    def sign_in_link(self, local_at_domain: str) -> str:
        """A webmail link with a token that works once. Its form is not documented; other clients build it so [O]."""
        reason = "sign-in from the billing system"
        token = self.call("generate_token", user=local_at_domain, reason=reason, type="sso", duration=1).token
        if not token:
            raise Garbled("The hosted-email answer holds no token.")
        base = urlsplit(self._settings.endpoint)
        host = base.netloc.replace("admin.", "mail.", 1)
        return f"{base.scheme}://{host}/mail?{urlencode({'user': local_at_domain, 'pass': token})}"

    def _send(self, method: str, arguments: dict[str, Any]) -> wire.Result:
        body = wire.encode(self._settings, arguments)
        url = f"{self._settings.endpoint}/{method}"
        with watched(self._watch, self._account, "hosted-email", method) as facts:
            reply = exchange(self._outgoing, url, body, "application/json", self._timeout)
            result = wire.decode(reply.body, [self._settings.password])
            if error := codes.fault(result):
                facts["outcome"] = error.code
        return result
