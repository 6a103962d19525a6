"""`/metrics`: what a machine that watches the service reads, who may read it, and that nobody is named there."""

from __future__ import annotations

import os
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerting.logs import Event
from alerting.page_settings import Page
from alerting.store import schema
from tests.made_council import MONDAY
from tests.web_site import Site, first_morning, new_office, shown

TOKEN = "a-token-made-by-chance-0123456789abcdef"
KEPT = "${env:MACHINE_TOKEN}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    os.environ["MACHINE_TOKEN"] = TOKEN
    with first_morning(tmp_path_factory.mktemp("metrics"), token=KEPT) as made:
        yield made
    del os.environ["MACHINE_TOKEN"]


def metrics(site: Site) -> dict[tuple[str, ...], float]:
    """Return each value by the metric's name and its labels, sorted."""
    answer = site.browser(Authorization=f"Bearer {TOKEN}").get("/metrics")
    assert answer.status_code == 200
    return {
        (one.name, *(value for _, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_runs_alerts_messages_steps_and_when_the_last_run_ended_are_counted(site):
    found = metrics(site)

    assert found["alerting_runs", "daily", "done"] == 1
    assert found["alerting_alerts_open", "red", "CP-03"] == 1
    assert sum(value for name, value in found.items() if name[0] == "alerting_messages") > 0
    assert found["alerting_messages", "failed"] == 0
    assert found["alerting_run_step_seconds", "daily", "evaluate"] > 0
    assert found["alerting_run_last_done_timestamp_seconds", "daily"] == site.clock.moment.replace(hour=7).timestamp()


@pytest.mark.slow
def test_the_age_of_data_is_that_of_its_oldest_load_by_the_councils_clock(tmp_path, monkeypatch):
    monkeypatch.setenv("MACHINE_TOKEN", TOKEN)
    office = new_office(tmp_path)
    loads = {name: f"{MONDAY}T0{number % 3 + 5}:30:00" for number, name in enumerate(office.council.tables)}
    office.council.tables["ext_load"] = [
        {"table_name": name, "loaded_at": loaded_at, "row_count": ""} for name, loaded_at in loads.items()
    ]
    office.run(MONDAY)
    with shown(office, token=KEPT) as site:
        assert metrics(site)["alerting_data_age_seconds", "daily"] == 6.5 * 3600


def test_it_is_counted_when_it_is_asked_for(site):
    before = metrics(site)["alerting_messages", "accepted"]
    store = site.council.store()
    with store.transaction() as connection:
        changed = connection.execute(schema.outbox.update().where(schema.outbox.c.state == "accepted").values(state="failed"))
    found = metrics(site)

    assert (before, found["alerting_messages", "accepted"], found["alerting_messages", "failed"]) == (before, 0, changed.rowcount)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}, {"X-Mail": "admin@example.gov.uk"}],
)  # fmt: skip
def test_without_the_token_nothing_is_said_to_anybody_nor_to_who_signed_in(site, headers):
    answer = site.browser(**headers).get("/metrics")

    assert (answer.status_code, answer.text) == (401, "This takes a token.\n")


def test_where_config_yaml_has_no_token_nothing_is_shown_be_it_asked_by_this_machine_itself(tmp_path):
    with first_morning(tmp_path) as site:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer None"}):
            assert site.browser(**headers).get("/metrics").status_code == 404


def test_a_token_opens_no_page_of_a_person(site):
    for path in ("/", "/service", "/a/A-1"):
        assert site.browser(Authorization=f"Bearer {TOKEN}").get(path).status_code == 403


def test_a_token_is_long():
    with pytest.raises(ValueError, match="32 characters or more"):
        Page.model_validate({"url": "https://a.example.gov.uk", "sign_in": {"type": "look-as"}, "token": "short"})


def test_no_label_names_anybody_or_anything_of_a_case(site):
    text = site.browser(Authorization=f"Bearer {TOKEN}").get("/metrics").text
    named = {
        cell
        for rows in site.office.council.tables.values()
        for row in rows
        for column, cell in row.items()
        if cell and re.search(r"name|email|_id$|worker|team|person|manager|address", column)
    }
    assert {"Person M1", "m1@example.gov.uk", "C1", "T1", "W1"} <= named
    labels = set(re.findall(r'="([^"]*)"', text))

    assert labels.isdisjoint(named)
    assert not [one for one in named if re.search(rf"\b{re.escape(one)}\b", text)]
    assert all(re.fullmatch(r"[A-Z]+-\d+|[a-z_]+", label) for label in labels)


def test_a_store_that_is_away_is_said_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setenv("MACHINE_TOKEN", TOKEN)
    with first_morning(tmp_path, token=KEPT) as site:
        file = site.office.folder / "alerting.db"
        assert metrics(site)
        site.council.close()
        file.rename(file.with_suffix(".away"))
        file.mkdir()
        answer = site.browser(Authorization=f"Bearer {TOKEN}").get("/metrics")

        assert (answer.status_code, answer.text) == (503, "The store cannot be reached.\n")
        assert Event.store_away in {entry.event for entry in site.logged}
