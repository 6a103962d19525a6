"""The statements that stores are sent, compiled once by each process that tests: every store that is opened would compile all of them anew."""

from __future__ import annotations

import sqlalchemy as sa

from alerting.store import store

_SIZE = 4000
"""Statements that are remembered: more than there are. An engine by itself remembers 500."""

_open = store._engine
_compiled: dict[str, tuple[sa.Dialect, sa.util.LRUCache]] = {}
"""By the name of a database's kind, how it is spoken to, and what was compiled for it."""


def compile_once() -> None:
    """Let each store that is opened take what an earlier one of its kind has compiled."""
    store._engine = _engine


def _engine(url: str) -> sa.Engine:
    engine = _open(url)
    if (known := _compiled.get(engine.name)) is not None:
        engine.dialect, engine._compiled_cache = known
        engine.pool._dialect = engine.dialect
    else:
        # Before it has spoken to a server, a dialect does not know what that can do.
        sa.event.listen(
            engine, "connect", lambda *_: _compiled.setdefault(engine.name, (engine.dialect, sa.util.LRUCache(_SIZE)))
        )
    return engine
