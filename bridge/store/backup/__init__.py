"""Copies, dumps, and what a database that was set back has to forget."""
