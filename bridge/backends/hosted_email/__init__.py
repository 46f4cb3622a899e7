"""The hosted-email platform, reached by its own API."""
