"""Alarms and dashboard name only metrics that exist, and every alarm has a remedy on its page."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT, section, text
from tests.docs.test_complete import metric_names
from tests.support.programs import needed

__all__ = ["metric_names"]

PROMETHEUS = ROOT / "contrib" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "enom-bridge.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads(text("contrib/grafana/enom-bridge.json"))
SHOWN = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
PAGE = "docs/monitoring.md"


def named(expression: str) -> set[str]:
    return set(re.findall(r"\benom_bridge_\w+", expression))


def test_alarms_and_dashboard_name_metrics_that_exist(metric_names: set[str]) -> None:
    for expression in [*(rule["expr"] for rule in RULES), *SHOWN]:
        for name in named(expression):
            plain = re.sub(r"_(bucket|count|sum)$", "", name)
            assert name in metric_names or (plain.endswith("_seconds") and plain in metric_names), (
                name
            )
        assert named(expression) or expression.startswith("up{"), expression


def test_every_metric_of_work_and_trouble_is_shown_or_alarmed_on(metric_names: set[str]) -> None:
    used = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for text in [*SHOWN, *(rule["expr"] for rule in RULES)]
        for name in named(text)
    }
    assert metric_names - used == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alarm_has_a_remedy_on_its_page(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook"] == f"{PAGE}#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket")
    result = section(PAGE, rule["alert"])
    assert len(result.strip()) > 40, "no remedy"


def test_the_page_has_no_alarm_that_is_gone() -> None:
    assert set(re.findall(r"^### (EnomBridge\w+)$", text(PAGE), re.MULTILINE)) == {
        rule["alert"] for rule in RULES
    }


def test_panels_do_not_overlap_and_ask_the_source_that_was_chosen() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["datasource"]["uid"] == "${source}"


def test_prometheus_itself_takes_the_rules(tmp_path: Path) -> None:
    for what in (["rules", "enom-bridge.rules.yml"], ["config", "prometheus.yml"]):
        done = subprocess.run(
            [needed("promtool"), "check", *what], cwd=PROMETHEUS, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_alarms_go_off_as_they_should(tmp_path: Path) -> None:
    """A day of numbers, by Prometheus's own evaluation."""

    def alarm(
        name: str, at: str, series: dict[str, str], fires: bool = True, **labels: str
    ) -> dict[str, Any]:
        rule = next(rule for rule in RULES if rule["alert"] == name)
        expected = [{"exp_labels": labels | rule["labels"], "exp_annotations": {}}] if fires else []
        given = [{"series": key, "values": value} for key, value in series.items()]
        return {
            "interval": "1m",
            "input_series": given,
            "alert_rule_test": [{"eval_time": at, "alertname": name, "exp_alerts": expected}],
        }

    both = {
        f'enom_bridge_jobs_held{{account="main",job="enom-bridge",instance="{n}"}}': "0x10 3x60"
        for n in "ab"
    }
    up = {'up{job="enom-bridge",instance="a"}': "1x60"}
    reads = {'enom_bridge_callbacks_oldest_seconds{job="enom-bridge",instance="a"}': "0x60"}
    ended = 'enom_bridge_jobs_ended_total{action="mailbox.create",instance="a",status='
    half = {f'{ended}"failed"}}': "0+1x70", f'{ended}"succeeded"}}': "0+1x70"}
    few = {f'{ended}"failed"}}': "0+1x70", f'{ended}"succeeded"}}': "0+9x70"}
    given_up = {
        'enom_bridge_callbacks_sent_total{source="shop",outcome="exhausted",instance="a"}': "0x10 1x60"
    }
    unsent = {'enom_bridge_notes_sent_total{outcome="failed",instance="a"}': "0x10 1+1x60"}
    unsent |= {'enom_bridge_notes_sent_total{outcome="sent",instance="a"}': "3x70"}
    stopped = {
        f'enom_bridge_suspensions_paused{{source="shop",instance="{n}"}}': "0x10 1x60" for n in "ab"
    }
    silent = {'enom_bridge_receiver_unanswered{source="shop",instance="a"}': "0x10 1+1x60"}
    tests = [
        alarm("EnomBridgeSuspensionsPaused", "12m", stopped, source="shop"),
        alarm("EnomBridgeSuspensionsPaused", "9m", stopped, fires=False),
        alarm("EnomBridgeReceiverSilent", "30m", silent, source="shop"),
        alarm("EnomBridgeReceiverSilent", "20m", silent, fires=False),
        alarm("EnomBridgeJobsHeld", "40m", both, account="main", job="enom-bridge"),
        alarm("EnomBridgeJobsHeld", "20m", both, fires=False),
        alarm("EnomBridgeDatabaseAway", "10m", up, job="enom-bridge", instance="a"),
        alarm("EnomBridgeDatabaseAway", "10m", up | reads, fires=False),
        alarm("EnomBridgeJobsFail", "60m", half, action="mailbox.create"),
        alarm("EnomBridgeJobsFail", "60m", few, fires=False),
        alarm("EnomBridgeCallbacksGivenUp", "30m", given_up, source="shop"),
        alarm("EnomBridgeNotesStuck", "50m", unsent),
    ]
    rules = yaml.safe_load((PROMETHEUS / "enom-bridge.rules.yml").read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        rule["annotations"] = {}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "test.yml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests})
    )
    done = subprocess.run(
        [needed("promtool"), "test", "rules", "test.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
