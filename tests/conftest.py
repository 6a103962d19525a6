"""What several tests start from: a PostgreSQL server, an empty store's address, a desk that sends, an office by mail, a browser."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres, rules_read_once, statements_compiled_once

if TYPE_CHECKING:
    from alerting.notifications.policy import Policy
    from tests.returned_mail import Post
    from tests.sending_desk import Desk
    from tests.servers import ScriptedMailServer

# What other programs remember of themselves, as a browser does, belongs to the test run; on Windows and a Mac it lies elsewhere.
REMEMBERED = tempfile.mkdtemp(prefix="practice-alerts-tests-")
os.environ |= {"XDG_CACHE_HOME": REMEMBERED, "XDG_CONFIG_HOME": REMEMBERED}
# An error that nobody foresaw fails a test as what it is, and not by its code.
os.environ["ALERTING_TRACEBACK"] = "1"
atexit.register(shutil.rmtree, REMEMBERED, ignore_errors=True)

# How long an example takes says how busy the machine is, and nothing of what is tried.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

rules_read_once.read_once()
statements_compiled_once.compile_once()

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server of the test run's own."""
    if not postgres.AVAILABLE:
        pytest.skip("there is no PostgreSQL in a wheel for this machine")
    with postgres.start_postgres() as url:
        postgres.let_it_forget(url)
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store: an SQLite file, then a schema of its own in PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}"
    else:
        yield from _schema_of_its_own(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def made_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store with all its tables and nothing in them, on either: making them takes longer than most tests."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("_made_file"), tmp_path / "alerting.db")
        yield f"sqlite:///{copy.as_posix()}"
    else:
        url = request.getfixturevalue("_made_schema")
        yield url
        _emptied(url)


@pytest.fixture(scope="session")
def _made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "alerting.db"
    _make(f"sqlite:///{path.as_posix()}")
    return path


@pytest.fixture(scope="session")
def _made_schema(postgres_url: str) -> Iterator[str]:
    with contextmanager(_schema_of_its_own)(postgres_url) as url:
        _make(url)
        yield url


def _make(url: str) -> None:
    from alerting.store.store import Store

    Store.open(url).close()


def _emptied(url: str) -> None:
    import sqlalchemy as sa

    from alerting.store import schema

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(schema.metadata.tables)} RESTART IDENTITY CASCADE"))
    engine.dispose()


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


@pytest.fixture
def desk(_made_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk from which a test sends, with a store in which there is nothing."""
    yield from _desk(f"sqlite:///{shutil.copy(_made_file, tmp_path / 'alerting.db')}", tmp_path)


@pytest.fixture
def any_desk(made_store: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each kind of store, where what the store does matters."""
    yield from _desk(made_store, tmp_path)


def _desk(url: str, folder: Path) -> Iterator[Desk]:
    from alerting.store.store import Store
    from tests.sending_desk import Desk

    store = Store.open(url)
    yield Desk(store=store, folder=folder)
    store.close()


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Return what a council with a few plain rules has decided."""
    from tests.plain_policy import plain_policy

    return plain_policy(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def relay() -> Iterator[ScriptedMailServer]:
    """A mail server that takes what it is sent, unless a test says otherwise."""
    from tests.servers import scripted_mail_server

    with scripted_mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def _sent_on_monday(tmp_path_factory: pytest.TempPathFactory) -> Post:
    """An office whose daily messages of Monday were taken by a relay."""
    from tests.made_council import MONDAY
    from tests.returned_mail import Post
    from tests.servers import scripted_mail_server

    office = Post(tmp_path_factory.mktemp("monday") / "council")
    with scripted_mail_server() as server:
        office.by_mail(server.port)
        office.run(MONDAY)
    assert [row.state for row in office.rows("M1")] == ["accepted"]
    return office


@pytest.fixture
def post(_sent_on_monday: Post, tmp_path: Path, relay: ScriptedMailServer) -> Post:
    """An office of each test's own whose daily messages of Monday were taken, with a relay that has taken nothing yet."""
    from tests.returned_mail import Post

    office = Post(tmp_path / "council")
    shutil.copytree(_sent_on_monday.folder, office.folder, dirs_exist_ok=True)
    office.by_mail(relay.port)
    office.council.configure(office.store_url, **office.settings)
    return office


@pytest.fixture
def any_post(made_store: str, tmp_path: Path, relay: ScriptedMailServer) -> Post:
    """The same on each kind of store; its relay has taken Monday's messages."""
    from tests.made_council import MONDAY
    from tests.returned_mail import Post

    office = Post(tmp_path / "council", made_store)
    office.by_mail(relay.port)
    office.run(MONDAY)
    return office


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that can be run headless."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Find the tests. What is made for that is there until they end: it is not looked through again and again for what can go."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        if "chromium" in wanted:
            item.add_marker(pytest.mark.browser)
        if "postgres_url" in wanted:
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(scope="session")
def audited_week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a service that has run four days and kept every promise; a test that damages it makes a copy."""
    from tests.audited_week import run_week

    return run_week(tmp_path_factory.mktemp("week"))
