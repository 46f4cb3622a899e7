"""What is held on an address can be shown whole, and removed whole once its mailbox is gone;
what is another's stays."""

import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.domain.model import Address
from bridge.domain.service_events import Usage
from bridge.infra import logs
from bridge.store import names
from bridge.store.base import tables
from tests.flow.test_secrets import leaks
from tests.support.bridge import PASSWORD, add_domain
from tests.support.scene import Open, Scene

JOHN = "john.doe@example.com"
NEIGHBOUR = "mary.john.doe@example.com"
PERSONAL = (JOHN, "John Q. Planted", "Owes us for May", "msg_john", "customer-of-john")
sqlite = pytest.mark.parametrize("store", ["sqlite"])


def command(scene: Scene, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(scene.path), *words])


def live(scene: Scene) -> None:
    """A life that leaves something in every table, and a neighbour whose address holds the same
    words."""
    scene.do(
        "create",
        id="msg_john1",
        password=PASSWORD,
        display_name=PERSONAL[1],
        customer_id=PERSONAL[4],
    )
    scene.do(
        "create",
        id="msg_mary",
        address=NEIGHBOUR,
        service_id="8",
        password=PASSWORD,
        display_name="Mary",
    )
    nearly_full(scene)
    followed(scene)
    scene.do("suspend", id="msg_john2", reason=PERSONAL[2])
    scene.do("unsuspend", id="msg_john3")
    scene.do("renew", id="msg_john4", until="2031-01-01")
    scene.do("renew", id="msg_john5", until="2041-01-01")  # held: too many years
    scene.do("renew", id="msg_mary2", address=NEIGHBOUR, service_id="8", until="2041-01-01")
    back = scene.body("job.withdraw", hook="msg_john3")
    scene.post("/hooks/shop", back, scene.sign(back, "msg_john_back"))
    scene.send("mailbox.create", id="msg_john6", password="one two", display_name=PERSONAL[1])
    scene.send("mailbox.create", id="msg_mary3", address=NEIGHBOUR, password="one two")


def nearly_full(scene: Scene) -> None:
    """An event, which is sent."""
    usage = Usage("shop", "main", JOHN, "7", used=95, quota=100, threshold=90)
    assert scene.service.service_events.note_usage(usage, {"address": JOHN, "service_id": "7"})
    scene.engine.background.event_sender.send_due()


def followed(scene: Scene) -> None:
    """What a platform with subscriptions leaves, of both."""
    links = scene.service.first_password
    with scene.service.database.write() as tx:
        for address, service in ((JOHN, "7"), (NEIGHBOUR, "8")):
            of = {"source": "shop", "service_id": service, "address": address}
            said = {"account": "main", "action": "mailbox.ensure", "status": "active"}
            at = {"said_at": scene.clock.now, "said_in": ["evt_1"]}
            tx.execute(sa.insert(tables.subscriptions).values(**of, **said, **at))
            written = {"status": "active", "address": address}
            tx.execute(sa.insert(tables.write_backs).values(**of, written=written))
    for address in (JOHN, NEIGHBOUR):
        links.for_address(address, "ann")


def everything(scene: Scene) -> dict[str, str]:
    """Each table as text, with the parked bodies opened."""
    found: dict[str, str] = {}
    with scene.service.database.read() as tx:
        for table in tables.metadata.sorted_tables:
            rows = [dict(row) for row in tx.execute(sa.select(table)).mappings()]
            found[table.name] = json.dumps(rows, default=str, ensure_ascii=False)
    return found


@pytest.fixture
def scene(open_scene: Open) -> Scene:
    scene = open_scene(account__purchase="paks")
    live(scene)
    return scene


def erased(scene: Scene) -> Result:
    scene.do("terminate", id="msg_john7")
    scene.call_back(60)
    return command(scene, "mailboxes", "erase", JOHN, "--apply")


def test_an_export_holds_all_of_it_and_no_secret(scene: Scene) -> None:
    result = command(scene, "mailboxes", "export", "John.Doe@Example.com")

    assert (result.exit_code, leaks(result.stdout)) == (0, [])
    reported: dict[str, Any] = json.loads(result.stdout)
    assert {name: len(rows) for name, rows in reported.items() if name != "address"} == {
        "mailboxes": 1, "hooks": 6, "parked": 1, "jobs": 5, "commands": 5, "callbacks": 5, "purchases": 1, "notes": 1,
        "differences": 0, "events": 1, "audit": 1, "subscriptions": 1, "write_backs": 1, "password_links": 1,
    }  # fmt: skip
    assert all(word in result.stdout for word in PERSONAL)
    assert NEIGHBOUR not in result.stdout
    assert not [word for word in ("sealed", "digest") if word in result.stdout]


def test_after_an_erasure_nothing_of_it_is_in_any_table_and_the_neighbour_is_as_before(
    scene: Scene,
) -> None:
    before = json.loads(command(scene, "mailboxes", "export", NEIGHBOUR).stdout)

    result = erased(scene)

    assert result.exit_code == 0, result.output
    assert "purchases 1" in result.stdout and "Not covered: the log" in result.stdout
    left = {
        name: word
        for name, text in everything(scene).items()
        for word in PERSONAL
        if names(text, word) or (word != JOHN and word in text)
    }
    assert left == {}
    assert (
        command(scene, "mailboxes", "export", JOHN).stderr
        == f"Error: Nothing is stored about {JOHN}.\n"
    )
    after = json.loads(command(scene, "mailboxes", "export", NEIGHBOUR).stdout)
    reported = (
        "status",
        "tries",
        "ended_at",
        "next_at",
        "last_status",
    )  # its callbacks went out meanwhile
    for view in (before, after):
        for callback in view["callbacks"]:
            for name in reported:
                callback.pop(name)
    assert after == before
    assert len(json.loads(everything(scene)["purchases"])) == 1


def test_without_apply_it_is_only_shown(scene: Scene) -> None:
    scene.do("terminate", id="msg_john7")
    scene.call_back(60)
    before = everything(scene)
    shown = command(scene, "mailboxes", "erase", JOHN)
    assert "Nothing changed yet" in shown.stdout and "jobs 6" in shown.stdout
    reported = json.loads(command(scene, "mailboxes", "erase", JOHN, "--json").stdout)
    assert (reported["applied"], reported["removed"]["jobs"], reported["purchases_kept"]) == (
        False,
        6,
        1,
    )
    assert everything(scene) == before


@sqlite
def test_what_must_stay_is_named_and_nothing_is_removed(scene: Scene) -> None:
    assert "is not delivered yet" in command(scene, "mailboxes", "erase", JOHN, "--apply").stderr
    scene.call_back(60)
    refusal = command(scene, "mailboxes", "erase", JOHN, "--apply")
    assert (
        refusal.exit_code == 1
        and "exists at the mail provider and belongs to service 7 of shop" in refusal.stderr
    )
    waiting = scene.hook("terminate")
    assert (
        f"enom-bridge jobs cancel {waiting['job']}"
        in command(scene, "mailboxes", "erase", JOHN, "--apply").stderr
    )
    scene.work(60)
    scene.call_back(60)
    scene.fault("GetPOP3", "error_500")
    assert (
        "Could not check at the mail provider"
        in command(scene, "mailboxes", "erase", JOHN, "--apply").stderr
    )
    assert command(scene, "mailboxes", "erase", JOHN, "--apply").exit_code == 0


@sqlite
def test_a_purchase_in_doubt_keeps_the_job_that_settles_it(open_scene: Open) -> None:
    scene = open_scene(account__purchase="paks", worker__retry_hours=0.01)
    add_domain(scene.sim, "example.net", pak=False)
    scene.fault("PurchasePOPBundle", "drop_before", times=None)
    scene.do("create", address="ann@example.net", password=PASSWORD)
    scene.call_back(60)
    assert (
        "is in doubt" in command(scene, "mailboxes", "erase", "ann@example.net", "--apply").stderr
    )


def test_a_mailbox_of_that_name_that_comes_again_goes_on_above_its_old_sequence(
    scene: Scene,
) -> None:
    last = scene.do("suspend")["sequence"]
    assert erased(scene).exit_code == 0
    assert scene.do("create", password=PASSWORD)["sequence"] > last + 1


@sqlite
def test_the_log_names_the_address_and_no_name_and_no_reason(open_scene: Open) -> None:
    written = io.StringIO()
    logs.configure("text", written)
    live(open_scene(account__purchase="paks"))
    log = written.getvalue()
    assert JOHN in log and not [word for word in PERSONAL[1:3] if word in log]


@sqlite
def test_nothing_of_it_is_left_in_free_pages_of_the_file(scene: Scene) -> None:
    file = scene.service.database.file
    assert file is not None and erased(scene).exit_code == 0
    with scene.service.database.engine.connect() as connection:
        assert connection.connection.driver_connection.execute(
            "PRAGMA wal_checkpoint(TRUNCATE)"
        ).fetchone() == (0, 0, 0)
    raw = file.read_bytes()
    assert NEIGHBOUR.encode() in raw
    assert not [word for word in PERSONAL[1:] if word.encode() in raw]


@sqlite
def test_a_note_about_a_longer_address_is_not_taken_for_one_about_this(scene: Scene) -> None:
    assert names(f"create of {JOHN} is held", JOHN) and names(f"<{JOHN.upper()}>.", JOHN)
    assert not [
        text
        for text in (f"x{JOHN}", f"mary.{JOHN}", f"{JOHN}.example", f"{JOHN}x")
        if names(text, JOHN)
    ]


def test_a_mistyped_domain_stands_in_the_way_of_neither_a_comparison_nor_an_erasure(
    open_scene: Open,
) -> None:
    scene, typo = open_scene(), "john@nowhere.example"
    receipt = scene.do("create", id="msg_typo", address=typo, service_id="9", password=PASSWORD)
    assert (receipt["status"], receipt["error"]["code"]) == ("failed", "domain_not_in_account")
    scene.call_back(60)
    reported = command(scene, "reconcile")
    assert (
        reported.exit_code == 0
        and "nowhere.example" in reported.stdout
        and "no domain could be compared" in reported.stdout
    )
    assert scene.service.lookup.page("differences", None)[0] == []
    assert command(scene, "mailboxes", "erase", typo, "--apply").exit_code == 0
    assert typo not in "".join(everything(scene).values())
    assert "nowhere.example" not in command(scene, "reconcile").stdout


def test_a_mailbox_of_a_service_is_not_erased_while_its_domain_is_in_no_account(
    open_scene: Open,
) -> None:
    scene = open_scene()
    scene.service.operator.adopt("main", Address.parse("ann@nowhere.example"), "shop", "9")
    refused = command(scene, "mailboxes", "erase", "ann@nowhere.example", "--apply")
    assert refused.exit_code == 1 and "Could not check at the mail provider" in refused.stderr
