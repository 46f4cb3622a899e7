"""What was sold of services with seats beside what they use: in sums, in lines, as a plain object.
Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.reporting.lists import first

Row = Mapping[str, Any]
"""One service: `source`, `service_id`, `seats` and how many mailboxes it has, `used`."""


def sums(services: Sequence[Row]) -> dict[str, int]:
    """`empty` and `over` do not stand for each other: each is of its own services."""
    return {
        "services": len(services),
        "sold": sum(each["seats"] for each in services),
        "used": sum(each["used"] for each in services),
        "empty": sum(max(0, each["seats"] - each["used"]) for each in services),
        "over": sum(max(0, each["used"] - each["seats"]) for each in services),
    }


def over(services: Sequence[Row]) -> list[Row]:
    return [each for each in services if each["used"] > each["seats"]]


def described(services: Sequence[Row]) -> dict[str, Any]:
    return sums(services) | {"services_over": [dict(each) for each in over(services)]}


def lines(services: Sequence[Row], most: int | None = 10) -> Iterator[str]:
    """Nothing where no service was sold seats. `most`: lines of the list, None for all."""
    if not services:
        return
    total = sums(services)
    yield (
        f"{total['sold']:7,}  mailboxes sold in services with seats ({total['services']:,}): "
        f"{total['used']:,} used, {total['empty']:,} empty, {total['over']:,} over"
    )
    too_many = over(services)
    if too_many:
        yield ""
        yield "Services with more mailboxes than were sold:"
        yield from (f"  {each}" for each in first([line(row) for row in too_many], most))


def line(row: Row) -> str:
    return (
        f"service {row['service_id']} of {row['source']}: {row['used']:,} mailboxes, "
        f"{row['seats']:,} sold"
    )
