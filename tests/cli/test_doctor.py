"""`doctor`: each thing that can be wrong outside the program is found, with its remedy, and
nothing is changed."""

import resource
import shutil
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bridge import __version__
from bridge.infra.http_client import HttpClient, NotSent, Reply
from contrib.plugins import PLUGINS
from hooks import PLATFORMS, connection_test, own_webhooks
from tests.cli.conftest import House
from tests.support.mail import MailServer
from tests.support.names import NameServer
from tests.support.tls import self_signed


def found(house: House, level: str) -> str:
    """The lines of one level."""
    return "\n".join(
        line for line in house.run("doctor").stdout.splitlines() if line.startswith(level)
    )


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """The URL of a server on TLS whose certificate nobody vouches for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = self_signed(tmp_path)[0].wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_all_is_well_with_a_bridge_that_runs(house: House) -> None:
    house.configure(source__domains=["example.com"])
    house.start()

    result = house.run("doctor")

    assert result.exit_code == 0, result.output
    good = [
        "configuration:",
        "disk:",
        "database:",
        "worker:",
        "accepts the credentials and this",
        "Hosted email accepts",
    ]
    good += ["example.com is at Enom", "The callback URL is reachable"]
    assert [words for words in good if words not in found(house, "ok")] == []
    assert "Uses a simulator on this machine." in found(
        house, "warn"
    ) and "Set admin.notify" in found(house, "warn")


def test_before_the_first_start_it_warns_and_makes_no_database(house: House) -> None:
    result = house.run("doctor")

    assert result.exit_code == 0
    assert "`enom-bridge serve` creates it" in result.stdout
    assert not (house.folder / "bridge.sqlite3").exists()


def test_it_sends_no_command_that_changes_anything_and_no_callback(house: House) -> None:
    house.configure(source__domains=["example.com"])
    house.start()
    before = house.sim.control("/state")

    house.ok("doctor")

    assert house.sim.control("/state") == before
    assert (house.billing.received, house.billing.refused) == ([], 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account__token": "WRONG-TOKEN-123456"}, "Check uid and token of the account"),
        ({"hosted__password": "Wrong-Hosted-1"}, "Hosted email is not usable"),
        (
            {"account__endpoint": "http://127.0.0.1:9/interface.asp"},
            "this machine can reach http://127.0.0.1:9/interface.asp",
        ),
        ({"source__callback": "http://127.0.0.1:9/callback"}, "Correct sources.shop.callback"),
        ({"source__domains": ["example.net"]}, "remove it from sources.shop.domains"),
        ({"bridge__database": "sqlite:////proc/none/bridge.sqlite3"}, "This user cannot write to"),
        (
            {"admin__notify": "mailto:admin@example.com", "admin__smtp": "smtp://127.0.0.1:9"},
            "Correct admin.smtp",
        ),
    ],
)
def test_what_is_wrong_fails_with_its_remedy(
    house: House, changes: dict[str, Any], words: str
) -> None:
    house.configure(**changes)

    result = house.run("doctor")

    assert result.exit_code == 1, result.output
    assert words in found(house, "FAIL")
    report = house.json("doctor")
    assert report["ok"] is False and any(check["level"] == "FAIL" for check in report["checks"])


def test_the_module_that_tested_the_connection_is_told_and_whether_it_fits(house: House) -> None:
    house.configure(source__platform="whmcs")
    running = house.start().running
    assert running
    url = running.hooks.replace("/hooks/", "/query/")
    assert "The module's version is unknown" in found(house, "warn")
    assert "Press Test Connection at the server in WHMCS." in house.ok("doctor")

    house.billing.send(url, "connection.test", sender=f"whmcs {__version__}")
    assert f"Module at the last connection test: whmcs {__version__}." in found(house, "ok")

    house.billing.send(url, "connection.test", sender="whmcs 0.1.9")
    warned = found(house, "warn")
    assert (
        "The module that last tested the connection is whmcs 0.1.9, and this bridge is "
        f"{__version__}."
    ) in warned
    assert "docs/upgrade.md" in house.ok("doctor")


@pytest.mark.parametrize("name", PLATFORMS)
def test_each_platform_with_a_plugin_of_ours_is_asked_for_a_connection_test(
    house: House, name: str
) -> None:
    has_plugin = name in PLUGINS
    assert bool(connection_test(PLATFORMS[name])) is has_plugin
    if own_webhooks(PLATFORMS[name]) is None:
        house.configure(source__platform=name)
        house.start()
        assert ("The module's version is unknown" in found(house, "warn")) is has_plugin
        assert connection_test(PLATFORMS[name]) in house.ok("doctor")


def test_an_address_that_enom_does_not_know_is_told_apart(house: House) -> None:
    house.sim.control("/accounts", {"uid": "reseller", "token": "x" * 40, "allow": ["192.0.2.1"]})

    assert "Add this machine's IP address" in found(house, "FAIL")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account__mode": "observe"}, "Observe mode"),
        ({"account__suspend_with": "lock-out"}, "mail still arrives"),
        ({"account__suspend_with": "refuse"}, "Does not suspend"),
        ({"source__callback": ""}, "No callback URL"),
    ],
)
def test_choices_with_a_price_are_remarked_on(
    house: House, changes: dict[str, Any], words: str
) -> None:
    house.configure(**changes)

    assert words in found(house, "warn")


def test_enoms_own_test_environment_is_told_apart_from_a_simulator(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.configure(account__endpoint="https://enom.example.test/interface.asp")

    def nobody(*_: Any, **__: Any) -> Reply:
        raise NotSent("not from a test")

    monkeypatch.setattr(HttpClient, "_call", nobody)

    assert "Uses Enom's test environment, which provisions nothing." in found(house, "warn")


def answer(monkeypatch: pytest.MonkeyPatch, url: str, reply: Reply) -> None:
    """Lets a GET of `url` be answered with `reply`."""
    real = HttpClient.get

    def get(self: HttpClient, asked: str, *args: Any, **more: Any) -> Reply:
        return reply if asked == url else real(self, asked, *args, **more)

    monkeypatch.setattr(HttpClient, "get", get)


@pytest.mark.parametrize(
    ("status", "level"), [(500, "FAIL"), (404, "warn"), (302, "warn"), (405, "ok"), (401, "ok")]
)
def test_a_callback_url_is_judged_by_its_answer_to_a_get(
    house: House, monkeypatch: pytest.MonkeyPatch, status: int, level: str
) -> None:
    answer(monkeypatch, house.billing.url, Reply(status, {}, b""))

    assert f"HTTP {status}" in found(house, level)


@pytest.mark.parametrize(("skew", "level"), [(0, "ok"), (60, "warn"), (-400, "FAIL")])
def test_a_clock_that_is_off_is_found_by_the_date_of_enoms_answer(
    house: House, monkeypatch: pytest.MonkeyPatch, skew: float, level: str
) -> None:
    answer(
        monkeypatch,
        house.sim.endpoint,
        Reply(200, {"date": formatdate(time.time() + skew, usegmt=True)}, b""),
    )

    text = found(house, level)

    assert "clock: This machine's clock differs by" in text and ("NTP" in text) is (level != "ok")


def test_what_is_paused_and_a_worker_that_is_missing_are_found(house: House) -> None:
    house.start(work=False)
    house.ok("pause", "account", "main")
    house.ok("pause", "source", "shop")

    text = found(house, "warn")

    assert [
        words
        for words in ("resume account main", "resume source shop", "Not running, so jobs wait")
        if words not in text
    ] == []


def test_a_secret_file_that_others_may_read_is_found(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("PLANTEDTOKEN4ENOM1234567890ABCDEFGHIJKL")
    secret.chmod(0o644)
    house.configure(account__token="file:token")
    assert f"chmod 600 {secret}" in found(house, "warn")

    secret.chmod(0o600)

    assert "chmod 600" not in house.run("doctor").stdout


def test_a_database_is_made_readable_by_its_user_alone_and_another_one_is_found(
    house: House,
) -> None:
    house.refused("jobs", "list")  # whatever opens it first makes it
    house.start()
    files = list(house.folder.glob("bridge.sqlite3*"))
    assert len(files) == 3 and not [file for file in files if file.stat().st_mode & 0o077]
    assert "chmod 600" not in house.run("doctor").stdout

    (house.folder / "bridge.sqlite3").chmod(0o644)

    assert "chmod 600" in found(house, "warn")


def test_a_configuration_that_cannot_be_read_is_exit_code_2_with_every_fault(house: House) -> None:
    house.path.write_text(
        house.path.read_text().replace(
            'suspend_with = "hosted-email"', 'suspend_with = "x"\nwrong = 1'
        )
    )

    stderr = house.refused("doctor", code=2)

    assert "accounts.main.suspend_with" in stderr and "accounts.main.wrong" in stderr


def test_the_probe_measures_each_step_and_leaves_nothing_behind(house: House) -> None:
    house.sim.control("/settings", {"stale_seconds": 0.6})

    report = house.json("doctor", "--probe", "--domain", "example.com", "--patience", "20")

    steps = {step["step"]: step for step in report["steps"]}
    assert list(steps) == ["create", "change password", "suspend", "restore", "delete"]
    assert steps["create"]["lag"] > 0 and steps["delete"]["lag"] > 0
    assert steps["change password"]["readable"] is False
    assert report["reads_show"] == ["existence", "services", "quota", "usage", "pak"]
    assert report["settle"] == 30 and report["problem"] is None
    assert house.sim.control("/state")["domains"]["example.com"]["mailboxes"] == {}


def test_the_probe_says_what_an_environment_that_provisions_nothing_shows(house: House) -> None:
    house.sim.control("/settings", {"stale_seconds": 600})

    result = house.run("doctor", "--probe", "--domain", "example.com", "--patience", "1")

    assert result.exit_code == 1
    assert (
        "no read showed it in time" in result.stdout and "keep `settle` as it is" in result.stdout
    )


def test_the_probe_deletes_its_mailbox_when_a_step_is_refused(house: House) -> None:
    house.sim.control("/faults", {"command": "ModifyPOP3", "fault": "balance"})

    result = house.run("doctor", "--probe", "--domain", "example.com", "--patience", "5")

    assert result.exit_code == 1
    assert "Error: Enom refused (error" in result.stderr and "left behind" in result.stderr
    assert house.sim.control("/state")["domains"]["example.com"]["mailboxes"] == {}


def test_the_probe_refuses_a_live_account_and_a_full_domain(house: House) -> None:
    house.sim.control("/domains", {"uid": "reseller", "domain": "example.net"})
    assert "the probe buys none" in house.refused("doctor", "--probe", "--domain", "example.net")
    assert "--domain" in house.refused("doctor", "--probe", code=2)
    assert "--account" in house.refused(
        "doctor", "--probe", "--account", "else", "--domain", "example.com", code=2
    )

    live = house.path.read_text().replace(
        "[accounts.main]", '[accounts.main]\nenvironment = "live"'
    )
    house.path.write_text(
        live.replace(house.sim.endpoint, "").replace(
            house.sim.hosted_email, "https://mail.example.test/api"
        )
    )

    assert "Account main is live" in house.refused("doctor", "--probe", "--domain", "example.com")


def test_something_else_at_the_address_is_found_and_one_that_is_not_of_this_machine(
    house: House,
) -> None:
    address = house.billing.url.partition("//")[2].partition("/")[0]
    house.configure(bridge__listen=address)
    assert f"Another program answers on {address} (HTTP 501)" in found(
        house, "FAIL"
    ) and "another port" in found(house, "FAIL")

    house.configure(bridge__listen="192.0.2.1:8080")
    assert "Cannot listen on 192.0.2.1:8080" in found(house, "FAIL")


def test_a_public_url_is_followed_to_the_bridge(house: House) -> None:
    house.start()
    assert house.running
    here = house.running.url
    house.configure(
        bridge__public_url=here.replace("127.0.0.1", "localhost"),
        bridge__listen=here.partition("//")[2],
    )
    assert "leads to a bridge" in found(house, "ok")

    house.configure(
        bridge__public_url=house.billing.url.removesuffix("/callback"),
        bridge__listen=here.partition("//")[2],
    )
    assert "does not lead to a bridge (HTTP 501)" in found(
        house, "warn"
    ) and "contrib/nginx" in found(house, "warn")

    house.configure(bridge__public_url="http://127.0.0.1:1", bridge__listen=here.partition("//")[2])
    assert "does not lead to a bridge (it refuses connections (127.0.0.1))" in found(house, "warn")


def test_a_proxy_whose_certificate_is_not_valid_is_told_as_that(
    house: House, untrusted: str
) -> None:
    """An admin who reads that nobody answers looks at firewalls and names, and finds nothing."""
    house.start()
    assert house.running
    house.configure(
        bridge__public_url=untrusted, bridge__listen=house.running.url.partition("//")[2]
    )

    reported = found(house, "warn")

    assert (
        "its certificate is not valid: self-signed certificate (127.0.0.1)" in reported
        and "fullchain.pem" in reported
    )

    sent = house.refused("send", "connection.test", "--source", "shop", "--url", untrusted)
    assert "its certificate is not valid: self-signed certificate" in sent


def test_a_full_disk_fails(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start()
    little = namedtuple("usage", "total used free")(1 << 40, 1 << 40, 5 << 20)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: little)
        assert "is full (5 MiB left): no hooks are accepted. Free some space." in found(
            house, "FAIL"
        )
    assert found(house, "FAIL") == ""


def test_writes_that_fail_fail(house: House) -> None:
    """As on a full disk that has some room for others: the file may not grow any more."""
    house.start(work=False)
    size = (house.folder / "bridge.sqlite3-wal").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        result = house.run("doctor")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (
        result.exit_code == 1 and "FAIL  database: The database cannot be used" in result.stdout
    ), result.stdout
    assert house.run("doctor").exit_code == 0


def test_a_bridge_without_a_worker_is_not_ready(house: House) -> None:
    house.start(work=False)
    assert house.running
    house.configure(bridge__listen=house.running.url.partition("//")[2])
    assert "ready: Not ready. No worker has asked for jobs" in found(house, "FAIL")


def test_a_list_of_senders_behind_an_unnamed_proxy_is_found(house: House) -> None:
    house.configure(
        source__allow_from=["192.0.2.0/24"], bridge__public_url="https://bridge.example.test"
    )
    assert "trusted_proxies" in found(house, "warn")


def test_a_mail_server_is_tried_up_to_the_message(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MailServer()
    try:
        house.configure(admin__notify="mailto:admin@example.com", admin__smtp=server.url)
        assert "accepts mail from this machine" in found(house, "ok")
        assert server.mails == []
        server.refusing = True
        assert "refuses mail from admin@example.com to admin@example.com: 451 later" in found(
            house, "FAIL"
        )
        server.refusing = False
        secret: dict[str, Any] = {
            "admin__smtp": server.url.replace("//", "//bridge@"),
            "admin__smtp_password": "Smtp-Secret.1",
        }
        house.configure(admin__notify="mailto:admin@example.com", **secret)
        assert "no STARTTLS, so the password was not sent" in found(house, "FAIL")
        assert "AUTH" not in server.verbs
    finally:
        server.close()


def test_a_domain_that_gets_no_mail_is_found_with_the_record_to_set(house: House) -> None:
    names = NameServer()
    try:
        host, port = names.address
        changes = {"bridge__resolver": f"{host}:{port}", "account__mail_hosts": ["hostedemail.com"]}
        house.configure(source__domains=["example.com"], **changes)
        names.put("example.com", ["10 mx.example.net."], "v=spf1 include:_spf.hostedemail.com ~all")
        warned = found(house, "warn")
        assert (
            "example.com receives no mail" in warned
            and "MX 10 mx.example.com.cust.a.hostedemail.com." in warned
        )
        assert "example.com sends mail. Advised: _dmarc.example.com. TXT" in found(house, "ok")
        names.put("example.com", ["10 mx.example.net."], "v=spf1 -all")
        warned = found(house, "warn")
        assert "Mail from example.com may be rejected. Its SPF record does not include" in warned
        assert '"v=spf1 include:_spf.hostedemail.com -all"' in warned
        names.failing = True
        warned = found(house, "warn")
        assert "Whether example.com receives mail is unknown" in warned
        assert "Whether mail from example.com is accepted is unknown" in warned
    finally:
        names.close()


def test_mailboxes_whose_customer_nobody_told_are_counted(house: House) -> None:
    house.start()
    assert "the customer" not in house.run("doctor").stdout
    house.send("mailbox.create", "ann@example.com", "1", customer_id="11")
    assert "source shop: The customer of each of its 1 mailboxes is known." in found(house, "ok")
    house.send("mailbox.create", "bob@example.com", "2")
    assert "The customer of 1 of its 2 mailboxes is unknown" in found(house, "warn")
    house.configure(source__domain_per_customer=False)
    assert "domain_per_customer = false" in found(house, "ok")
    assert "mailboxes is unknown" not in found(house, "warn")
