"""The stand-in does with a module's answers what WHMCS documents.

The module here is fixtures/plugin, which obeys orders.
"""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.whmcs import Refused, Whmcs

PLUGIN = Path(__file__).parent / "fixtures" / "plugin"


class Shop:
    """One installation for all tests here: each orders services of its own and looks only at
    them."""

    def __init__(self, whmcs: Whmcs) -> None:
        self.whmcs = whmcs
        self.server = whmcs.add_server(hostname="panel.example", username="key", password="right")
        self.product = whmcs.save_product(
            settings={"1": "small"},
            custom_fields=["Mailbox|The mailbox"],
            options=[
                {"name": "Seats", "type": "quantity"},
                {"name": "Size", "type": "dropdown", "choices": ["1|One", "2|Two"]},
            ],
        )
        self.client = whmcs.add_client()

    def tell(self, **orders: Any) -> None:
        (self.whmcs.root / "storage" / "fake.json").write_text(json.dumps(orders))

    def order(self, domain: str = "one.example", **values: Any) -> dict[str, Any]:
        return self.whmcs.order(self.client, self.product, domain=domain, **values)

    def active(self, domain: str = "one.example", **values: Any) -> int:
        order = self.order(domain, **values)
        assert self.whmcs.pay(order["invoice"]) == {"CreateAccount": "success"}
        return int(order["service"])

    def status(self, service: int) -> str:
        return str(self.whmcs.service(service)["status"])

    def emails(self, service: int, kind: str) -> list[str]:
        return [
            mail["template"]
            for mail in self.whmcs.state()["emails"]
            if mail["relid"] == service and mail["kind"] == kind
        ]

    def queue(self, service: int) -> list[tuple[str, str, int, int]]:
        rows = [row for row in self.whmcs.state()["queue"] if row["service_id"] == service]
        return [
            (row["module_action"], row["last_attempt_error"], row["num_retries"], row["completed"])
            for row in rows
        ]

    def notes(self) -> list[tuple[str, dict[str, Any]]]:
        """What the module and its hooks were given."""
        path = self.whmcs.root / "storage" / "fake.log"
        return (
            [(what, given) for what, given in map(json.loads, path.read_text().splitlines())]
            if path.exists()
            else []
        )


@pytest.fixture(scope="module")
def installation(php: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Whmcs(tmp_path_factory.mktemp("standin"), PLUGIN, module="fake") as whmcs:
        yield Shop(whmcs)


@pytest.fixture
def shop(installation: Shop) -> Iterator[Shop]:
    installation.tell()
    (installation.whmcs.root / "storage" / "fake.log").unlink(missing_ok=True)
    before = len(installation.whmcs.faults())
    yield installation
    assert installation.whmcs.faults()[before:] == []


@pytest.fixture
def faulty(shop: Shop) -> Iterator[list[str]]:
    """The kinds of faults that a test expects to be found, in order."""
    before = len(shop.whmcs.faults())
    expected: list[str] = []
    yield expected
    assert [fault["kind"] for fault in shop.whmcs.faults()[before:]] == expected
    shop.whmcs.php(
        "-r", "require 'init.php'; WHMCS\\Database\\Capsule::table('standin_faults')->delete();"
    )


class TestCreate:
    def test_paid_order_is_created_and_welcomed_once(self, shop: Shop) -> None:
        order = shop.order(
            username="ada",
            password="s3cret",
            custom_fields={"Mailbox": "ada"},
            options={"Seats": 3, "Size": "2"},
        )
        assert (shop.status(order["service"]), shop.notes()) == ("Pending", [])
        assert shop.whmcs.pay(order["invoice"]) == {"CreateAccount": "success"}
        assert shop.whmcs.pay(order["invoice"]) == {}, "paid is paid"
        assert shop.status(order["service"]) == "Active"
        assert shop.emails(order["service"], "client") == ["Product Welcome Email"]
        params = dict(shop.notes())["CreateAccount"]
        assert params["customfields"] == {"Mailbox": "ada"}
        assert params["configoptions"] == {"Seats": 3, "Size": "2"}
        expected = {
            "serviceid": order["service"], "username": "ada", "password": "s3cret", "status": "Pending",
            "configoption1": "small", "configoption24": "", "server": True, "serverid": shop.server,
            "serverpassword": "right", "serversecure": True,
            "serverport": "", "moduletype": "fake", "producttype": "other", "addonId": 0, "domain": "one.example",
        }  # fmt: skip
        assert {name: params[name] for name in expected} == expected
        assert params["clientsdetails"]["email"] == "ada@customer.example"
        assert "suspendreason" not in params

    def test_failure_waits_in_the_queue_and_is_mailed_to_staff(self, shop: Shop) -> None:
        shop.tell(CreateAccount="No room left")
        order = shop.order()
        service = order["service"]
        assert shop.whmcs.pay(order["invoice"]) == {"CreateAccount": "No room left"}
        assert shop.status(service) == "Pending"
        assert shop.queue(service) == [("CreateAccount", "No room left", 0, 0)]
        assert (shop.emails(service, "admin"), shop.emails(service, "client")) == (
            ["Service Create Failed"],
            [],
        )
        (row,) = [row["id"] for row in shop.whmcs.state()["queue"] if row["service_id"] == service]
        shop.tell(CreateAccount="Still none")
        assert shop.whmcs.retry(row) == "Still none"
        assert shop.queue(service) == [("CreateAccount", "Still none", 1, 0)]
        shop.tell()
        assert shop.whmcs.retry_all() == {str(row): "success"}
        assert (shop.status(service), shop.queue(service)) == (
            "Active",
            [("CreateAccount", "Still none", 1, 1)],
        )
        assert (len(shop.emails(service, "admin")), len(shop.emails(service, "client"))) == (1, 1)

    @pytest.mark.parametrize("answer", [" success", "SUCCESS", "ok"])
    def test_only_the_exact_word_is_success(self, shop: Shop, answer: str) -> None:
        shop.tell(CreateAccount=answer)
        order = shop.order()
        assert shop.whmcs.pay(order["invoice"]) == {"CreateAccount": answer}
        assert shop.status(order["service"]) == "Pending"

    def test_user_name_and_password_are_made_at_creation(self, shop: Shop) -> None:
        order = shop.order("long-name.example")
        assert shop.whmcs.service(order["service"])["username"] == ""
        shop.whmcs.pay(order["invoice"])
        made = shop.whmcs.service(order["service"])
        assert (made["username"], len(made["password"])) == ("longname", 10)
        shop.tell(**{"OverrideModuleUsernameGeneration second": "hooked"})
        assert shop.whmcs.service(shop.active())["username"] == "hooked"

    def test_module_saves_properties(self, shop: Shop) -> None:
        shop.tell(CreateAccount="!save")
        service = shop.whmcs.service(shop.active())
        assert (service["username"], service["customfields"]["Remote Id"]) == ("saved", "r-1")

    def test_second_create_is_a_second_welcome(self, shop: Shop) -> None:
        service = shop.active()
        assert shop.whmcs.local_api("ModuleCreate", serviceid=service) == {"result": "success"}
        assert len(shop.emails(service, "client")) == 2


class TestHooks:
    def test_order_overrides_and_abort(self, shop: Shop) -> None:
        shop.tell(
            **{
                "PreModuleCreate first": {"configoption1": "a"},
                "PreModuleCreate second": {"configoption1": "b"},
            }
        )
        shop.active()
        assert [what for what, _ in shop.notes()] == [
            "OverrideModuleUsernameGeneration first", "OverrideModuleUsernameGeneration second", "PreModuleCreate first",
            "PreModuleCreate second", "CreateAccount", "AfterModuleCreate first", "AfterModuleCreate second",
        ]  # fmt: skip
        assert dict(shop.notes())["CreateAccount"]["configoption1"] == "b"
        shop.tell(**{"PreModuleCreate first": {"abortcmd": True}})
        order = shop.order()
        shop.whmcs.pay(order["invoice"])
        assert (shop.status(order["service"]), shop.queue(order["service"])) == ("Pending", [])

    def test_failed_hook_gets_the_message(self, shop: Shop) -> None:
        shop.tell(CreateAccount="no")
        shop.whmcs.pay(shop.order()["invoice"])
        assert dict(shop.notes())["AfterModuleCreateFailed first"]["failureResponseMessage"] == "no"

    def test_events_of_a_service(self, shop: Shop) -> None:
        service = shop.active()
        shop.whmcs.cancel(service, "too dear")
        shop.whmcs.edit(service, domain="new.example", custom_fields={"Mailbox": "eve"})
        notes = dict(shop.notes())
        assert notes["CancellationRequest first"]["reason"] == "too dear"
        assert notes["ServiceEdit first"] == {"userid": shop.client, "serviceid": service}
        assert shop.whmcs.service(service)["customfields"]["Mailbox"] == "eve"

    def test_hooks_count_only_from_the_next_save_on(self, php: None, tmp_path: Path) -> None:
        with Whmcs(tmp_path, PLUGIN, module="fake") as whmcs:
            hooks = whmcs.root / "modules" / "servers" / "fake" / "hooks.php"
            shutil.move(hooks, tmp_path / "hooks.php")
            product = whmcs.save_product()
            shutil.move(tmp_path / "hooks.php", hooks)
            assert whmcs.settings()["ModuleHooks"] == ""
            whmcs.save_product(id=product)
            assert whmcs.settings()["ModuleHooks"] == "fake"


class TestMoney:
    def test_overdue_is_suspended_paid_is_unsuspended_and_renewed(self, shop: Shop) -> None:
        service = shop.active()
        invoice = shop.whmcs.overdue(service)
        report = shop.whmcs.cron(daily=True)
        assert (report["suspended"], report["terminated"], report["usage_updates"]) == (1, 0, 1)
        found = shop.whmcs.service(service)
        assert (found["status"], found["suspendreason"], found["diskusage"]) == (
            "Suspended",
            "Overdue on Payment",
            12,
        )
        assert {metric["metric"]: metric["value"] for metric in shop.whmcs.state()["metrics"]} == {
            "emailaddr": 7
        }
        assert shop.whmcs.pay(invoice) == {"UnsuspendAccount": "success", "Renew": "success"}
        assert (shop.status(service), shop.whmcs.service(service)["suspendreason"]) == (
            "Active",
            "",
        )
        assert shop.whmcs.pay(shop.whmcs.renewal(service)) == {"Renew": "success"}

    def test_long_overdue_is_terminated(self, shop: Shop) -> None:
        service = shop.active()
        shop.whmcs.overdue(service, 40)
        shop.tell(SuspendAccount="busy")
        report = shop.whmcs.cron(daily=True)
        assert (report["not_suspended"], report["terminated"]) == (1, 1)
        assert (shop.status(service), shop.queue(service)) == (
            "Terminated",
            [("SuspendAccount", "busy", 0, 0)],
        )

    def test_other_cron_runs_only_its_hook(self, shop: Shop) -> None:
        service = shop.active()
        invoice = shop.whmcs.overdue(service)
        shop.whmcs.cron()
        assert [what for what, _ in shop.notes()][-2:] == [
            "AfterCronJob first",
            "AfterCronJob second",
        ]
        assert shop.status(service) == "Active"
        shop.whmcs.pay(invoice)


class TestService:
    def test_password_is_saved_only_on_success(self, shop: Shop) -> None:
        service = shop.active(password="old")
        shop.tell(ChangePassword="Too short")
        assert shop.whmcs.change_password(service, "x") == "Too short"
        assert shop.whmcs.service(service)["password"] == "old"
        shop.tell()
        assert shop.whmcs.change_password(service, "new") == "success"
        assert shop.whmcs.service(service)["password"] == "new"
        given = dict(shop.notes())["AfterModuleChangePassword first"]
        assert given == {"serviceid": service, "oldpassword": "old", "newpassword": "new"}
        shop.whmcs.command(service, "SuspendAccount", "abuse")
        assert (
            shop.whmcs.change_password(service, "newer")
            == "This service offers no change of password"
        )

    def test_upgrade_shows_the_module_the_new_product(self, shop: Shop) -> None:
        service = shop.active()
        large = shop.whmcs.save_product(name="Large", settings={"1": "large"})
        assert shop.whmcs.upgrade(service, options={"Seats": 9}) == "success"
        assert dict(shop.notes())["ChangePackage"]["configoptions"]["Seats"] == 9
        assert shop.whmcs.upgrade(service, large) == "success"
        assert dict(shop.notes())["ChangePackage"]["configoption1"] == "large"

    def test_buttons(self, shop: Shop) -> None:
        service = shop.active()
        assert shop.whmcs.custom(service, "look") == "success"
        assert shop.whmcs.custom(service, "other") == "The module offers no button other"
        shop.tell(TerminateAccount="locked")
        assert shop.whmcs.command(service, "TerminateAccount") == "locked"
        assert (shop.status(service), shop.queue(service)) == ("Active", []), (
            "a person saw it: nothing is queued"
        )

    def test_server_screens(self, shop: Shop) -> None:
        service = shop.active("one.example")
        assert shop.whmcs.test_connection(shop.server)["success"] is True
        found = shop.whmcs.sync(shop.server)
        (match,) = [match for match in found["matched"] if match["service"] == service]
        assert (match["status_differs"], match["product_differs"]) == (True, False)
        assert [account["domain"] for account in found["unknown"]] == ["stranger.example"]
        assert shop.whmcs.metrics() == {"emailaddr": "Mailboxes"}
        assert shop.whmcs.sso(service)["redirectTo"].startswith("https://panel.example/")


class TestLocalApi:
    def test_errors_are_the_modules_own_words(self, shop: Shop) -> None:
        service = shop.active()
        shop.tell(SuspendAccount="Not now")
        assert shop.whmcs.local_api("modulesuspend", accountid=service) == {
            "result": "error",
            "message": "Not now",
        }
        assert shop.whmcs.local_api("ModuleRenew", serviceid=service)["result"] == "error"
        assert shop.whmcs.local_api("ModuleCreate", serviceid=99999)["result"] == "error"
        plain = shop.whmcs.save_product(module="", name="No module")
        order = shop.whmcs.order(shop.client, plain)
        assert shop.whmcs.local_api("ModuleCreate", serviceid=order["service"])["result"] == "error"

    def test_update_changes_the_record_alone(self, shop: Shop) -> None:
        service = shop.active()
        shop.whmcs.local_api(
            "UpdateClientProduct",
            serviceid=service,
            status="Suspended",
            servicepassword="pw",
            notes="n",
        )
        (found,) = shop.whmcs.local_api("GetClientsProducts", serviceid=service)["products"][
            "product"
        ]
        assert (found["status"], found["password"], found["notes"]) == ("Suspended", "pw", "n")
        assert "SuspendAccount" not in dict(shop.notes())

    def test_messages(self, shop: Shop) -> None:
        ticket = shop.whmcs.local_api(
            "OpenTicket", deptid=1, subject="s", message="m", clientid=shop.client, noemail=True
        )
        assert shop.whmcs.local_api("AddTicketNote", ticketid=ticket["id"], message="n") == {
            "result": "success"
        }
        sealed = shop.whmcs.local_api("EncryptPassword", password2="pw")["password"]
        assert shop.whmcs.local_api("DecryptPassword", password2=sealed)["password"] == "pw"
        assert shop.whmcs.local_api("GetModuleQueue")["result"] == "success"
        assert (
            shop.whmcs.local_api("GetClientsDetails", clientid=shop.client)["client"]["country"]
            == "DE"
        )


class TestFaults:
    @pytest.mark.parametrize(
        ("order", "kinds", "answer"),
        [
            ("!throw", ["LengthException"], "thrown on demand"),
            ("!warn", ["warning", "warning"], "success"),
            ("!type", ["TypeError"], "strlen(): Argument #1"),
            ("!echo", ["output"], "success"),
            (["success"], ["answer"], "An unknown error"),
        ],
    )
    def test_nothing_is_swallowed(
        self, shop: Shop, faulty: list[str], order: Any, kinds: list[str], answer: str
    ) -> None:
        service = shop.active()
        shop.tell(SuspendAccount=order)
        assert shop.whmcs.command(service, "SuspendAccount").startswith(answer)
        faulty.extend(kinds)

    def test_ending_the_process(self, shop: Shop, faulty: list[str]) -> None:
        service = shop.active()
        shop.tell(SuspendAccount="!exit")
        with pytest.raises(Refused):
            shop.whmcs.command(service, "SuspendAccount")
        faulty.append("exit")

    def test_log_is_masked_and_kept_raw(self, shop: Shop) -> None:
        shop.tell(CreateAccount="!log")
        shop.active(password="pl4nted-s3cret")
        state = shop.whmcs.state()
        assert "pl4nted-s3cret" not in json.dumps(state["module_log"])
        assert "pl4nted-s3cret" in state["raw_log"][-1]["request"]


class TestProcesses:
    def test_do_not_lock_each_other_out(self, shop: Shop) -> None:
        services = [shop.order()["service"] for _ in range(6)]
        shop.tell(CreateAccount="!sleep1500")
        with ThreadPoolExecutor(8) as pool:
            calls = [
                pool.submit(shop.whmcs.command, service, "CreateAccount")
                for service in services[:4]
            ]
            callback = f"modules/servers/fake/callback.php?service={services[4]}"
            calls += [pool.submit(lambda: shop.whmcs.get(callback).json()["result"])]
            calls += [
                pool.submit(
                    lambda: shop.whmcs.cli(
                        "command", service=services[5], function="CreateAccount"
                    )["answer"]
                )
            ]
            assert [call.result() for call in calls] == ["success"] * 6
        order = [
            what for what, _ in shop.notes() if what in ("CreateAccount", "AfterModuleCreate first")
        ]
        assert order[:2] == ["CreateAccount"] * 2, "the second began before the first had ended"
        assert [shop.status(service) for service in services] == ["Active"] * 6

    def test_killed_server_keeps_its_data(self, php: None, tmp_path: Path) -> None:
        zipped = Path(shutil.make_archive(str(tmp_path / "plugin"), "zip", PLUGIN))
        with Whmcs(tmp_path, zipped, module="fake") as whmcs:
            client = whmcs.add_client()
            whmcs.stop()
            assert whmcs.cli("client")["client"] == client + 1
            whmcs.start()
            assert whmcs.add_client() == client + 2


class TestScreens:
    def test_every_page_renders(self, shop: Shop) -> None:
        service = shop.active("<b>.example")
        pages: list[tuple[str, dict[str, str | int]]] = [
            ("admin/index.php", {}),
            ("admin/clientsservices.php", {"id": service}),
            ("admin/configservers.php", {}),
            ("admin/configservers.php", {"id": shop.server}),
            ("admin/configproducts.php", {}),
            ("admin/configproducts.php", {"id": shop.product}),
            ("admin/modulequeue.php", {}),
            ("admin/serversync.php", {"id": shop.server}),
            ("admin/logs.php", {}),
            ("clientarea.php", {}),
            ("clientarea.php", {"action": "invoices"}),
            ("clientarea.php", {"action": "productdetails", "id": service}),
            ("cart.php", {}),
            ("cart.php", {"pid": shop.product}),
        ]
        for path, query in pages:
            page = shop.whmcs.get(path, "admin" if path.startswith("admin") else "client", **query)
            assert page.status_code == 200, (path, page.text[:300])
            assert "</html>" in page.text, path
            assert "<b>.example" not in page.text, f"{path} escapes what clients typed"

    def test_templates_are_not_escaped_for_the_module(self, shop: Shop) -> None:
        page = shop.whmcs.get("clientarea.php", action="productdetails", id=shop.active())
        assert (
            '<p id="module-output">one.example <i>raw</i> &lt;i&gt;raw&lt;/i&gt;</p>' in page.text
        )
        assert "Open the panel" in page.text

    def test_links_that_leave(self, shop: Shop) -> None:
        service = shop.active(username="ada")
        page = shop.whmcs.get(
            "clientarea.php", action="productdetails", id=service, dosinglesignon=1
        )
        assert page.headers["Location"] == "https://panel.example/ada"
        assert (
            shop.whmcs.get("clientarea.php", action="customaction", id=service)
            .headers["Location"]
            .endswith("/ada")
        )

    def test_forms(self, shop: Shop) -> None:
        service = shop.active()
        words = {"modulechangepassword": "true", "newpw": "neu", "confirmpw": "neu"}
        shop.whmcs.submit("clientarea.php", action="productdetails", id=service, **words)
        assert shop.whmcs.service(service)["password"] == "neu"
        shop.whmcs.submit(
            "admin/clientsservices.php", "admin", id=service, command="SuspendAccount"
        )
        assert shop.status(service) == "Suspended"

    def test_settings_of_the_module(self, shop: Shop) -> None:
        page = shop.whmcs.get("admin/configproducts.php", "admin", id=shop.product)
        assert '<option value="small" selected>Small plan</option>' in page.text
        assert "Where" not in page.text
        shop.tell(Plans="none")
        page = shop.whmcs.get("admin/configproducts.php", "admin", id=shop.product, mode="advanced")
        assert "Error: no plans today" in page.text
        assert "Where" in page.text

    def test_what_is_not_served(self, shop: Shop) -> None:
        for path in (
            "storage/whmcs.sqlite3",
            "includes/functions.php",
            "configuration.php",
            "init.php",
            "standin.php",
            "crons/cron.php",
        ):
            assert shop.whmcs.get(path).status_code == 404
        assert shop.whmcs.get("admin/index.php").status_code == 403
