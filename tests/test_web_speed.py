"""What managers open stays fast with many alerts: found by an index, never looked for from end to end, and sent at once."""

from __future__ import annotations

import re
import socket
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from alerting.alerts.acts import ActKind
from alerting.alerts.people import SERVICE
from alerting.store import acts
from alerting.web.serving import listen_at
from alerting.web.shown import Shower
from tests.servers import free_port
from tests.web_site import NOON, first_morning

THAT_GROW = ("alert", "reading", "transition", "handling", "routed", "told", "outbox", "delivery")
"""Tables that have more rows each day."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with first_morning(tmp_path_factory.mktemp("speed")) as site:
        yield site


@pytest.fixture(scope="module")
def an_alert(site):
    site.reader("M1").get("/")
    return site.browsers[-1].page.text.partition('href="/a/')[2].partition('"')[0]


@pytest.mark.parametrize("path", ["/", "/?whose=all", "/?show=done", "/a/{ref}", "/several?act=acknowledge&ref={ref}"])
def test_a_page_of_a_manager_reads_no_table_that_grows_from_end_to_end(site, an_alert, path):
    engine, asked = site.council.store().engine, []

    def note(connection, cursor, statement, parameters, context, many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert site.reader("M1").get(path.format(ref=an_alert)).status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        steps = {row[3] for query in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query[0]}", query[1])}

    assert any("alert" in step for step in steps)
    assert [step for step in sorted(steps) if re.match(rf"SCAN ({'|'.join(THAT_GROW)})\b", step)] == []


def test_nobody_waits_while_the_rules_are_read_again(site):
    council, before, build = site.council, site.council.app(), site.council.build
    begun, go_on = threading.Event(), threading.Event()

    def build_slowly():
        begun.set()
        assert go_on.wait(60)
        return build()

    council.build, council._built_at = build_slowly, council._built_at - timedelta(hours=1)
    try:
        assert site.reader("M1").get("/").status_code == 200  # within the 30 seconds that a browser waits
        assert begun.wait(30)
        assert council.app() is before
        go_on.set()
        ends = time.monotonic() + 60
        while council.app() is before and time.monotonic() < ends:
            time.sleep(0.05)
        assert council.app() is not before
    finally:
        go_on.set()
        council.build = build


def test_nobody_is_kept_from_writing_while_a_list_is_put_into_a_table(site, monkeypatch):
    store, show, written = site.council.store(), Shower.show, []

    def meanwhile(shower, alert):
        with store.transaction() as connection:
            written.append(acts.keep(connection, SERVICE, ActKind.trail_read, "meanwhile", NOON))
        return show(shower, alert)

    manager = site.reader("M1")
    manager.get("/")
    monkeypatch.setattr(Shower, "show", meanwhile)
    table = manager.send("/list.csv")
    assert (table.status_code, table.text.count("A-") > 0, len(written) > 0) == (200, True, True)
    with site.council.reading() as connection:
        saved = connection.exec_driver_sql("SELECT by, id FROM act WHERE kind = 'list saved'").all()
    assert [(by, number > max(written)) for by, number in saved] == [("M1", True)]


def test_what_the_page_sends_is_not_held_back_by_the_system():
    listener = listen_at("127.0.0.1", free_port())
    try:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                # asyncio sends at once (TCP_NODELAY) on nothing but what says that it is TCP
                assert accepted.proto == socket.IPPROTO_TCP
    finally:
        listener.close()
