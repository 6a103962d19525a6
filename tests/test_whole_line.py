"""The shipped config.yaml, on real servers: a relay with TLS, a flow's address for Teams, both stores, two working days.

Each run is a process of its own, so the service is started anew between the days.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from alerting.documents.document import load
from alerting.sources.demo.source import Source
from tests.servers import MailServer, Taken, mail_server

ROOT = Path(__file__).parent.parent
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
CHILDREN = 300
CASE = re.compile(r"\b\d{7}\b")


@dataclass(kw_only=True)
class Service:
    """The shipped configuration, turned to servers of the test's own."""

    folder: Path
    mail: MailServer
    teams: HTTPServer
    seen: int = 0
    cards_seen: int = 0
    fresh: list[Taken] = field(default_factory=list)

    def run(self, *arguments: str, code: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "alerting", "--config", str(self.folder / "config.yaml"), *arguments, "--json"],
            capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        self.fresh, self.seen = self.mail.taken[self.seen :], len(self.mail.taken)
        return json.loads(done.stdout)

    def new_cards(self) -> list[str]:
        posted = [request.get_data(as_text=True) for request, _ in self.teams.log]
        new, self.cards_seen = posted[self.cards_seen :], len(posted)
        return new


@pytest.fixture
def service(tmp_path: Path, store_url: str, httpserver: HTTPServer) -> Iterator[Service]:
    tables = Source(children=CHILDREN).tables(MONDAY)
    teams = tables["ext_team"]["team_id"]
    httpserver.expect_request(re.compile("/flow/.*"), method="POST").respond_with_data("", status=202)
    with mail_server(tmp_path) as relay:
        config = load(ROOT / "config.yaml").value
        config["store"], config["go_live"] = store_url, "full"
        config["source"] = {"type": "demo", "children": CHILDREN}
        config["rules"]["path"] = str(ROOT / "rules")
        # On the first day everything is new: more than a day may bring, of which administrators would read.
        config["rules"]["params"] = {"alert_budget": 1000}
        config["receivers"] = {
            "mail": {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk",
                     "ca_file": str(relay.ca_file), "domains": ["example.gov.uk"]},
            "teams": {"type": "teams", "hosts": ["localhost", "127.0.0.1"], "seconds_between_cards": 0,
                      "channels": {team: httpserver.url_for(f"/flow/{team}") for team in teams if team}},
        }  # fmt: skip
        (tmp_path / "config.yaml").write_text(json.dumps(config), "utf-8")
        yield Service(folder=tmp_path, mail=relay, teams=httpserver)


@pytest.mark.slow
def test_two_working_days_and_a_restart_between(service: Service) -> None:
    first = service.run("run", "daily", "--as-of", MONDAY.isoformat())
    mails, cards = service.fresh, service.new_cards()

    assert first["status"] == "done"
    assert {rule["status"] for rule in first["rules"]} == {"ok"}
    assert first["alerts"]["new"] == sum(sum(rule["match"].values()) for rule in first["rules"])
    assert first["notifications"]["accepted"] == first["notifications"]["planned"] == len(mails) + len(cards)
    assert all(mail.over_tls and len(mail.recipients) == 1 for mail in mails)
    assert len({mail.recipients[0] for mail in mails}) == len(mails)
    own = [mail for mail in mails if "Practice alerts service: all clear" in str(mail.mail["subject"])]
    assert "alerts-admin@example.gov.uk" in {mail.recipients[0] for mail in own}
    assert not any(CASE.search(mail.text("plain")) for mail in own)
    nobody_is_told_of_another_teams_children(service, [mail for mail in mails if mail not in own])
    assert cards
    assert not any(CASE.search(re.sub(r'"\$?schema".*?,', "", card)) for card in cards)

    again = service.run("run", "daily", "--as-of", MONDAY.isoformat())
    assert (again["alerts"]["new"], again["alerts"]["changed"], again["notifications"]["planned"]) == (0, 0, 0)
    assert (service.fresh, service.new_cards()) == ([], [])

    second = service.run("run", "daily", "--as-of", TUESDAY.isoformat())
    assert second["status"] == "done"
    opened = second["alerts"]["ongoing"] + second["alerts"]["changed"] + second["alerts"]["new"] + second["alerts"]["held"]
    listed = service.run("alerts", "list")
    assert len(listed) == opened
    assert set(listed[0]) == {
        "ref", "code", "rule", "subject", "subject_kind", "level", "condition", "measure", "unit", "due", "team", "worker",
        "first_seen", "acknowledged_by", "assigned_to", "snoozed_until", "held_reason", "rule_version",
    }  # fmt: skip

    service.new_cards()
    weekly = service.run("run", "weekly", "--as-of", TUESDAY.isoformat())
    checks = service.new_cards()
    assert any("Are these cards seen?" in card for card in checks)  # beside those of the weekly rules
    assert weekly["notifications"]["accepted"] == len(service.fresh) + len(checks)
    assert service.fresh
    # Beside the summaries, the administrators are told that the made-up council has a post that leads to nobody.
    subjects = [str(mail.mail["subject"]).lower() for mail in service.fresh]
    assert {subject for subject in subjects if "week" not in subject} == {"[made-up data] practice alerts service: 1 thing to do"}
    states = {row["state"] for row in service.run("deliveries", "list")}
    assert states == {"accepted"}


def nobody_is_told_of_another_teams_children(service: Service, mails: list[Taken]) -> None:
    """Every case number in a mail is of an alert of a team its reader answers for, or of a case the reader holds."""
    alerts = defaultdict(list)
    for alert in service.run("alerts", "list"):
        alerts[alert["subject"]].append(alert)
    tables = Source(children=CHILDREN).tables(MONDAY)
    staff, teams, cover = tables["ext_staff"], tables["ext_team"], tables["ext_cover"]
    worker_of = dict(zip(staff["email"], staff["worker_id"], strict=True))
    covered = defaultdict(set)
    for away, by in zip(cover["staff_id"], cover["covered_by"], strict=True):
        covered[by].add(away)
    wide = {manager for service_, manager in zip(teams["service"], teams["manager_id"], strict=True)
            if service_ in ("quality_assurance", "performance", "commissioning")}  # fmt: skip
    for mail in mails:
        reader = worker_of[mail.recipients[0]]
        answering = {reader, *covered[reader]}
        mine = {
            team
            for team, *managers in zip(
                teams["team_id"], teams["manager_id"], teams["service_manager_id"], teams["head_of_service_id"], strict=True
            )
            if answering & set(managers)
        }
        for case in set(CASE.findall(mail.text("plain"))) & alerts.keys():
            assert any(
                alert["team"] in mine or alert["worker"] in answering or answering & wide or alert["code"].startswith("CL-")
                for alert in alerts[case]
            ), "a case number of another team went out"


@pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])], indirect=True
)
@pytest.mark.slow
def test_a_subject_line_names_nobody_and_a_mail_no_child_of_another_team(service: Service) -> None:
    done = service.run("run", "daily", "--as-of", MONDAY.isoformat())
    mails = service.fresh

    assert done["notifications"]["accepted"] == done["notifications"]["planned"] == len(mails) + len(service.new_cards())
    own = [mail for mail in mails if "Practice alerts service: all clear" in str(mail.mail["subject"])]
    nobody_is_told_of_another_teams_children(service, [mail for mail in mails if mail not in own])
    subjects = [str(mail.mail["subject"]) for mail in mails]
    assert mails
    assert all(
        re.fullmatch(r"\[MADE-UP DATA\] [^@:]*: [a-z0-9, ]+", subject) and not CASE.search(subject)
        for subject in map(str.strip, subjects)
    )
