"""What several tests start from: a PostgreSQL server, an empty store's address, a browser."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server of the test run's own."""
    if not postgres.AVAILABLE:
        pytest.skip("there is no PostgreSQL in a wheel for this machine")
    with postgres.start_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store: an SQLite file, then a schema of its own in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}"
    else:
        yield from _schema_of_its_own(request.getfixturevalue("postgres_url"))


def _schema_of_its_own(server: str) -> Iterator[str]:
    import sqlalchemy as sa

    url = sa.make_url(server)
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that can be run headless."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        if "chromium" in wanted:
            item.add_marker(pytest.mark.browser)
        if "postgres_url" in wanted:
            item.add_marker(pytest.mark.postgres)
