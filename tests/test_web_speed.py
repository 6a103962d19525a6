"""What managers open stays fast with many alerts: found by an index, never looked for from end to end, and sent at once."""

from __future__ import annotations

import re
import socket

import pytest
import sqlalchemy as sa

from alerting.web.serving import listen_at
from tests.servers import free_port
from tests.web_site import first_morning

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
