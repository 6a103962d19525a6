"""A week of a whole made-up council, through every receiver there is: what left, and what was written anywhere, holds nothing it must not.

Who may read of whom is worked out here from the council's tables alone: the service is asked nothing.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default as parsed
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from alerting.app import build
from alerting.sources.demo.source import Source
from tests.office import RULES
from tests.servers import MailServer, mail_server

pytestmark = pytest.mark.slow

MONDAY = date(2026, 3, 2)
WEEK = [date(2026, 3, day) for day in range(2, 7)]
CHILD = re.compile(r"\b\d{7}\b")
LONG_AGO = date(2014, 1, 1)
"""Before which nothing of the council's fell due, or was due to."""
LIKE_A_SECRET = re.compile(r"zq[a-j]{7}|\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}|\d{1,2} [a-z]{3,9} \d{4}|\b\d{8}\b")
"""What a planted name and address begin with, and how a birth may be written."""
WIDE = ("quality_assurance", "performance", "commissioning")
"""The services whose managers, and those above them, are told of any team's records: where nobody else is, or of what they look after."""
_CASE_DATA = ("ssd", "kept", "alerting.db")
"""Where case data is kept, private: the extract, the days kept, and the store."""

Tables = Mapping[str, Mapping[str, list[str | None]]]


def letters(number: str) -> str:
    """Return an id as a word that stands nowhere else."""
    return "Zq" + "".join(chr(ord("a") + int(figure)) for figure in number)


@dataclass(kw_only=True)
class Week:
    """A council's week: what its tables say, and all that came of it."""

    tables: Tables
    #: By the record, whom a restricted one names.
    restricted: dict[str, frozenset[str]]
    #: Of each child, their name, their address, and their birth as it may be written.
    secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Each message to a person: who reads it, by address, and all that it says.
    told: list[tuple[str, str]] = field(default_factory=list)
    #: All else that left or was written, by where.
    elsewhere: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str) -> Iterator[dict[str, str | None]]:
        columns = self.tables[table]
        return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def written_birth(born: str) -> tuple[str, ...]:
    day = date.fromisoformat(born)
    return (born, f"{day:%d/%m/%Y}", f"{day.day} {day:%B %Y}", f"{day:%Y%m%d}", f"{day.day} {day:%b %Y}")


def restrict(tables: Tables) -> tuple[list[tuple[str, str, str]], dict[str, frozenset[str]]]:
    """Return a list of restricted records: every fifth child's, to a worker of theirs and somebody else, and some to nobody."""
    workers: defaultdict[str, list[str]] = defaultdict(list)
    involvements = tables["ssd_involvements"]
    for child, worker in zip(involvements["invo_person_id"], involvements["invo_professional_id"], strict=True):
        if child and worker:
            workers[child].append(worker)
    anybody = [worker for worker in tables["ext_staff"]["worker_id"] if worker]
    rows, restricted = [], {}
    for place, child in enumerate(sorted({child for child in tables["ssd_person"]["pers_person_id"] if child})[::5]):
        is_sealed = place % 4 == 0
        allowed = {*workers[child][:1], anybody[place % len(anybody)]}
        rows.append((child, "sealed" if is_sealed else "limited", ";".join(sorted(allowed))))
        restricted[child] = frozenset() if is_sealed else frozenset(allowed)
    return rows, restricted


def write(folder: Path, tables: Tables, restricted: list[tuple[str, str, str]]) -> None:
    """Write the tables of a day, with names and addresses beside each person, which the case system has and no rule reads."""
    folder.mkdir(exist_ok=True)
    for table, columns in tables.items():
        cells = dict(columns)
        if table == "ssd_person":
            for name in ("forename", "surname", "address"):
                cells[name] = [f"{letters(id_ or '0')} {name}" for id_ in cells["pers_person_id"]]
        if table == "ext_load":
            loads = zip(cells["table_name"], cells["row_count"], strict=True)
            cells["row_count"] = [str(len(restricted)) if loaded == "ext_restricted" else count for loaded, count in loads]
        if table == "ext_restricted":
            cells = dict(zip(("person_id", "level", "allowed_recipients"), map(list, zip(*restricted, strict=True)), strict=True))
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(cells)
            writer.writerows(zip(*cells.values(), strict=True))


def config_of(relay: MailServer, flow: HTTPServer, teams: list[str]) -> dict[str, object]:
    return {
        "council": {
            "name": "Exampleshire",
            "administrators": [{"name": "Alex Admin", "address": "alerts-admin@example.gov.uk"}],
            "leadership": [{"name": "Dee Rector", "address": "director@example.gov.uk"}],
        },
        "source": {"type": "files", "path": "ssd"},
        "rules": {"path": RULES.as_posix()},
        "go_live": "full",
        "heartbeat": {"file": "alive"},
        "messages": {"templates": "words"},
        "receivers": {
            "mail": {"type": "email", "host": "127.0.0.1", "port": relay.port, "from": "alerts@example.gov.uk",
                     "ca_file": str(relay.ca_file), "domains": ["example.gov.uk"]},
            "teams": {"type": "teams", "hosts": ["localhost", "127.0.0.1"], "seconds_between_cards": 0,
                      "channels": {team: flow.url_for(f"/flow/{team}") for team in teams}},
            "outbox": {"type": "folder", "path": "outbox"},
            "cards": {"type": "folder", "path": "cards", "teams": teams[:2]},
            "console": {"type": "console"},
        },
    }  # fmt: skip


def at(day: date, hour: int) -> Callable[[], datetime]:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return lambda: moment


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    folder = tmp_path_factory.mktemp("sweep")
    council = Source(children=120, start=MONDAY)
    tables = council.tables(MONDAY)
    rows, restricted = restrict(tables)
    found = Week(tables=tables, restricted=restricted)
    (folder / "words").mkdir()
    (folder / "words" / "head.txt").write_text("Good morning {{ name }}.", "utf-8")
    with mail_server(tmp_path_factory.mktemp("relay")) as relay, HTTPServer() as flow, redirect_stdout(StringIO()) as printed:
        flow.expect_request(re.compile("/flow/.*"), method="POST").respond_with_data("", status=202)
        teams = [team for team in tables["ext_team"]["team_id"] if team]
        (folder / "config.yaml").write_text(json.dumps(config_of(relay, flow, teams)), "utf-8")
        for day, jobs in [*((day, ["daily"]) for day in WEEK[:-1]), (WEEK[-1], ["daily", "weekly", "monthly"])]:
            found.tables = council.tables(day)
            write(folder / "ssd", found.tables, rows)
            app = build(folder / "config.yaml")
            store = app.store()
            for hour, job in enumerate(jobs, 7):
                report = app.pipeline(store).run(job, day, at(day, hour))
                assert not report.sending.messages.failed
                found.elsewhere[f"report of {job} for {day}"] = json.dumps(report.as_json(), default=str)
            store.close()
        found.told += [
            (mail.recipients[0], f"{mail.mail['subject']}\n{mail.text('plain')}\n{mail.text('html')}") for mail in relay.taken
        ]
        found.elsewhere |= {f"card {number}": request.get_data(as_text=True) for number, (request, _) in enumerate(flow.log)}
    note_births(found)
    note_files(found, folder)
    found.told += [(to, text) for to, text in printed_messages(printed.getvalue(), found)]
    return found


def note_births(found: Week) -> None:
    """Note what stands for each child alone: of births, those that are no other date too, as what fell due some years ago is."""
    others = {
        str(cell)[:10]
        for table, columns in found.tables.items()
        for name, cells in columns.items()
        if (table, name) != ("ssd_person", "pers_dob")
        for cell in cells
    }
    for row in found.rows("ssd_person"):
        id_, born = str(row["pers_person_id"]), row["pers_dob"] or ""
        is_told_apart = re.fullmatch(r"\d{4}-\d\d-\d\d", born) and born not in others and date.fromisoformat(born) < LONG_AGO
        found.secrets[id_] = (letters(id_), *(written_birth(born) if is_told_apart else ()))


def note_files(found: Week, folder: Path) -> None:
    """Read all that was written outside the store: mails by whom they are to, everything else as it is."""
    mails = {path.stem: message_from_bytes(path.read_bytes(), policy=parsed) for path in (folder / "outbox").glob("*.eml")}
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if not path.is_file() or within.parts[0].startswith(_CASE_DATA) or path.suffix == ".eml":
            continue
        text = path.read_text("utf-8")
        to = mails[path.stem]["To"].addresses if path.stem in mails else ()
        if to:
            body = mails[path.stem].get_body(("plain",))
            found.told.append((to[0].addr_spec, f"{text}\n{body.get_content() if body else ''}"))
        else:
            found.elsewhere[within.as_posix()] = text


def printed_messages(printed: str, found: Week) -> Iterator[tuple[str, str]]:
    """Return what the console showed, by whom it was for; a card goes to what is nobody's."""
    for number, text in enumerate(filter(str.strip, printed.split("-" * 72))):
        to = re.search(r"^To: .*<([^>]+)>$", text, re.MULTILINE)
        if to:
            yield to[1], text
        else:
            found.elsewhere[f"printed {number}"] = text


# ---- what nobody may read


def test_the_week_told_much_and_through_every_receiver(week: Week) -> None:
    assert len(week.told) > 150
    assert sum(name.startswith("card ") for name in week.elsewhere) > 20
    assert {"outbox/index.html", "outbox/messages.json", "cards/index.html", "alive"} <= week.elsewhere.keys()
    children = {child for _, text in week.told for child in CHILD.findall(text)}
    assert len(children & week.secrets.keys()) > 50, "what is meant to be told is found where it is looked for"
    assert any(child in week.restricted for _, text in week.told for child in CHILD.findall(text))


def test_no_name_no_address_and_no_date_of_birth_is_anywhere(week: Week) -> None:
    secrets = {secret.casefold() for said in week.secrets.values() for secret in said}
    texts = [*((f"to {to}", text) for to, text in week.told), *week.elsewhere.items()]
    found = {(where, said) for where, text in texts for said in LIKE_A_SECRET.findall(text.casefold())}

    assert {said for said in secrets if not LIKE_A_SECRET.fullmatch(said)} == set()
    assert {(where, said) for where, said in found if said in secrets} == set()


def test_a_restricted_child_is_told_to_those_whom_its_record_names_and_is_nowhere_else(week: Week) -> None:
    ids = {row["email"]: row["worker_id"] for row in week.rows("ext_staff")}
    leaks = {
        (to, child)
        for to, text in week.told
        for child in set(CHILD.findall(text)) & week.restricted.keys()
        if ids.get(to) not in week.restricted[child]
    }
    leaks |= {
        (where, child) for where, text in week.elsewhere.items() for child in set(CHILD.findall(text)) & week.restricted.keys()
    }

    assert leaks == set()


def test_nothing_but_messages_to_people_names_a_child_at_all(week: Week) -> None:
    named = {where for where, text in week.elsewhere.items() if set(CHILD.findall(text)) & week.secrets.keys()}

    assert named == set()


# ---- who may read of whom


def test_each_child_in_a_message_is_of_a_team_its_reader_answers_for_or_of_a_case_they_hold(week: Week) -> None:
    workers_of, teams_of = records_of_children(week)
    staff = {str(row["email"]): str(row["worker_id"]) for row in week.rows("ext_staff")}
    covered: defaultdict[str, set[str]] = defaultdict(set)
    for row in week.rows("ext_cover"):
        covered[str(row["covered_by"])].add(str(row["staff_id"]))
    wrong = set()
    for to, text in week.told:
        children = set(CHILD.findall(text)) & week.secrets.keys()
        if not children:
            continue
        answering = {staff[to], *covered[staff[to]]}
        teams = [
            row
            for row in week.rows("ext_team")
            if answering & {row["manager_id"], row["service_manager_id"], row["head_of_service_id"]}
        ]
        if any(row["service"] in WIDE for row in teams):
            continue
        mine = {row["team_id"] for row in teams}
        for child in children:
            named = staff[to] in week.restricted.get(child, ())
            if not (teams_of[child] & mine or workers_of[child] & answering or named):
                wrong.add((to, child))

    assert wrong == set()


def records_of_children(week: Week) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
    """Return the workers and the teams that any record of each child names, in whatever table and column; of contacts, the front door."""
    staff, teams = set(week.tables["ext_staff"]["worker_id"]), set(week.tables["ext_team"]["team_id"])
    workers_of: defaultdict[str, set[str]] = defaultdict(set)
    teams_of: defaultdict[str, set[str]] = defaultdict(set)
    for table in week.tables.keys() - {"ext_staff", "ext_team", "ext_cover"}:
        for row in week.rows(table):
            cells = {cell for cell in row.values() if cell}
            for child in cells & week.secrets.keys():
                workers_of[child] |= cells & staff
                teams_of[child] |= cells & teams
    front_door = {str(row["team_id"]) for row in week.rows("ext_team") if row["service"] == "front_door"}
    for row in week.rows("ssd_contacts"):
        teams_of[str(row["cont_person_id"])] |= front_door
    return workers_of, teams_of


# ---- that each of these can fail


def test_what_is_planted_is_found(week: Week) -> None:
    staff = {str(row["worker_id"]): str(row["email"]) for row in week.rows("ext_staff")}
    manager = staff[next(str(row["manager_id"]) for row in week.rows("ext_team") if row["service"] == "assessment")]
    _, teams_of = records_of_children(week)
    limited = next(child for child, allowed in sorted(week.restricted.items()) if allowed)
    elsewhere = next(child for child, teams in sorted(teams_of.items()) if teams and child not in week.restricted)
    born = next(said[3] for said in week.secrets.values() if len(said) > 1)
    planted: list[tuple[Callable[[Week], None], dict[str, Any]]] = [
        (test_no_name_no_address_and_no_date_of_birth_is_anywhere, {"told": [(manager, f"Born on {born}.")]}),
        (test_no_name_no_address_and_no_date_of_birth_is_anywhere, {"elsewhere": {"log": f"of {letters(elsewhere)} surname"}}),
        (test_a_restricted_child_is_told_to_those_whom_its_record_names_and_is_nowhere_else, {"told": [("director@example.gov.uk", f"Child {limited}")]}),
        (test_a_restricted_child_is_told_to_those_whom_its_record_names_and_is_nowhere_else, {"elsewhere": {"card": f"Child {limited}"}}),
        (test_nothing_but_messages_to_people_names_a_child_at_all, {"elsewhere": {"outbox/index.html": f"Child {elsewhere}"}}),
        (test_each_child_in_a_message_is_of_a_team_its_reader_answers_for_or_of_a_case_they_hold,
         {"told": [(staff[worker], f"Child {elsewhere}") for worker in staff]}),
    ]  # fmt: skip
    for test, changes in planted:
        with pytest.raises(AssertionError):
            test(replace(week, **changes))
