"""The hosted-email API that Enom's and OpenSRS's mail runs on [D]: a backend by itself, and what
Enom's own API cannot do."""

from bridge.backends.hosted_email.backend import HostedEmail
from bridge.backends.hosted_email.settings import HostedEmailAccount

__all__ = ["HostedEmail", "HostedEmailAccount"]
