"""Hosted email: the same mailboxes in JSON, with service states, soft delete, tokens and error
numbers."""

import json
import urllib.error
import urllib.request

import pytest

JANE = "jane@example.com"
SERVICES = [
    f"service_{name}"
    for name in ("imap4", "pop3", "smtpin", "smtprelay", "smtprelay_webmail", "webmail")
]
SUSPENDED = dict.fromkeys(SERVICES, "suspended")


def services(answer):
    return {name: answer["attributes"][name] for name in SERVICES}


def post(remote, method, body):
    request = urllib.request.Request(
        f"{remote.sim.hosted_email}/{method}", body, {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    caught.value.close()
    return caught.value.code


def test_a_pak_mailbox_is_seen_with_all_services_and_the_paks_quota(remote):
    remote.create("jane")
    answer = remote.oma("get_user", user=JANE)
    assert services(answer) == dict.fromkeys(SERVICES, "enabled")
    assert answer["metadata"]["quota"]["bytes_max"] == 1024**3
    assert answer["metadata"]["status"] == "active"


def test_suspension_is_six_services_and_keeps_the_password(remote):
    remote.create("jane")
    assert remote.oma("change_user", user=JANE, attributes=SUSPENDED) == {"success": True}
    assert remote.oma("get_user", user=JANE)["metadata"]["status"] == "suspended"
    assert remote.oma("change_user", user=JANE, attributes={"service_imap4": "enabled"})["success"]
    assert remote.oma("get_user", user=JANE)["metadata"]["status"] == "active"
    assert remote.mailbox()["password"] == remote.password


def test_what_a_higher_admin_suspended_stays(remote):
    remote.sim.control("/mailboxes", {"address": JANE, "password": "x", "suspended_by": "higher"})
    changed = {"name": "Jane", "service_webmail": "enabled"}
    assert remote.oma("change_user", user=JANE, attributes=changed)["error_number"] == 4
    assert remote.mailbox()["display_name"] == ""
    remote.sim.control(
        "/services",
        {"address": JANE, "services": {"service_webmail": "suspended"}, "level": "company"},
    )
    assert remote.oma("change_user", user=JANE, attributes={"service_webmail": "enabled"})[
        "success"
    ]


def test_create_only_makes_but_never_changes(remote):
    made = {
        "user": JANE,
        "create_only": True,
        "attributes": {"password": "Pass-Word-1", "quota": 5000},
    }
    assert remote.oma("change_user", **made) == {"success": True}
    made["attributes"]["quota"] = 9
    assert remote.oma("change_user", **made)["error_number"] == 23
    assert (remote.mailbox()["quota_bytes"], remote.names()) == (5000, ["jane"])


def test_a_delete_can_be_undone_for_thirty_days(remote):
    remote.create("jane")
    assert remote.oma("delete_user", user=JANE)["success"]
    assert (remote.names(), remote.oma("get_user", user=JANE)["error_number"]) == ([], 2)
    gone = remote.oma("search_users", criteria={"domain": "example.com", "deleted": True})["users"][
        0
    ]
    assert gone["status"] == "deleted"
    back = {"user": JANE, "id": gone["id"], "new_name": JANE}
    remote.clock.now += 31 * 86400
    assert remote.oma("restore_user", **back)["error_number"] == 2
    remote.clock.now -= 2 * 86400
    assert remote.oma("restore_user", **back)["success"]
    assert remote.names() == ["jane"]
    assert remote.domain()["deleted"] == []


def test_a_name_that_was_given_away_is_not_restored(remote):
    remote.create("jane")
    remote.oma("delete_user", user=JANE)
    remote.create("jane")
    number = remote.domain()["deleted"][0]["id"]
    assert remote.oma("restore_user", user=JANE, id=number, new_name=JANE)["error_number"] == 7


def test_a_mailbox_deleted_by_interface_asp_is_gone_here_too(remote):
    remote.create("jane")
    remote.ask("DeletePOP3", username1="jane")
    assert remote.oma("delete_user", user=JANE)["error_number"] == 2


def test_a_missing_mailbox_is_an_error_or_a_form(remote):
    assert remote.oma("get_user", user=JANE)["error_number"] == 2
    remote.sim.control("/settings", {"missing_user": "form"})
    form = remote.oma("get_user", user=JANE)
    assert form["success"] and form["settable_attributes"] and "metadata" not in form


@pytest.mark.parametrize(
    ("method", "fields", "number"),
    [
        ("get_user", {"user": "jane@elsewhere.test"}, 9),
        ("get_user", {}, 5),
        ("get_domain", {"domain": "elsewhere.test"}, 2),
        ("change_user", {"user": JANE, "attributes": []}, 5),
        ("change_user", {"user": JANE, "attributes": {}}, 5),
        (
            "change_user",
            {"user": JANE, "attributes": {"password": "ok-Password-1", "colour": "red"}},
            6,
        ),
        (
            "change_user",
            {"user": JANE, "attributes": {"password": "ok-Password-1", "quota": "9"}},
            6,
        ),
        (
            "change_user",
            {"user": JANE, "attributes": {"password": "ok-Password-1", "service_imap4": "off"}},
            6,
        ),
        ("change_user", {"user": JANE, "attributes": {"password": "with space"}}, 6),
        ("change_user", {"user": JANE, "attributes": {"password": "my-JANE-password"}}, 48),
        ("change_user", {"user": "..@example.com", "attributes": {"password": "ok-Password-1"}}, 6),
        ("search_users", {"criteria": {}}, 5),
        ("search_users", {"criteria": {"domain": "example.com", "status": 1}}, 5),
        ("search_users", {"criteria": {"domain": "example.com"}, "range": 5}, 5),
        ("search_users", {"criteria": {"domain": "example.com"}, "range": {"first": "a"}}, 5),
        ("search_users", {"criteria": {"domain": "example.com"}, "sort": "user"}, 5),
        ("generate_token", {"user": JANE, "reason": "r", "duration": "1"}, 5),
        ("change_domain", {"domain": "example.com", "attributes": {"disabled": "yes"}}, 6),
        ("change_domain", {"domain": "example.com", "attributes": {}, "create_only": True}, 23),
        ("restore_user", {"user": JANE, "id": "1"}, 5),
    ],
)
def test_errors_have_their_numbers_and_change_nothing(remote, method, fields, number):
    answer = remote.oma(method, **fields)
    assert (answer["success"], answer["error_number"]) == (False, number)
    assert remote.domain()["mailboxes"] == {}


def test_http_errors_are_for_bad_json_and_unknown_methods(remote):
    assert post(remote, "get_user", b"{nonsense") == 400
    assert post(remote, "get_user", b"[1]") == 400
    assert post(remote, "no_such_method", b"{}") == 404


def test_credentials_addresses_and_tokens_are_checked(remote):
    token = remote.oma("authenticate", generate_session_token=True, session_token_duration=60)[
        "session_token"
    ]
    remote.credentials = {"token": token}
    assert remote.oma("get_domain", domain="example.com")["attributes"]["disabled"] is False
    remote.clock.now += 61
    assert remote.oma("echo")["error_number"] == 39
    remote.credentials = {"user": "admin@company.test", "password": "wrong"}
    assert remote.oma("echo")["error_number"] == 1
    remote.credentials = {}
    assert remote.oma("echo")["error_number"] == 1


def test_a_company_outside_its_allow_list_is_refused(remote):
    hosted = {"hosted_user": "admin@company.test", "hosted_password": "company-secret"}
    remote.sim.control(
        "/accounts", {"uid": "reseller", "token": "T", "allow": ["127.0.0.9"], **hosted}
    )
    assert remote.oma("echo")["error_number"] == 21


def test_a_mailbox_proves_its_password_and_sees_only_itself(remote):
    remote.create("jane", "john")
    remote.credentials = {"user": JANE, "password": remote.password}
    assert remote.oma("authenticate")["success"]
    assert remote.oma("get_user", user=JANE)["success"]
    assert remote.oma("get_user", user="john@example.com")["error_number"] == 9
    assert remote.oma("delete_user", user=JANE)["error_number"] == 9
    remote.credentials["password"] = "Wrong-Horse-1"
    assert remote.oma("authenticate")["error_number"] == 1


def test_a_sign_on_token_works_once(remote):
    remote.create("jane")
    made = remote.oma("generate_token", user=JANE, reason="webmail", type="sso", duration=1)
    remote.credentials = {"user": JANE, "token": made["token"]}
    assert [remote.oma("authenticate")["success"] for _ in range(2)] == [True, False]


def test_users_are_searched_in_pages(remote):
    remote.create("carol", "alice", "bob")
    remote.oma("change_user", user="bob@example.com", attributes=SUSPENDED)
    page = remote.oma(
        "search_users", criteria={"domain": "example.com"}, range={"first": 1, "limit": 1}
    )
    assert ([u["user"] for u in page["users"]], page["count"], page["total_count"]) == (
        ["bob@example.com"],
        1,
        3,
    )
    only = remote.oma(
        "search_users", criteria={"domain": "example.com", "status": ["suspended"], "match": "b*"}
    )
    assert [user["user"] for user in only["users"]] == ["bob@example.com"]


def test_a_domain_can_be_disabled_and_gives_defaults(remote):
    remote.create("jane")
    remote.oma(
        "change_domain",
        domain="example.com",
        attributes={"disabled": True, "service_imap4": "disabled"},
    )
    assert remote.oma("get_domain", domain="example.com")["attributes"]["disabled"] is True
    assert remote.oma("search_domains", criteria={"match": "exam*"})["total_count"] == 1
    remote.create("john")
    assert remote.mailbox("john@example.com")["services"]["service_imap4"] == "disabled"
    remote.credentials = {"user": JANE, "password": remote.password}
    assert remote.oma("authenticate")["error_number"] == 1


def test_log_outs_and_echo(remote):
    remote.create("jane")
    assert remote.oma("logout_user", user=JANE)["success"]
    assert remote.mailbox()["last_logout"] == remote.clock.now
    assert remote.oma("echo", ping="pong") == {"success": True, "ping": "pong"}
    assert remote.oma("get_company")["attributes"]["role"] == "company"


def test_no_answer_ever_has_the_password(remote):
    remote.create("jane")
    answers = [
        remote.oma("get_user", user=JANE),
        remote.oma("search_users", criteria={"domain": "example.com"}),
    ]
    assert remote.password not in json.dumps(answers)


def admin(remote, role, **more):
    user = f"{role}@company.test"
    remote.sim.control(
        "/admins",
        {"uid": "reseller", "user": user, "password": "admin-Secret", "role": role, **more},
    )
    remote.credentials = {"user": user, "password": "admin-Secret"}


NEW = {"user": "new@example.com", "create_only": True, "attributes": {"password": "Pass-Word-1"}}


@pytest.mark.parametrize(
    ("role", "calls"),
    [
        (
            "company",
            {
                "get_user": 0,
                "change_user": 0,
                "create": 0,
                "delete_user": 0,
                "domain": 0,
                "generate_token": 0,
            },
        ),
        (
            "company_mail",
            {
                "get_user": 0,
                "change_user": 0,
                "create": 9,
                "delete_user": 9,
                "domain": 9,
                "generate_token": 0,
            },
        ),
        (
            "company_ro",
            {
                "get_user": 0,
                "change_user": 9,
                "create": 9,
                "delete_user": 9,
                "domain": 9,
                "generate_token": 9,
            },
        ),
        (
            "company_view",
            {
                "get_user": 0,
                "change_user": 9,
                "create": 9,
                "delete_user": 9,
                "domain": 9,
                "generate_token": 9,
            },
        ),
        (
            "company_token_only",
            {"get_user": 9, "change_user": 9, "create": 9, "domain": 9, "generate_token": 0},
        ),
        (
            "domain",
            {
                "get_user": 0,
                "change_user": 0,
                "create": 0,
                "delete_user": 0,
                "domain": 9,
                "generate_token": 0,
            },
        ),
    ],
)
def test_a_role_may_do_what_is_its_own(remote, role, calls):
    remote.create("jane")
    admin(remote, role, domain="example.com")
    asked = {
        "get_user": lambda: remote.oma("get_user", user=JANE),
        "change_user": lambda: remote.oma("change_user", user=JANE, attributes={"name": "Jane"}),
        "create": lambda: remote.oma("change_user", **NEW),
        "delete_user": lambda: remote.oma("delete_user", user=JANE),
        "domain": lambda: remote.oma(
            "change_domain", domain="new.test", attributes={}, create_only=True
        ),
        "generate_token": lambda: remote.oma("generate_token", user=JANE, reason="r"),
    }
    assert remote.oma("authenticate")["success"]
    assert {
        name: asked[name]().get("error_number", 0)
        for name in sorted(calls, key="delete_user".__eq__)
    } == calls


def test_a_domain_admin_knows_no_other_domain(remote):
    remote.sim.control("/domains", {"uid": "reseller", "domain": "other.test"})
    admin(remote, "domain", domain="example.com")
    assert remote.oma("search_users", criteria={"domain": "other.test"})["error_number"] == 9


def test_the_other_cluster_knows_nobody_of_this_one(remote):
    assert remote.oma("authenticate")["success"]
    body = json.dumps({"credentials": remote.credentials}).encode()
    request = urllib.request.Request(
        f"{remote.sim.other_cluster}/authenticate", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["error_number"] == 1


def test_a_domain_is_made_once(remote):
    made = {"domain": "New.test", "attributes": {}, "create_only": True}
    assert remote.oma("get_domain", domain="new.test")["error_number"] == 2
    assert remote.oma("change_domain", **made)["success"]
    assert remote.oma("get_domain", domain="new.test")["success"]
    assert remote.oma("change_domain", **made)["error_number"] == 23
    assert remote.oma("change_user", **{**NEW, "user": "first@new.test"})["success"]


def test_an_alias_is_a_name_of_its_mailbox_and_nothing_by_itself(remote):
    remote.create("jane", "john")
    assert remote.oma("change_user", user=JANE, attributes={"aliases": ["info@example.com"]})[
        "success"
    ]
    info = "info@example.com"
    shown = remote.oma("get_user", user=info)
    assert (shown["type"], shown["attributes"]["account"]) == ("alias", JANE)
    assert remote.oma("change_user", user=info, attributes={"name": "x"})["error_number"] == 3
    assert remote.oma("delete_user", user=info)["error_number"] == 3
    assert remote.oma("change_user", **{**NEW, "user": info})["error_number"] == 23
    assert (
        remote.oma("change_user", user="john@example.com", attributes={"aliases": [info]})[
            "error_number"
        ]
        == 7
    )
    rows = remote.oma(
        "search_users", criteria={"domain": "example.com"}, fields=["type", "alias_target"]
    )["users"]
    assert [(row["user"], row["type"], row.get("alias_target")) for row in rows] == [
        (info, "alias", JANE),
        (JANE, "mailbox", None),
        ("john@example.com", "mailbox", None),
    ]
    assert (
        remote.oma("search_users", criteria={"domain": "example.com", "type": ["mailbox"]})[
            "total_count"
        ]
        == 2
    )


@pytest.mark.parametrize("kind", ["forward", "filter"])
def test_what_is_no_mailbox_has_its_type(remote, kind):
    assert remote.oma(
        "change_user", user=JANE, attributes={"type": kind, "forward_recipients": ["x@example.net"]}
    )["success"]
    assert remote.oma("get_user", user=JANE)["type"] == kind
    assert (
        remote.oma("search_users", criteria={"domain": "example.com"}, fields=["type"])["users"][0][
            "type"
        ]
        == kind
    )


def test_who_changed_what_is_told_and_never_a_password(remote):
    remote.oma("change_user", user=JANE, attributes={"password": "Pass-Word-1", "quota": 5000})
    remote.sim.control(
        "/services",
        {"address": JANE, "services": {"service_smtprelay": "suspended"}, "level": "higher"},
    )
    result = remote.oma("get_user_changes", user=JANE)
    assert [(each["user"], each["msg"]) for each in result["changes"]] == [
        ("admin@company.test", "created"),
        ("admin@company.test", "password changed"),
        ("admin@company.test", "quota = 5000"),
        ("OpenSRS", "service_smtprelay = suspended"),
    ]
    assert remote.oma("get_user_changes", user=JANE, range={"first": 3, "limit": 5})["count"] == 1
    assert "Pass-Word-1" not in json.dumps(result)


def test_a_mailbox_is_no_larger_than_its_domain_allows(remote):
    remote.oma("change_domain", domain="example.com", attributes={"quota_maximum": 100})
    large = {"password": "Pass-Word-1", "quota": 101 << 20}
    refused = remote.oma("change_user", user=JANE, create_only=True, attributes=large)
    assert (refused["error_number"], list(refused["hints"])) == (6, ["quota"])
    assert remote.oma("change_user", user=JANE, attributes={**large, "quota": 100 << 20})["success"]


def test_a_sign_in_can_lag_lock_and_ask_for_a_second_factor(remote):
    remote.create("jane")
    remote.sim.control("/settings", {"password_lag": 30.0, "lock_after": 3})
    remote.clock.now += 60
    remote.oma("change_user", user=JANE, attributes={"password": "Other-Word-2"})
    remote.credentials = {"user": JANE, "password": "Other-Word-2"}
    remote.clock.now += 29
    assert remote.oma("authenticate")["error_number"] == 1
    remote.clock.now += 1
    assert remote.oma("authenticate")["success"]
    remote.credentials["password"] = "wrong"
    assert [remote.oma("authenticate")["error_number"] for _ in range(3)] == [1, 1, 1]
    remote.credentials["password"] = "Other-Word-2"
    assert remote.oma("authenticate")["error_number"] == 1
    remote.sim.control(
        "/mailboxes",
        {"address": "two@example.com", "password": "Pass-Word-1", "second_factor": True},
    )
    remote.sim.control("/settings", {"password_lag": 0.0})
    remote.credentials = {"user": "two@example.com", "password": "Pass-Word-1"}
    assert remote.oma("authenticate")["error_number"] == 33


def test_answers_come_in_another_form(remote):
    remote.create("jane")
    remote.sim.control("/settings", {"hosted_forms": "text"})
    shown = remote.oma("get_user", user=JANE)
    assert (shown["success"], shown["metadata"]["quota"]["bytes_max"]) == ("1", str(1024**3))
    assert remote.oma("get_user", user="john@example.com")["error_number"] == "2"


def test_an_account_of_hosted_email_alone_is_unknown_to_interface_asp(remote):
    remote.sim.control(
        "/accounts",
        {"uid": "opensrs", "token": None, "hosted_user": "o@company.test", "hosted_password": "p"},
    )
    assert remote.codes("GetPOP3", uid="opensrs", pw="") == ["304155"]


def named(remote, **attributes):
    return remote.oma("change_user", user=JANE, attributes=attributes).get("error_number")


def test_a_user_shows_what_it_was_never_given_as_none(remote):
    remote.create("jane")
    shown = remote.oma("get_user", user=JANE)["attributes"]
    assert (shown["aliases"], shown["forward_recipients"]) == ([], [])
    assert (shown["delivery_forward"], shown["delivery_local"]) == (False, True)


def test_aliases_are_free_names_of_the_domain_and_not_too_many(remote):
    remote.create("jane", "john")
    assert named(remote, aliases=["a@example.net"]) == 6
    assert named(remote, aliases=["a b@example.com"]) == 6
    assert named(remote, aliases=[f"a{number}" for number in range(2001)]) == 6
    assert named(remote, aliases=["john"]) == 7
    remote.oma("change_domain", domain="example.com", attributes={"limit_aliases": 1})
    assert named(remote, aliases=["a", "b"]) == 16
    assert named(remote, aliases=["a"]) is None
    assert named(remote, aliases=["b"]) is None  # in its place
    assert remote.mailbox()["attributes"]["aliases"] == ["b"]


def test_a_mailbox_is_not_made_at_an_alias_by_either_system(remote):
    remote.create("jane")
    named(remote, aliases=["info"])
    assert remote.create("info").findtext("ErrCount") == "1"
    assert remote.mailbox("info@example.com") is None


def test_recipients_are_whole_addresses_and_at_most_a_thousand(remote):
    remote.create("jane")
    assert named(remote, forward_recipients=["nobody"]) == 6
    assert named(remote, forward_recipients=[f"a{n}@example.org" for n in range(1001)]) == 38
    assert named(remote, forward_recipients=["a@example.org"], delivery_forward=True) is None


def test_somebody_changes_a_mailbox_in_webmail(remote):
    remote.create("jane")
    named(remote, aliases=["info"])
    changed = {"forward_recipients": ["a@example.org"], "delivery_forward": True}
    remote.sim.control("/attributes", {"address": JANE, "attributes": changed})
    shown = remote.oma("get_user", user=JANE)["attributes"]
    assert {name: shown[name] for name in changed} == changed
    assert shown["aliases"] == ["info"]


def test_a_deleted_mailbox_comes_back_without_the_aliases_that_others_have(remote):
    remote.create("jane", "john")
    named(remote, aliases=["info", "sales"])
    remote.oma("delete_user", user=JANE)
    other = {"user": "john@example.com", "attributes": {"aliases": ["info"]}}
    assert remote.oma("change_user", **other)["success"]
    wanted = {"domain": "example.com", "deleted": True, "type": ["mailbox"]}
    (kept,) = remote.oma("search_users", criteria=wanted)["users"]
    assert remote.oma("restore_user", user=JANE, id=kept["id"], new_name=JANE)["success"]
    assert remote.oma("get_user", user=JANE)["attributes"]["aliases"] == ["sales"]
