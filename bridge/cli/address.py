"""The address of a mailbox as an argument of a command."""

from typing import Any

import click

from hooks.address import normalise


class MailAddress(click.ParamType[str]):
    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return normalise(value)
        except ValueError as fault:
            self.fail(f"{value}: {fault}", param, ctx)
