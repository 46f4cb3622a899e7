"""Pages of what the store keeps, for the commands that list it."""

from collections.abc import Callable, Mapping, Sequence

import click

from bridge.cli.session import session
from bridge.cli.show import Item, page
from bridge.domain.filtering import NoSuchValue
from bridge.wiring import Service


def listing(
    ctx: click.Context,
    what: str,
    columns: Sequence[str],
    *,
    limit: int,
    everything: bool,
    after: str | None,
    as_json: bool,
    shown: Callable[[Item], Item] = dict,
    **filters: str | None,
) -> None:
    """Prints a page of what the store keeps: `what` and its `filters` in the words of Lookup.page.

    `shown` makes of an item what a person reads; JSON has it as it is.
    """
    with session(ctx) as service:
        wanted = filtered(service, what, filters)
        items, following = service.lookup.page(what, None if everything else limit, after, **wanted)
    page(items if as_json else [shown(item) for item in items], following, columns, as_json)


def filtered(service: Service, what: str, given: Mapping[str, str | None]) -> dict[str, str | None]:
    """The filters of a list, as the store looks for them.

    Raises UsageError where nothing can have such a value.
    """
    try:
        return service.filters(what, given)
    except NoSuchValue as wrong:
        option = wrong.name.removesuffix("_id").replace("_", "-")
        raise click.UsageError(f"--{option}: {wrong.sentence}") from None
