"""The commands of interface.asp on a whole domain: its mail service, its mail hosts, its record."""

from dataclasses import replace

from .envelope import Element, Failure, date, group, one, row
from .interface import Call, Command
from .state import Domain, add_months

EMAIL_SETS = ("1048", "1051", "1054", "1105", "1114")


def service_select(call: Call) -> list[Element]:
    if call.value("service").lower() != "emailset":
        raise Failure("304220", "Service must be EmailSet")
    option = call.value("newoptionid")
    shown = call.seen(call.domain)
    if option and call.value("update").lower() == "true":
        if option not in EMAIL_SETS:
            raise Failure("304220", "NewOptionID is not an option of EmailSet")
        call.put(replace(call.domain, email_set=option))
        shown = call.domain
    options = (group("option", name=name) for name in EMAIL_SETS)
    service = group("service", *options, name="emailset")
    select = group(
        "ServiceSelect", _domain_name(shown), service, one("current-svc", shown.email_set)
    )
    return [one("ParkingEnabled", "False"), select]


def mail_hosts(call: Call) -> list[Element]:
    address = f"mx.{call.domain.name}.cust.a.hostedemail.com."
    host = row("hostID HostName RecordType Address MXPref", call.domain.id, "@", "MX", address, 10)
    hosts = [group("host", *host)] if call.domain.email_set == "1114" else []
    found = group(
        "mailhosts", one("EmailForwarding", "False"), *hosts, one("MailHostCount", len(hosts))
    )
    return [found, *row("ParkingEnabled ServiceSelect", "False", call.domain.email_set)]


def info(call: Call) -> list[Element]:
    expires = date(add_months(call.state.now(), 12))
    status = row(
        "expiration registrationstatus belongs-to", expires, "Registered", call.account.uid
    )
    entry = group("entry", one("service", call.domain.email_set, changable="1"), name="emailset")
    return [
        group(
            "GetDomainInfo",
            _domain_name(call.domain),
            group("status", *status),
            group("services", entry),
        )
    ]


def _domain_name(domain: Domain) -> Element:
    sld, _, tld = domain.name.partition(".")
    return one("domainname", domain.name, sld=sld, tld=tld, domainnameid=str(domain.id))


COMMANDS = (
    Command("ServiceSelect", service_select),
    Command("GetMailHosts", mail_hosts, read=True),
    Command("GetDomainInfo", info, read=True),
)
