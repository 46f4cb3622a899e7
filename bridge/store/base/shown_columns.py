"""Which columns of a row people may see, on a page, on a terminal or in JSON: those that are named
here, and no others.

Rule 1: a new column is hidden until it is named. A table that is not here is shown to nobody.
"""

from collections.abc import Mapping
from typing import Any

from bridge.reporting.times import without_zero
from bridge.store.base.rows import Row

SHOWN: Mapping[str, tuple[str, ...]] = {
    table: tuple(names.split())
    for table, names in {
        "jobs": """
            id sequence hook_id source account domain address service_id action facts intent
            status waiting_for available_at lease_until tries undecided_since touched passed
            lifted purge withdrawn replaces service_job silent plan seen state changed verified message error code
            extra created_at started_at finished_at from_service_id tried_again_as
        """,
        "services": "id source service_id sequence seats suspended_by suspended_at",
        "hooks": """
            id source hook_id type received_at job_id errors dismissed_at address status
        """,
        "mailboxes": """
            id account domain address sequence source service_id state suspended_with
            saved_services sessions_ended quota delete_after settles_at observed_at customer_id
            customer_source gone_at used used_at aliases forwarding
            suspended_by awaits_password
        """,
        "subscriptions": """
            id source service_id account address action status plan final said_at
        """,
        "write_backs": "id source service_id address written next_at tries last_error",
        "password_links": """
            id mailbox_id source service_id created_at expires_at job_id ended_at
        """,
        "steps": """
            id job_id kind command arguments outcome error evidence started_at ended_at
            trust_after
        """,
        "purchases": """
            id account domain job_id step_id kind arguments outcome evidence started_at ended_at
            settles_at
        """,
        "callbacks": """
            id job_id source service_id sequence facts status tries next_at last_status
            last_error created_at ended_at pending_since address action waiting_for
            receiver_tries receiver_after
        """,
        "events": """
            id type account address source service_id data status tries next_at last_status
            last_error created_at ended_at below_at
        """,
        "accounts": """
            name paused detail probe_at pause_reason money_until quiet_until reconcile_at
            reconcile_lease restored_at
        """,
        "sources": """
            name paused detail suspensions_paused suspensions_from receiver_tries receiver_after
            sender compared_at
        """,
        "notes": "id subject cleared text created_at tries next_at",
        "audit": "id at who action target detail",
        "reconciliations": """
            id account who started_at ended_at whole domains unread mailboxes found
        """,
        "differences": """
            id account domain address kind source service_id detail remedy since seen_at
        """,
        "paks": "account domain bundle used free expires seen_at",
    }.items()
}
"""Table -> its columns, and what the queries of lists add to them."""

ERROR = ("code", "detail", "remote", "limit")
"""Of an error as it is stored. How it is made anew from that is nobody's business."""


def shown(table: str, row: Row) -> dict[str, Any]:
    """A row of this table for people. Its times stay epoch seconds; whoever prints it makes text of
    them.
    """
    fields = {name: without_zero(row[name], name) for name in SHOWN[table] if name in row}
    if fields.get("error"):
        fields["error"] = {name: fields["error"][name] for name in ERROR if name in fields["error"]}
    if table == "jobs":
        fields["password_kept"] = row["sealed"] is not None
    if table == "hooks":
        # What is sealed in a hook is its whole body, while it is parked.
        fields["body_kept"] = row["sealed"] is not None
        fields["id"] = row["hook_id"]  # a delivery's own, by which every command and query knows it
    ids = {name: str(value) for name, value in fields.items() if is_id(name) and value is not None}
    return fields | ids


def is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id")
