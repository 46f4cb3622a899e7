"""Enom: interface.asp for paks, mailboxes and passwords, the hosted-email API for services,
quota and usage."""

from bridge.backends.enom.backend import EnomBackend
from bridge.backends.enom.settings import Command, EnomAccount

__all__ = ["Command", "EnomAccount", "EnomBackend"]
