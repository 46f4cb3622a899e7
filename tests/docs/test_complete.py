"""Every name that a reader may meet stands on its page, and the pages name nothing that is not
there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import Schema, fields

from bridge.config import load
from bridge.config.schema import Document, Named
from bridge.domain.actions import ACTIONS, decides
from bridge.domain.differences import DifferenceKind
from bridge.domain.errors import CODES
from bridge.domain.jobs import STATES, WaitingFor
from bridge.domain.model import Fact
from bridge.pipeline import queries
from bridge.pipeline.callbacks import RETRIES
from bridge.reconcile.shadow import Agreement
from bridge.sim import Simulator
from bridge.web.metrics import Metrics
from bridge.wiring import build, prepare
from hooks import PLATFORMS
from tests.docs.pages import PAGES, first_cells, section, text
from tests.support.bridge import furnish, write_config

REQUIRED = "**required**"


def test_hooks_and_queries_are_on_the_page_of_http():
    assert set(ACTIONS) | set(queries.QUESTIONS) <= first_cells("docs/http.md")


def test_the_fields_of_each_hook_and_query_are_on_the_page_of_http():
    page = section("docs/http.md", "Hooks") + section("docs/http.md", "Queries")
    for schemas in (PLATFORMS["standard"].ACTIONS, PLATFORMS["standard"].QUESTIONS):
        for type, schema in schemas.items():
            row = next(line for line in page.splitlines() if line.startswith(f"| `{type}` |"))
            own = set(schema().fields) - (
                {"service_id", "address", "customer_id"}
                if type in PLATFORMS["standard"].ACTIONS
                else set()
            )
            assert {field for field in own if f"`{field}`" not in row} == set(), type
    assert "* `customer_id`: " in page  # of every hook, so it stands in no row


def test_the_facts_of_each_hook_are_on_the_page_of_http():
    for type in ACTIONS:
        row = next(
            line
            for line in section("docs/http.md", "Hooks").splitlines()
            if line.startswith(f"| `{type}` |")
        )
        result = row.rstrip(" |").rpartition("|")[2]
        facts = decides(type)
        assert (
            result.strip() == "all"
            if len(facts) == len(Fact)
            else all(fact in result for fact in facts)
        ), type


def test_the_pauses_between_callbacks_are_the_ones_of_the_program():
    row = re.search(r"^\| after the one before \| (.+) \|$", text("docs/http.md"), re.MULTILINE)
    units = {"s": 1, "min": 60, "h": 3600}
    result = [float(cell.split()[0]) * units[cell.split()[1]] for cell in row[1].split(" | ")]
    assert tuple(result) == RETRIES


def test_error_codes_are_on_the_page_of_errors_and_no_others():
    table = section("docs/errors.md", "Codes")
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(CODES)


def test_job_states_and_what_they_wait_for_are_on_the_page_of_errors():
    rows = re.findall(
        r"^\| `?(\w+)`? \|.*\| (.*) \|$", section("docs/errors.md", "Job states"), re.MULTILINE
    )
    table = dict(rows)
    for state, following in STATES.items():
        assert set(re.findall(r"`(\w+)`", table[state])) == following
    assert set(WaitingFor) | {"null"} <= set(table)


@pytest.fixture
def metric_names(tmp_path) -> Iterator[set[str]]:
    with Simulator() as simulator:
        furnish(simulator)
        service = build(load(write_config(tmp_path, simulator), {}))
        try:
            prepare(service)
            metrics = Metrics(service)
            metrics.request("hook", "shop", 200, 0.1)
            families = list(metrics.registry.collect())
            yield {
                f"{family.name}_total" if family.type == "counter" else family.name
                for family in families
            }
        finally:
            service.close()


def test_metrics_are_on_the_page_of_http_and_no_others(metric_names):
    table = section("docs/http.md", "Health and metrics")
    assert set(re.findall(r"^\| `(enom_bridge_\w+)` \|", table, re.MULTILINE)) == metric_names


def settings(schema: Schema, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Table, key and default of every setting, as the page names them."""
    for key, field in schema.fields.items():
        inner = f"{path}.{key}".lstrip(".")
        if isinstance(field, fields.Nested):
            yield from settings(field.schema, inner)
        elif isinstance(field, Named) and (
            entries := [entry for entry in field.entries() if isinstance(entry, Schema)]
        ):
            for entry in entries:
                yield from settings(entry, f"{inner}.NAME")
        else:
            yield path, key, REQUIRED if field.required else field.load_default


def in_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {in_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(in_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def settings_told() -> set[tuple[str, str, str]]:
    """Likewise, as the page tells them: a table for each heading."""
    result, tables = set(), []
    for line in text("docs/configuration.md").splitlines():
        if line.startswith("#"):
            tables = re.findall(r"`\[([\w.]+)\]`", line)
        elif row := re.match(r"\| `(\w+)` \| (?:`(.+?)`|(\*\*required\*\*)) \|", line):
            result |= {(table, row[1], row[2] or row[3]) for table in tables}
    return result


def test_settings_are_on_the_page_of_configuration_with_their_defaults_and_no_others():
    known = {
        (table, key, default if default == REQUIRED else in_toml(default))
        for table, key, default in settings(Document())
    }
    assert settings_told() == known


def test_the_layers_are_on_the_page_of_design_as_the_contract_has_them():
    import tomllib

    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    page = text("docs/design.md")
    for contract in contracts[:2]:
        assert "\n".join(contract["layers"]) in page


def test_no_page_was_written_in_one_encoding_and_read_in_another():
    """An ellipsis of three bytes that was taken for three characters, and the like."""
    for page in PAGES:
        found = re.findall(r"[\u00c2-\u00f4][\u0080-\u00bf]|\ufffd", page.read_text("utf-8"))
        assert found == [], page.name


def test_the_changelog_begins_with_the_version_of_the_program():
    from bridge import __version__

    assert (
        re.search(r"^## \[(.+?)\] - \d{4}-\d{2}-\d{2}$", text("CHANGELOG.md"), re.MULTILINE)[1]
        == __version__
    )


def test_kinds_of_differences_and_verdicts_are_on_the_page_of_reconcile_and_no_others():
    rows = re.findall(r"^\| `(\w+)` \|", section("docs/reconcile.md", "Differences"), re.MULTILINE)
    assert rows == [str(kind) for kind in DifferenceKind]
    rows = re.findall(
        r"^\| `(\w+)` \|", section("docs/reconcile.md", "After a week of observing"), re.MULTILINE
    )
    assert set(rows) == {str(verdict) for verdict in Agreement}
