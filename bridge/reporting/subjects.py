"""What a job, a hook or a callback is about, in words. Pure."""

from typing import Any, Protocol


class Row(Protocol):
    """A row of the store, or a plain mapping."""

    def __getitem__(self, name: str, /) -> Any: ...


def subject(row: Row) -> str:
    """A mailbox, or every one of a service."""
    return str(row["address"] or f"all mailboxes of service {row['service_id']}")
