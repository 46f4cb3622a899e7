"""The commands of interface.asp on single mailboxes.

Texts of mail-specific failures are constructed: none is published [I].
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from .envelope import Element, Failure, date, group, one, row
from .interface import Call, Command
from .passwords import refused
from .state import MIB, Domain, Mailbox, Pak

LOCAL = re.compile(r"[0-9A-Za-z](?:\.?[0-9A-Za-z_-])*\Z")


def set_up(call: Call) -> list[Element]:
    pak = call.pak("bundleid")
    if pak.expires <= call.state.now():
        raise Failure("317271", f"BundleID {pak.bundle} has expired")

    return _each(call, partial(_create, call, pak), "Accounts", "Created", "Success")


def _create(call: Call, pak: Pak, local: str, n: int) -> Domain:
    if len(local) > 30 or not LOCAL.match(local):
        raise Failure("304286", f"UserName{n} is not a valid mailbox name")
    if local in call.domain.mailboxes or call.domain.alias_target(local):
        raise Failure("302286", f"UserName{n} already exists")
    password = _password(call, local, n)
    if not call.domain.free(pak.bundle):
        raise Failure("315271", f"BundleID {pak.bundle} has no free mailbox")
    mailbox = Mailbox(
        id=str(call.state.number()),
        local=local,
        password=password,
        quota_bytes=pak.capacity_mb * MIB,
        created=call.state.now(),
        services=call.domain.default_services(),
        bundle=pak.bundle,
        changed_by="interface",
        admin=call.value(f"isadmin{n}") == "1",
        display_name=call.value(f"displayname{n}"),
    )
    return call.domain.with_mailbox(mailbox)


def modify(call: Call) -> list[Element]:
    names = _names(call)
    if call.value("emailcount") != str(len(names)):
        raise Failure("303170", "EmailCount must equal the number of user names")

    return _each(call, partial(_modify, call), "Accounts", "Modified", "Success")


def _modify(call: Call, local: str, n: int) -> Domain:
    mailbox = _existing(call, local)
    admin = call.value(f"isadmin{n}")
    if not call.value(f"password{n}") and not admin:
        raise Failure("301156", f"Password{n} or IsAdmin{n} is missing")
    if call.value(f"password{n}"):
        mailbox = replace(mailbox, password=_password(call, local, n))
    if admin:
        mailbox = replace(mailbox, admin=admin == "1")
    return call.domain.with_mailbox(replace(mailbox, changed_by="interface"))


def delete(call: Call) -> list[Element]:
    return _each(call, partial(_delete, call), "Accounts", "Deleted", "success")


def _delete(call: Call, local: str, n: int) -> Domain:
    mailbox = _existing(call, local)
    pak = call.domain.paks.get(mailbox.bundle)
    if pak and pak.expires <= call.state.now():
        raise Failure("317271", f"the pak of UserName{n} has expired")
    return call.domain.without_mailbox(local, call.state.now(), "interface")


def get(call: Call) -> list[Element]:
    domain = call.domain
    boxes = (
        []
        if call.value("getdefaultonly") == "1"
        else [_pop(call, box) for box in domain.mailboxes.values()]
    )
    used = Counter(box.bundle for box in domain.mailboxes.values())
    paks = []
    for pak in domain.paks.values():
        left = (
            pak.size - used[pak.bundle]
        )  # QtyAvailable is what is left, whatever the prose says [S]
        values = (
            pak.bundle,
            pak.size,
            left,
            date(pak.expires),
            int(pak.auto_renew),
            pak.capacity_mb,
            38,
            2,
        )
        names = "BundleId QtyPurchased QtyAvailable ExpDate AutoRenew Quota ProdType PakVersion"
        paks.append(group("Pak", *row(names, *values), prefix="Pak"))
    last = row(
        "Count AdditionalHostPop AdditionalHostAcctLogin Successful", len(paks), "", "", "True"
    )
    return [*boxes, one("EmailCount", len(boxes)), group("Paks", *paks), *last]


def get_forwarding(call: Call) -> list[Element]:
    mailbox = _existing(call, call.required("username", "301286").lower())
    domain, target = call.domain, mailbox.forward_to
    values = (domain.name, domain.id, mailbox.local, target, "1" if target else "")
    shown = group(
        "popforwarding", *row("domainname domainnameid username forwardto active", *values)
    )
    return [shown, one("Count", int(bool(target)))]


def set_forwarding(call: Call) -> list[Element]:
    mailbox = _existing(call, call.required("username", "301286").lower())
    if call.value("email").lower() != call.domain.name:
        raise Failure("304153", "EMail must equal the domain name")
    target = (
        call.required("forwardto", "301172") if call.required("enable", "301261") == "1" else ""
    )
    changed = replace(
        mailbox, forward_to=target, forward_flags=call.value("statusflags"), changed_by="interface"
    )
    call.put(call.domain.with_mailbox(changed))
    return [one("success", 1)]


def _pop(call: Call, mailbox: Mailbox) -> Element:
    pak = call.domain.paks.get(mailbox.bundle)
    password = mailbox.password if call.settings.show_passwords else ""
    expires, renew = (date(pak.expires), int(pak.auto_renew)) if pak else ("", 0)
    quota, used = mailbox.quota_bytes // MIB, mailbox.used_bytes // MIB
    names = "username password quota expdate BundleId AutoRenew admin quotaused vasitemid version"
    values = (
        mailbox.local,
        password,
        quota,
        expires,
        mailbox.bundle,
        renew,
        int(mailbox.admin),
        used,
        mailbox.bundle,
        2,
    )
    return group("pop", *row(names, *values))


def _names(call: Call) -> list[str]:
    names: list[str] = []
    while name := call.value(f"username{len(names) + 1}"):
        names.append(name.lower())
    if not names:
        raise Failure("301286", "UserName1 is missing")
    return names


def _each(
    call: Call, step: Callable[[str, int], Domain], what: str, verb: str, success: str
) -> list[Element]:
    """Carry out the step for each index; one that fails stops none of the others [I]."""
    done = 0
    names = _names(call)
    for n, local in enumerate(names, 1):
        try:
            call.put(step(local, n))
            done += 1
        except Failure as failure:
            call.errors.append(failure)
    good = one(success, "True" if done == len(names) else "False")
    if verb == "Deleted":
        return [one(f"{what}{verb}", done), good]
    return [good, one(f"{what}{verb}", done), one(f"{what}Failed", len(names) - done)]


def _existing(call: Call, local: str) -> Mailbox:
    if local not in call.domain.mailboxes:
        raise Failure("316286", f"the mailbox {local} was not found")
    return call.domain.mailboxes[local]


def _password(call: Call, local: str, n: int) -> str:
    password = call.required(f"password{n}", "301156")
    if reason := refused(password, local, call.domain.name, call.settings.password_rules):
        raise Failure("304156", f"Password{n}: {reason}")
    return password


COMMANDS = (
    Command("SetUpPOP3User", set_up),
    Command("ModifyPOP3", modify),
    Command("DeletePOP3", delete),
    Command("GetPOP3", get, read=True),
    Command("GetPOPForwarding", get_forwarding, read=True),
    Command("SetPOPForwarding", set_forwarding),
)
