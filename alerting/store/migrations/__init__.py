"""Migrations of the store, by alembic: one file a change of shape, in `versions/`."""
