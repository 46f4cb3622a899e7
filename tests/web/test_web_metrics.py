"""What Prometheus is told: the work of this process as it happens, and the database as it is."""

import socket
from contextlib import ExitStack
from typing import Any

import click
import pytest
import structlog.testing
from prometheus_client import generate_latest

from bridge.cli.process import metrics_listener
from bridge.cli.serve import chosen
from bridge.config import HostPort
from bridge.infra.periodic_tasks import AGAIN
from bridge.store.base import tables
from bridge.web.metrics import Listener, Metrics
from bridge.web.thread_limits import SCRAPES
from tests.support.scene import PASSWORD, Open, Scene
from tests.web.test_web_server import get


def lines(scene: Scene) -> dict[str, float]:
    text = generate_latest(scene.app.extensions["web"].metrics.registry).decode()
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("enom_bridge_"): float(value) for name, _, value in pairs}


def test_a_life_is_counted_where_it_happens(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    scene.fault("change_user", "drop_after")
    scene.do("suspend")
    scene.receiver.answers = [(500, {}), (200, {})]
    scene.call_back(60)
    seen = lines(scene)
    assert (
        seen[
            'enom_calls_total{account="main",api="interface",command="SetUpPOP3User",outcome="ok"}'
        ]
        == 1
    )
    assert (
        seen['enom_calls_total{account="main",api="hosted-email",command="get_user",outcome="ok"}']
        > 1
    )
    assert (
        seen[
            'enom_calls_total{account="main",api="hosted-email",command="change_user",outcome="unclear"}'
        ]
        == 1
    )
    assert seen['enom_call_duration_seconds_count{api="interface",command="SetUpPOP3User"}'] == 1
    assert seen['jobs_ended_total{action="mailbox.create",status="succeeded"}'] == 1
    assert seen['jobs_ended_total{action="mailbox.suspend",status="succeeded"}'] == 1
    assert seen['job_duration_seconds_count{action="mailbox.suspend"}'] == 1
    assert seen['job_retries_total{account="main",reason="settle"}'] >= 1
    attempts = seen['job_retries_total{account="main",reason="settle"}'] + 2
    assert seen['jobs_claimed_total{account="main"}'] == attempts
    assert seen['callbacks_sent_total{outcome="pending",source="shop"}'] == 1
    assert seen['callbacks_sent_total{outcome="delivered",source="shop"}'] == 2


def test_what_is_not_sent_with_post_is_no_request(scene: Scene) -> None:
    assert [
        scene.client.open("/hooks/shop", method=each).status_code for each in ("OPTIONS", "GET")
    ] == [200, 405]
    assert (
        sum(count for name, count in lines(scene).items() if name.startswith("requests_total")) == 0
    )
    assert scene.send("mailbox.suspend").status_code == 202
    assert lines(scene)['requests_total{path="hook",source="shop",status="202"}'] == 1


def test_a_command_of_the_admins_own_is_counted_without_its_name(open_scene: Open) -> None:
    own: dict[str, Any] = {"account__suspend_with": "commands", "hosted": None}
    own |= {"suspend__command": "OwnSuspend", "unsuspend__command": "OwnRestore"}
    scene = open_scene(**own)
    scene.do("create", password=PASSWORD)
    scene.do("suspend", seconds=60)
    named = [name for name in lines(scene) if name.startswith("enom_calls_total")]
    assert [name for name in named if 'command="other"' in name]
    assert not [name for name in named if "Own" in name]


def test_what_waits_for_people_and_money_is_shown(open_scene: Open) -> None:
    scene = open_scene(worker__retry_hours=0.05, account__purchase="paks")
    scene.fault("GetPOP3", "html", times=None)
    held = scene.do("create", seconds=900, password=PASSWORD)
    assert held["status"] == "held"
    scene.service.account_state.pause_account("main", "credentials", "refused")
    scene.service.account_state.pause_money("main", 600, "empty")
    seen = lines(scene)
    assert seen['jobs_held{account="main"}'] == 1
    assert (
        seen['account_paused{account="main"}'] == 1
        and seen['account_waits_for_money{account="main"}'] == 1
    )
    assert seen["notes_open"] == 3
    assert seen['purchases_today{account="main"}'] == 0
    assert seen["callbacks_oldest_seconds"] >= 0
    scene.periodic_tasks()
    assert lines(scene)['notes_sent_total{outcome="sent"}'] == 3
    scene.service.operator.retry(held["job"])
    assert lines(scene)['jobs_held{account="main"}'] == 0, "what is tried again waits for nobody"


def test_an_account_that_was_restored_is_paused_whatever_else_pauses_it_and_wants_no_money(
    scene: Scene,
) -> None:
    with scene.service.database.write() as tx:
        tx.execute(
            tables.accounts.update().values(restored_at=1.0, quiet_until=scene.clock.now + 60)
        )
    scene.service.operator.pause_account("main", "")
    scene.service.operator.resume_account("main")
    seen = lines(scene)
    assert (
        seen['account_paused{account="main"}'] == 1
        and seen['account_waits_for_money{account="main"}'] == 0
    )
    assert (scene.ask("connection.test").json or {})["data"]["account"]["paused"] == "restored"


def test_a_chore_that_fails_is_shown_until_it_works_again(scene: Scene) -> None:
    metrics, now = Metrics(scene.service), 0.0

    def failing() -> float | None:
        return metrics.registry.get_sample_value("enom_bridge_chore_failing", {"chore": "notes"})

    def turn() -> float | None:
        nonlocal now
        now += AGAIN
        scene.engine.background.lanes["notify"].run_due(lambda: now)
        return failing()

    assert turn() == 0
    outgoing = scene.engine.background.notes.outgoing
    post = outgoing.post
    outgoing.post = None  # type: ignore[method-assign, assignment]  # so that a note fails
    scene.service.account_state.pause_account("main", "credentials", "refused")
    assert turn() == 1
    outgoing.post = post  # type: ignore[method-assign]  # as it was
    assert turn() == 0


def test_a_reconciliation_is_shown_with_what_it_found(scene: Scene) -> None:
    known: dict[str, Any] = {
        "account": "main",
        "who": "night",
        "started_at": 1.0,
        "whole": True,
        "domains": 1,
        "unread": 0,
    }
    gone: dict[str, Any] = {
        "account": "main",
        "domain": "example.com",
        "kind": "gone",
        "detail": "-",
        "remedy": "-",
    }
    with scene.service.database.write() as tx:
        for ended in (100.0, 200.0):
            tx.execute(
                tables.reconciliations.insert().values(
                    **known, ended_at=ended, mailboxes=2, found={}
                )
            )
        tx.execute(tables.differences.insert(), [gone | {"since": 1.0, "seen_at": 1.0}] * 2)
    seen = lines(scene)
    assert seen['reconciliation_timestamp_seconds{account="main"}'] == 200
    assert seen['differences{account="main",kind="gone"}'] == 2


def test_a_worker_has_metrics_without_a_web_side(scene: Scene) -> None:
    metrics = Metrics(scene.service)
    scene.service.events.report("turn", loop="jobs")
    listener = Listener(metrics, HostPort("127.0.0.1", 0))
    try:
        status, text = get(listener.port, "/metrics")
    finally:
        listener.stop()
    assert status == 200
    assert (
        'enom_bridge_loop_turned_timestamp_seconds{loop="jobs"}' in text
        and "enom_bridge_build_info{" in text
    )


def test_only_so_many_ask_for_metrics_at_a_time_and_none_for_long(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.metrics.Scrape.timeout", 0.5)
    listener = Listener(Metrics(scene.service), HostPort("127.0.0.1", 0))
    try:
        with ExitStack() as wires:
            slow = [
                wires.enter_context(socket.create_connection(("127.0.0.1", listener.port), 20))
                for _ in range(SCRAPES + 1)
            ]
            assert slow[-1].recv(1) == b"", "one too many is closed at once"
            assert [wire.recv(1) for wire in slow] == [b""] * len(slow), (
                "who asks nothing is closed in the end"
            )
        assert get(listener.port, "/metrics")[0] == 200
    finally:
        listener.stop()


@pytest.mark.parametrize("path", ["hook", "query"])
def test_no_series_names_a_person_or_an_address(scene: Scene, path: str) -> None:
    scene.do("create", password=PASSWORD, address="john@example.com", display_name="John Doe")
    scene.ask("mailbox.status", service_id="7", address="john@example.com")
    text = generate_latest(scene.app.extensions["web"].metrics.registry).decode()
    assert f'path="{path}"' in text
    assert "john" not in text.lower() and "example.com" not in text


def test_what_alarms_look_at_begins_with_nought(scene: Scene) -> None:
    """The first one that happens is an increase only then."""
    seen = lines(scene)
    assert seen['callbacks_sent_total{outcome="exhausted",source="shop"}'] == 0
    assert seen['notes_sent_total{outcome="failed"}'] == 0
    assert seen['jobs_ended_total{action="mailbox.create",status="failed"}'] == 0
    assert seen['requests_total{path="hook",source="shop",status="401"}'] == 0


def test_an_address_that_is_taken_is_said_and_stops_nothing(scene: Scene) -> None:
    metrics = Metrics(scene.service)
    first = Listener(metrics, HostPort("127.0.0.1", 0))
    try:
        with structlog.testing.capture_logs() as said:
            assert metrics_listener(metrics, HostPort("127.0.0.1", first.port)) is None
    finally:
        first.stop()
    assert "--metrics-listen" in said[0]["event"] and said[0]["log_level"] == "error"
    assert metrics_listener(metrics, None) is None


def test_the_command_line_says_where_metrics_go(scene: Scene) -> None:
    assert chosen(
        scene.settings, metrics_listen="127.0.0.1:9109"
    ).bridge.metrics_listen == HostPort("127.0.0.1", 9109)
    assert chosen(scene.settings, metrics_listen="").bridge.metrics_listen is None
    assert chosen(scene.settings).bridge == scene.settings.bridge
    with pytest.raises(click.BadParameter, match="host:port"):
        chosen(scene.settings, metrics_listen="9109")
