"""Each fault, as a client meets it on the wire, and whether the command had its effect."""

import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

import pytest

from bridge.sim import Simulator
from bridge.sim.faults import FITS

CREATE = "SetUpPOP3User"


def arm(remote, name, command=CREATE, **more):
    return remote.sim.control("/faults", {"command": command, "fault": name, **more})["id"]


def body(raw):
    return raw.partition(b"\r\n\r\n")[2]


def declared(raw):
    head = raw.partition(b"\r\n\r\n")[0].decode()
    return int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])


def made(remote):
    return remote.mailbox() is not None


@pytest.mark.parametrize(("name", "effect"), [("drop_before", False), ("drop_after", True)])
def test_a_dropped_connection_answers_nothing(remote, name, effect):
    arm(remote, name)
    assert remote.wire(CREATE) == b""
    assert made(remote) == effect


def test_a_cut_answer_promises_more_than_it_gives(remote):
    arm(remote, "cut")
    raw = remote.wire(CREATE)
    assert 0 < len(body(raw)) < declared(raw)
    assert b"<Done>" not in raw
    assert made(remote)
    arm(remote, "cut", "get_user")
    with pytest.raises(http.client.IncompleteRead):
        remote.oma("get_user", user="jane@example.com")


@pytest.mark.parametrize(
    ("name", "status", "effect"),
    [
        ("error_500", 500, False),
        ("error_500_after", 500, True),
        ("html", 200, False),
        ("html_after", 200, True),
    ],
)
def test_a_page_comes_instead_of_the_answer(remote, name, status, effect):
    arm(remote, name)
    raw = remote.wire(CREATE)
    assert raw.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Server Error" in body(raw)
    assert made(remote) == effect


def test_an_empty_answer_did_nothing(remote):
    arm(remote, "empty")
    raw = remote.wire(CREATE)
    assert (declared(raw), body(raw), made(remote)) == (0, b"", False)


def test_too_many_requests_says_when_to_come_back(remote):
    arm(remote, "too_many", delay=7)
    raw = remote.wire(CREATE)
    assert raw.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 7\r\n" in raw
    assert not made(remote)


@pytest.mark.parametrize("name", ["drip", "drip_headers"])
def test_a_dripping_answer_comes_byte_by_byte_after_the_effect(remote, name):
    arm(remote, name, delay=0.0001)
    assert ElementTree.fromstring(body(remote.wire(CREATE))).findtext("ErrCount") == "0"
    arm(remote, name, "GetPOP3", delay=60)
    raw = remote.wire("GetPOP3", limit=1)
    assert made(remote)
    assert (len(raw) == 1) == (name == "drip_headers")


def test_a_huge_answer_is_well_formed_for_whoever_reads_it_all(remote):
    arm(remote, "huge")
    raw = remote.wire(CREATE)
    assert declared(raw) == 64 << 20
    assert body(raw).startswith(b"<?xml")
    assert len(raw) >= 1 << 20
    assert made(remote)
    arm(remote, "huge")
    assert len(body(remote.wire(CREATE, limit=1 << 30))) == 64 << 20


def test_a_wrong_declaration_stands_over_good_bytes(remote):
    arm(remote, "wrong_encoding")
    content = body(remote.wire(CREATE))
    assert b'encoding="utf-16"' in content
    assert ElementTree.fromstring(content.partition(b"?>")[2]).findtext("ErrCount") == "0"
    arm(remote, "wrong_encoding", "echo")
    with pytest.raises(UnicodeDecodeError):
        json.loads(_hosted(remote, "echo", "charset=utf-16").decode("utf-16"))


def _hosted(remote, method, content_type):
    data = json.dumps({"credentials": remote.credentials, "odd": "x"}).encode()
    with urllib.request.urlopen(f"{remote.sim.hosted_email}/{method}", data) as answer:
        assert content_type in answer.headers["Content-Type"]
        return answer.read()


def test_latin_1_bytes_are_no_utf_8(remote):
    arm(remote, "latin1")
    arm(remote, "latin1", "echo")
    for content in (body(remote.wire(CREATE)), _hosted(remote, "echo", "application/json")):
        with pytest.raises(UnicodeDecodeError):
            content.decode()
        assert "\N{REGISTERED SIGN}" in content.decode("latin-1")


def test_a_byte_order_mark_stands_first(remote):
    arm(remote, "bom")
    assert body(remote.wire(CREATE)).startswith(b"\xef\xbb\xbf<?xml")


ODD = [
    ("bare_ampersand", b"a&b"),
    ("bare_less", b"1 < 2 <3"),
    ("control_byte", b"a\x1fb"),
    ("control_reference", b"a&#x1F;b"),
    ("html_entity", b"a&nbsp;b"),
    ("broken_utf8", b"a\xc3(b"),
]


@pytest.mark.parametrize(("name", "odd"), ODD)
def test_what_a_customer_typed_stands_in_a_list_as_it_is(remote, name, odd):
    remote.create("jane")
    arm(remote, name, "GetPOP3")
    content = body(remote.wire("GetPOP3"))
    assert odd + b"</password>" in content and b"<Odd>" + odd + b"</Odd>" in content
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(content)
    if FITS[name] == "any":
        arm(remote, name, "echo")
        assert odd in _hosted(remote, "echo", "application/json")


def test_a_trailing_nul_stands_last(remote):
    arm(remote, "trailing_nul", "GetPOP3")
    assert body(remote.wire("GetPOP3")).endswith(b"</interface-response>\x00")


def test_the_contradictory_answer_created_the_mailbox(remote):
    arm(remote, "contradiction", "*", times=2)
    root = remote.create("jane")
    found = [
        root.findtext(name)
        for name in ("Success", "AccountsCreated", "ErrCount", "errors/Err1", "ResponseCount")
    ]
    assert found == ["True", "1", "1", "Invalid Item specified", "0"]
    assert made(remote)
    assert remote.ask("GetPOP3").findtext("errors/Err1") == "Invalid Item specified"


def test_an_answer_without_done_is_otherwise_whole(remote):
    arm(remote, "no_done")
    root = remote.create("jane")
    assert root.find("Done") is None
    assert (root.findtext("ErrCount"), made(remote)) == ("0", True)


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("maintenance", "618000", "System error; down for maintenance; n/a"),
        ("balance", "524181", "Payment error; insufficient reseller balance; account balance"),
    ],
)
def test_a_refusal_by_code_did_nothing(remote, name, code, text):
    arm(remote, name)
    root = remote.create("jane")
    assert root.findtext(".//ResponseNumber") == code
    assert root.findtext(".//ResponseString") == text
    assert not made(remote)


@pytest.mark.parametrize(("number", "effect"), [(20, False), (22, False), (25, False), (28, True)])
def test_hosted_email_fails_by_number(remote, number, effect):
    arm(remote, f"oma_{number}", "change_user")
    made_by = {"user": "jane@example.com", "attributes": {"password": "Pass-Word-1"}}
    assert remote.oma("change_user", **made_by)["error_number"] == number
    assert made(remote) == effect


@pytest.mark.parametrize(("name", "effect"), [("slow", True), ("late", False)])
def test_a_slow_answer_has_its_effect_before_or_after_the_wait(remote, name, effect):
    arm(remote, name, delay=60)
    with remote.connect() as connection:
        form = (
            f"command={CREATE}&uid=reseller&pw=TOKEN&sld=example&tld=com&bundleid={remote.bundle}"
        )
        form += f"&username1=jane&password1={remote.password}"
        connection.sendall(f"GET /interface.asp?{form} HTTP/1.1\r\n\r\n".encode())
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert made(remote) == effect


def test_a_fault_fires_as_often_as_it_was_armed(remote):
    arm(remote, "maintenance", "getpop3", times=2)
    assert [remote.codes("GetPOP3") for _ in range(3)] == [["618000"], ["618000"], []]
    assert remote.sim.control("/faults") == {"faults": []}
    arm(remote, "maintenance", times=None)
    assert [remote.codes(CREATE) for _ in range(3)] == [["618000"]] * 3
    remote.sim.control("/faults", method="DELETE")
    assert remote.codes(CREATE) == ["301269"]


def test_a_fault_meets_only_the_api_it_fits(remote):
    arm(remote, "oma_22", "*")
    assert remote.codes("GetPOP3") == []
    assert remote.oma("echo")["error_number"] == 22


def test_history_tells_the_fault_and_the_effect(remote):
    arm(remote, "drop_after")
    remote.wire(CREATE)
    arm(remote, "drop_before")
    remote.wire(CREATE)
    remote.wire("GetPOP3")
    seen = remote.sim.control("/history")["history"]
    assert [(entry["fault"], entry["effect"]) for entry in seen] == [
        ("drop_after", True),
        ("drop_before", False),
        (None, False),
    ]


def outcomes(seed):
    with Simulator(seed=seed) as sim:
        sim.control("/accounts", {"uid": "reseller", "token": "TOKEN"})
        sim.control("/chaos", {"share": 0.5, "faults": ["maintenance", "no_done"]})
        url = f"{sim.endpoint}?uid=reseller&pw=TOKEN&command=CheckLogin"
        for _ in range(30):
            with urllib.request.urlopen(url) as answer:
                answer.read()
        return [entry["fault"] for entry in sim.control("/history")["history"]]


def test_chaos_is_repeatable_by_seed():
    first = outcomes(1)
    assert first == outcomes(1)
    assert first != outcomes(2)
    assert set(first) == {None, "maintenance", "no_done"}


@pytest.mark.parametrize(
    ("fault", "success", "made"),
    [("oma_23", False, True), ("lie", True, False), ("oma_28", False, True)],
)
def test_an_answer_that_is_not_what_happened(remote, fault, success, made):
    remote.sim.control("/faults", {"command": "change_user", "fault": fault})
    assert (
        remote.oma(
            "change_user",
            user="new@example.com",
            create_only=True,
            attributes={"password": "Pass-Word-1"},
        )["success"]
        is success
    )
    assert (remote.mailbox("new@example.com") is not None) is made
    remote.sim.control("/faults", {"command": "get_user", "fault": "lie"})
    assert remote.oma("get_user", user="new@example.com")["success"] is made


def test_every_fault_has_a_test():
    with open(__file__) as here, open(__file__.replace("faults", "staleness")) as stale:
        text = here.read() + stale.read()
    result = [
        name
        for name in FITS
        if f'"{name}"' in text or (name.startswith("oma_") and f"({name[4:]}, " in text)
    ]
    assert result == list(FITS)


def test_stop_ends_answers_that_are_under_way():
    with Simulator() as sim:
        sim.control("/accounts", {"uid": "reseller", "token": "TOKEN"})
        sim.control("/faults", {"command": "CheckLogin", "fault": "drip", "delay": 600})
        parts = urllib.parse.urlsplit(sim.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        connection.request("GET", "/interface.asp?uid=reseller&pw=TOKEN&command=CheckLogin")
        answer = connection.getresponse()
        assert answer.read(1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sim-")]
    connection.close()
