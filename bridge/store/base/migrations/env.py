"""Alembic's entry: runs migrations on the connection that `bridge.store.base.migrate` passes,
inside its transaction.
"""

from alembic import context

from bridge.store.base.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
