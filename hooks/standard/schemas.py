"""What `data` holds, one class for each type; the bodies are checked and `/openapi.json` is
written from these."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema

from hooks.address import normalise, normalise_target
from hooks.standard.fields import (
    FIT,
    PLACE,
    PLACE_RULE,
    UNTIL_RULE,
    Address,
    Addresses,
    Count,
    Domain,
    Flag,
    Moment,
    Text,
)

PASSWORD_RULE = 'Send 1 to 54 printable ASCII characters without space and ".'  # noqa: S105 - a sentence
CUSTOMER_RULE = (
    "Send the billing platform's id of the customer as a "
    "string of 1 to 64 characters, or leave it out."
)
CONFIRMED_RULE = (
    "Send true, without quotes, only where staff vouches that this customer may use the domain; "
    "else leave it out."
)
NO_ADDRESS = (
    "This type is about every mailbox of the service. Leave the address out, or send the "
    "mailbox.* type for this mailbox alone."
)
MOST_SEATS = 100_000
SEATS_RULE = (
    "Send how many mailboxes this service may have, from 1 to 100000, without quotes, or leave "
    "it out."
)
FROM_RULE = (
    "Send the billing platform's id of the service that has the mailbox now, as a string of 1 to 64 "
    "characters."
)
SENDER_RULE = "Send your name and version in 1 to 64 characters, like whmcs 0.2.0, or leave it out."
MOST_ALIASES = 2000  # of one mailbox, as hosted email documents [D]
MOST_FORWARDS = 20
ALIASES_RULE = (
    "Send all other addresses that the mailbox is to have, as a list of at most 2000 addresses of "
    "its domain; an empty list removes all."
)
FORWARD_RULE = (
    "Send all addresses that its mail is to be sent on to, as a list of at most 20 addresses like "
    "jane@example.net; an empty list switches forwarding off."
)
KEEP_RULE = (
    "Send false, without quotes, if the mailbox is to keep no copy of what is sent on; else leave "
    "it out."
)
STATUS_RULE = "Send the platform's word for the status, 1 to 32 characters of A-Za-z0-9_."
FINAL_RULE = "Send true, without quotes, of a status that no other one follows; else leave it out."
PLAN_RULE = "Send the name of a plan of the bridge's configuration, 1 to 64 characters."


def _password(required: bool) -> Text:
    return Text(
        PASSWORD_RULE,
        required=required,
        pattern=r"^[!#-~]{1,54}$",
        described={"format": "password"},
    )


def _plan(required: bool) -> Text:
    return Text(PLAN_RULE, required=required, pattern=rf"^{FIT}{{1,64}}$")


class Data(Schema):
    """Fields that nobody here reads are let through; their names are reported."""

    class Meta:
        unknown = EXCLUDE


class OfService(Data):
    service_id = Text(
        "Send the billing platform's id of the service as a string of 1 to 64 characters.",
        required=True,
        pattern=rf"^{FIT}{{1,64}}$",
    )


class OfMailbox(OfService):
    address = Address()


class Hook(OfMailbox):
    """What every hook may bring: whose the service is."""

    customer_id = Text(CUSTOMER_RULE, pattern=rf"^{FIT}{{1,64}}$")


class ServiceHook(OfService):
    """A hook about every mailbox of a service."""

    customer_id = Text(CUSTOMER_RULE, pattern=rf"^{FIT}{{1,64}}$")
    reason = Text("Send at most 255 characters.")

    @validates_schema(pass_original=True)
    def of_no_mailbox(self, data: Mapping[str, Any], original: object, **kwargs: Any) -> None:
        if isinstance(original, Mapping) and original.get("address") is not None:
            raise ValidationError(NO_ADDRESS, "address")


class Create(Hook):
    password = _password(required=True)
    display_name = Text("Send at most 255 characters.")
    plan = _plan(required=False)
    domain_confirmed = Flag(CONFIRMED_RULE)
    seats = Count(SEATS_RULE, least=1, most=MOST_SEATS)


class Suspend(Hook):
    reason = Text("Send at most 255 characters.")


class Unsuspend(Hook):
    password = _password(required=False)


class Terminate(Hook):
    pass


class ChangePassword(Hook):
    password = _password(required=True)


class ChangePlan(Hook):
    plan = _plan(required=True)


class Renew(Hook):
    until = Moment(UNTIL_RULE, dates=True)


class SetAliases(Hook):
    aliases = Addresses(ALIASES_RULE, MOST_ALIASES, normalise)

    @validates_schema(skip_on_field_errors=True)
    def of_its_domain(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        address, domain = data["address"], data["address"].partition("@")[2]
        foreign = [each for each in data["aliases"] if each.partition("@")[2] != domain]
        if foreign:
            raise ValidationError(
                f"{len(foreign)} of the addresses are not of the mailbox's domain. Send addresses "
                "of that domain only.",
                "aliases",
            )
        if address in data["aliases"]:
            raise ValidationError(
                "One of them is the mailbox's own address, which is no alias. Leave it out.",
                "aliases",
            )


class SetForwarding(Hook):
    forward_to = Addresses(FORWARD_RULE, MOST_FORWARDS, normalise_target)
    keep_copy = Flag(KEEP_RULE)

    @validates_schema(skip_on_field_errors=True)
    def elsewhere(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["address"] in data["forward_to"]:
            raise ValidationError(
                "One of them is the mailbox's own address, which is a loop. Leave it out.",
                "forward_to",
            )


class ChangeService(Hook):
    from_service_id = Text(FROM_RULE, required=True, pattern=rf"^{FIT}{{1,64}}$")
    seats = Count(SEATS_RULE, least=1, most=MOST_SEATS)

    @validates_schema(skip_on_field_errors=True)
    def of_another(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if data["from_service_id"] == data["service_id"]:
            raise ValidationError(
                "It is the same as service_id. Send the id of the service that has the mailbox now.",
                "from_service_id",
            )


class Said(Hook):
    """Of a platform whose events say a status."""

    status = Text(STATUS_RULE, required=True, pattern=r"^[A-Za-z0-9_]{1,32}$")
    final = Flag(FINAL_RULE)


class Ensure(Said):
    plan = _plan(required=False)


class Withdraw(Data):
    hook = Text(
        "Send the webhook-id of the hook to be withdrawn.",
        required=True,
        pattern=r"^[A-Za-z0-9_:-]{1,128}$",
    )


class OfDomain(Data):
    domain = Domain()


class ConnectionTest(Data):
    sender = Text(SENDER_RULE, pattern=rf"^{FIT}{{1,64}}$")


class Page(Data):
    after = Text(
        "Send `next` of the answer before; leave it out to begin.", pattern=rf"^{FIT}{{1,128}}$"
    )


class ServiceMailboxes(OfService):
    after = Text(
        "Send `next` of the answer before; leave it out to begin.", pattern=rf"^{FIT}{{1,128}}$"
    )


class Results(Data):
    after = Text(PLACE_RULE, pattern=rf"^{FIT}{{1,128}}$", described={"anyOf": PLACE})


class Job(Data):
    job = Text("Send the id of a job, or `hook` instead.", pattern=r"^[A-Za-z0-9_:-]{1,128}$")
    hook = Text(
        "Send the webhook-id of a hook, or `job` instead.", pattern=r"^[A-Za-z0-9_:-]{1,128}$"
    )

    @validates_schema(skip_on_field_errors=True)
    def one_of_both(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if (data.get("job") is None) == (data.get("hook") is None):
            raise ValidationError(
                "Send the id of a job as `job` or that of a hook as `hook`, one of both.", "job"
            )


OF_SERVICE: Mapping[str, type[ServiceHook]] = {
    "service.suspend": ServiceHook,
    "service.unsuspend": ServiceHook,
    "service.terminate": ServiceHook,
}
"""Of all mailboxes of a service: they have no address."""

ACTIONS: Mapping[str, type[Hook | ServiceHook]] = {
    "mailbox.create": Create,
    "mailbox.suspend": Suspend,
    "mailbox.unsuspend": Unsuspend,
    "mailbox.terminate": Terminate,
    "mailbox.change_password": ChangePassword,
    "mailbox.change_plan": ChangePlan,
    "mailbox.renew": Renew,
    "mailbox.set_aliases": SetAliases,
    "mailbox.set_forwarding": SetForwarding,
    "mailbox.change_service": ChangeService,
    **OF_SERVICE,
}

NATIVE: Mapping[str, type[Hook]] = {
    "mailbox.ensure": Ensure,
    "mailbox.suspend": Said,
    "mailbox.terminate": Said,
}
"""What the events of a platform with a status of its own become. No sender of our format sends
these: it says what it wants, not what is so."""

WITHDRAWALS: Mapping[str, type[Withdraw]] = {"job.withdraw": Withdraw}
"""Sent like the actions, to `/hooks`, but about a hook and not about a mailbox."""

QUESTIONS: Mapping[str, type[Data]] = {
    "connection.test": ConnectionTest,
    "mailbox.status": OfMailbox,
    "mailbox.list": Page,
    "mailbox.usage": OfMailbox,
    "mailbox.sign_in": OfMailbox,
    "service.mailboxes": ServiceMailboxes,
    "domain.readiness": OfDomain,
    "job": Job,
    "results": Results,
}
