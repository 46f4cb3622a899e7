"""enom-bridge: signed billing hooks in, verified Enom mailbox changes and signed status
callbacks out."""

__version__ = "0.2.0"
