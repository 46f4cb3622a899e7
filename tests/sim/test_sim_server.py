"""The simulator as a process part: loopback only, connections kept, nothing left behind, a
control port over HTTP."""

import http.client
import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from functools import partial

import pytest

from bridge.sim import Simulator
from tests.support.together import at_once


def control(sim, path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(sim.control_url + path, data, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::"])
def test_only_loopback_is_bound(host):
    with pytest.raises(ValueError, match=r"host: .* use 127\.0\.0\.1"):
        Simulator(host=host)


def test_a_connection_serves_many_requests(remote):
    parts = urllib.parse.urlsplit(remote.sim.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    connection.connect()
    first = connection.sock
    for _ in range(50):
        connection.request("GET", "/interface.asp?command=CheckLogin&uid=reseller&pw=TOKEN")
        assert b"ErrCount=0" in connection.getresponse().read()
    assert connection.sock is first
    connection.close()


def test_many_clients_at_once_never_overfill_a_pak(remote):
    bundle = remote.sim.control("/paks", {"domain": "example.com", "size": 10})["bundle"]
    at_once([partial(remote.create, f"u{n}", bundleid=bundle) for n in range(16)])
    assert len(remote.domain()["mailboxes"]) == 10
    assert remote.domain()["paks"][str(bundle)]["free"] == 0


def test_stop_leaves_no_thread():
    before = set(threading.enumerate())  # other tests of this process may have a simulator running
    with Simulator(seed=1) as sim:
        parts = urllib.parse.urlsplit(sim.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10):
            assert set(threading.enumerate()) > before
            sim.stop()
            assert set(threading.enumerate()) <= before
        with pytest.raises(OSError):
            socket.create_connection((parts.hostname, parts.port), timeout=10)


def test_an_unstarted_simulator_can_be_stopped():
    Simulator().stop()


def test_other_paths_are_not_found(remote):
    for path in ("/", "/interface.php", "/api/get_user"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(remote.sim.url + path)
        caught.value.close()
        assert caught.value.code == 404


def test_the_control_port_takes_the_same_calls(remote):
    assert (
        control(remote.sim, "/paks", {"domain": "example.com", "kind": "box", "size": 2})[0] == 200
    )
    status, state = control(remote.sim, "/state")
    assert status == 200
    assert state == json.loads(json.dumps(remote.sim.control("/state")))
    assert [pak["kind"] for pak in state["domains"]["example.com"]["paks"].values()] == [
        "pak",
        "box",
    ]


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/nothing", {}, "no such call"),
        ("/accounts", {"uid": "a"}, "token: missing"),
        ("/paks", {"domain": "unknown.test"}, "domain: unknown.test is not registered"),
        ("/mailboxes", {"address": "jane", "password": "x"}, "address: 'jane' has no @"),
        ("/settings", {"stale": 1}, "stale: no such setting"),
        ("/settings", {"stale_seconds": "1"}, "stale_seconds: '1' is of the wrong type"),
        ("/settings", {"skin": "NET"}, "skin: 'NET' is not a choice"),
        ("/faults", {"fault": "bang"}, "fault: 'bang' is not known"),
        ("/faults", {"fault": "cut", "times": 0}, "times: 0 is not a count"),
        ("/services", {"address": "jane@example.com", "services": {}}, "does not exist"),
        ("/faults", "text", "not a JSON object"),
    ],
)
def test_wrong_control_calls_say_what_is_wrong(remote, path, body, text):
    status, answer = control(remote.sim, path, body)
    assert status == 400
    assert text in answer["error"]


def test_history_can_be_asked_for_one_command_and_forgotten(remote):
    remote.create("jane")
    remote.oma("get_user", user="jane@example.com")
    entry = control(remote.sim, "/history?command=get_user")[1]["history"][0]
    assert (entry["n"], entry["api"], entry["address"]) == (2, "hosted", "jane@example.com")
    assert (
        control(remote.sim, "/history")[1]["history"][0]["parameters"]["password1"]
        == remote.password
    )
    control(remote.sim, "/history", method="DELETE")
    assert control(remote.sim, "/history")[1] == {"history": []}


def test_mailboxes_change_behind_the_clients_back(remote):
    jane = {"address": "jane@example.com"}
    remote.sim.control(
        "/mailboxes", {**jane, "password": "x", "bundle": remote.bundle, "used_bytes": 5}
    )
    assert remote.ask("GetPOP3").findtext("Paks/Pak/QtyAvailable") == "2"
    remote.sim.control("/services", {**jane, "services": {"service_imap4": "disabled"}})
    seen = remote.oma("get_user", user=jane["address"])
    assert (seen["attributes"]["service_imap4"], seen["metadata"]["quota"]["bytes_used"]) == (
        "disabled",
        5,
    )
    remote.sim.control("/mailboxes/delete", jane)
    assert remote.names() == []


def test_faults_come_as_a_list_too(remote):
    two = [{"command": "GetPOP3", "fault": "empty"}, {"command": "*", "fault": "cut"}]
    assert len(remote.sim.control("/faults", two)["ids"]) == 2


def test_reset_forgets_everything(remote):
    remote.sim.control("/settings", {"latency": 0.001})
    remote.sim.control("/reset")
    assert remote.sim.control("/state") == {"accounts": {}, "domains": {}}
    assert remote.sim.control("/settings")["latency"] == 0.0
    assert remote.sim.control("/history") == {"history": []}
