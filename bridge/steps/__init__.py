"""What several use cases do in the same way: look at a mailbox and plan.

Needs a backend, and no store.
"""
