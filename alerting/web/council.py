"""One council's service as the page uses it: config.yaml as it is now, the store, the day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alerting.delivery.sending import Clock
from alerting.errors import AlertingError, ConfigError
from alerting.logs import Entry, Event, Log
from alerting.page_settings import Page

if TYPE_CHECKING:
    from alerting.app import App
    from alerting.store.store import Store, Transaction

_OLD_AFTER = timedelta(minutes=15)
"""After so long the rules are read again, as one may have changed."""


@dataclass(kw_only=True)
class Council:
    """A council's service. build: reads config.yaml, whose path is `config`, and the rules anew, as they may have changed."""

    config: Path
    build: Callable[[], App]
    clock: Clock
    log: Log
    #: Held by whoever asks the case data: it is read for one page at a time.
    at_case_data: threading.Lock = field(default_factory=threading.Lock)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _app: App | None = None
    _seen: int | None = None
    _built_at: datetime | None = None
    _store: Store | None = None

    def app(self) -> App:
        """Return the parts that config.yaml asks for as it is now; those from before where it cannot be used any more.

        Once a while they are made again beside those who ask, as that takes longer than any page: nobody waits for it.
        """
        with self._lock:
            seen, now = self._written_at(), datetime.now(UTC)
            if self._app is None or self._built_at is None or seen != self._seen:
                self._app = self._built()
                self._seen, self._built_at = seen, now
            elif now - self._built_at >= _OLD_AFTER:
                self._built_at = now
                threading.Thread(target=self._build_beside, args=(self._app, seen), name="rules", daemon=True).start()
            return self._app

    def _built(self) -> App:
        """Return the parts made anew, or those from before, with a line in the log, where that cannot be."""
        try:
            app = self.build()
            page_of(app)
        except AlertingError as error:
            if self._app is None:
                raise
            says = f"page: config.yaml is used as it was: {error.problem}"
            self.log(Entry(event=Event.config_kept, says=says, error=type(error).__name__))
            return self._app
        return app

    def _build_beside(self, before: App, seen: int | None) -> None:
        """Make the parts anew, and use them unless others were made meanwhile, which are newer."""
        app = self._built()
        with self._lock:
            if self._app is before and self._seen == seen:
                self._app = app

    def read_anew(self) -> None:
        """Let the rules be read again for the next request."""
        with self._lock:
            self._built_at = None

    @property
    def page(self) -> Page:
        """What config.yaml says of the page."""
        return page_of(self.app())

    def store(self) -> Store:
        """Return the store, open for as long as the page is. Raises StoreError where it cannot be used."""
        app = self.app()
        with self._lock:
            if self._store is None:
                self._store = app.store()
            return self._store

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Run a block that only reads the store. Raises StoreError."""
        with self.store().reading() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def now(self) -> datetime:
        """Return the moment; of the made-up council noon of the day that was run last, so that it stays as it was made."""
        if self.page.sign_in.type == "look-as":
            with self.store().reading() as connection:
                last = self.store().latest_run(within=connection)
            if last is not None:
                return datetime.combine(last.as_of, time(12), tzinfo=UTC)
        return self.clock()

    def today(self) -> date:
        """Return the date where the council is."""
        return self.now().astimezone(self.app().loaded.config.council.zone).date()

    def _written_at(self) -> int | None:
        return self.config.stat().st_mtime_ns if self.config.exists() else None


def page_of(app: App) -> Page:
    """Return what config.yaml says of the page. Raises ConfigError where it says nothing."""
    page = app.loaded.config.page
    if page is None:
        raise ConfigError("config.yaml has no `page:`", remedy="Say there at which address people open it, and how they sign in.")
    return page
