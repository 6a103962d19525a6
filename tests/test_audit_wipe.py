"""Two people wipe what is kept about a child: nothing of the child is left, that it was there is proved, and nothing old comes back."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from alerting.alerts.acts import ActKind
from alerting.audit import trail
from alerting.commands import cli
from alerting.errors import StoreError
from alerting.formatting import plural
from alerting.store import act_json, acts, schema, wiping
from tests.made_council import MONDAY, somebody
from tests.office import Office
from tests.test_audit_search import search
from tests.test_commands import Shell

pytestmark = pytest.mark.slow

CHILD, OLD, OTHER = "100234", "555123", "100777"
DAY = timedelta(days=1)
REASON = "erasure 14"


def shell(office: Office) -> Shell:
    return Shell(office.folder / "config.yaml")


@pytest.fixture(scope="module")
def never_changed(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return filled(Office(tmp_path_factory.mktemp("filled")))


@pytest.fixture
def office(never_changed: Office, tmp_path: Path) -> Office:
    return never_changed.copy(tmp_path, MONDAY)


@pytest.fixture
def on_either(never_changed: Office, tmp_path: Path, store_url: str) -> Office:
    """The same on SQLite, then on PostgreSQL."""
    return never_changed.copy(tmp_path, MONDAY) if store_url.startswith("sqlite") else filled(Office(tmp_path, store_url))


def filled(office: Office) -> Office:
    """Return an office with two children of one team, of whom M1 was told; one of them stands in all places in which a child can."""
    office.settings = {"handling": {"silence_share": 100}, "keep": {"days": 400}}
    for child in (CHILD, OTHER):
        office.council.on_a_plan(child, seen=MONDAY - 41 * DAY)
    office.council.add("ext_merged", merged_person_id=OLD, person_id=CHILD, merged_on="2026-02-01")
    office.council.add("ext_restricted", person_id=CHILD, level="limited", allowed_recipients="M1;W1;S1")
    office.run(MONDAY)
    office.handle(CHILD, "cp-visit-overdue", "acknowledge", MONDAY, note=f"{CHILD} seen at school", until=MONDAY + 5 * DAY)
    office.handle(OTHER, "cp-visit-overdue", "acknowledge", MONDAY, note="visit booked", until=MONDAY + 5 * DAY)
    until = (datetime.now(UTC) + 5 * DAY).date().isoformat()
    for children in ((CHILD,), (CHILD, OTHER)):
        matcher = [word for child in children for word in ("--child", child)]
        given = ["--until", until, "--reason", f"{CHILD} is moving", "--as-of", MONDAY.isoformat(), "--by", "S1", "--yes"]
        shell(office)("silences", "add", *matcher, *given)
    save_list(office, CHILD, OTHER)
    save_list(office, CHILD)
    office.run(MONDAY + DAY)
    shell(office)("audit", "subject", CHILD, "--by", "P1", "--note", f"about {CHILD}")
    return office


def save_list(office: Office, *children: str) -> None:
    """Write down that a manager saved a list of alerts, as the page does."""
    with closing(office.store()) as store, store.transaction() as connection:
        wanted, note = act_json.children_to_json(children), plural(len(children), "alert")
        acts.keep(
            connection,
            somebody("M1"),
            ActKind.list_saved,
            "a list",
            datetime(2026, 3, 2, 12, tzinfo=UTC),
            note=note,
            wanted=wanted,
        )


def lists_saved(office: Office) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what is still known of lists that were saved: by whom, how many alerts, of which children."""
    with closing(office.store()) as store, store.reading() as connection:
        found = trail.read_acts(connection, schema.act.c.kind == ActKind.list_saved.value)
        return [(event.by, event.note, event.children) for event in found]


def in_store(office: Office) -> set[tuple[str, str]]:
    """The tables and columns in which the child stands, by any id, also within words of the child's plans and referrals."""
    found = set[tuple[str, str]]()
    with closing(office.store()) as store, store.reading() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(
                sa.select(*(sa.cast(column, sa.Text).label(column.name) for column in table.c))
            ).mappings():
                found.update((table.name, name) for name, text in row.items() if text and (CHILD in text or OLD in text))
    return found


def in_files(office: Office) -> set[str]:
    """The files of an SQLite store in whose bytes the child stands."""
    return {
        path.name
        for path in office.folder.glob("alerting.db*")
        if CHILD.encode() in path.read_bytes() or OLD.encode() in path.read_bytes()
    }


def in_days(office: Office) -> set[str]:
    with duckdb.connect() as engine:
        paths = sorted((office.folder / "kept").rglob("*.parquet"))
        return {
            path.name for path in paths if CHILD in str(engine.execute("SELECT * FROM read_parquet($1)", [str(path)]).fetchall())
        }


def asked_to_wipe(office: Office, child: str) -> str:
    """Ask for a child to be wiped, and return the number of the request."""
    asked = shell(office)("audit", "wipe", child, "--reason", REASON, "--by", "P1").output
    return asked.partition("Request ")[2].split()[0]


def wipe(office: Office) -> str:
    return shell(office)("requests", "approve", asked_to_wipe(office, OLD), "--by", "H1").output


def leave_the_data(office: Office) -> None:
    for rows in office.council.tables.values():
        rows[:] = [row for row in rows if CHILD not in "".join(row.values()) and OLD not in row.values()]


def breaches(office: Office) -> list[str]:
    """What the audit finds, but for the days that a test left out."""
    given = ["--config", str(office.folder / "config.yaml"), "audit", "verify", "--to", (MONDAY + 3 * DAY).isoformat(), "--json"]
    found: dict[str, Any] = json.loads(CliRunner().invoke(cli, given).stdout)
    return [each["problem"] for each in found["breaches"] if "and was neither done" not in each["problem"]]


def test_nothing_of_the_child_is_left_and_all_is_proved_as_before(on_either: Office) -> None:
    office = on_either
    mine, other = office.alert(CHILD).ref, office.alert(OTHER).ref
    assert {table for table, _ in in_store(office)} >= {"alert", "handling", "silence", "act", "outbox", "state"}
    assert in_days(office)
    before = breaches(office)

    said = wipe(office)

    assert "is approved by Person H1. Wiped: " in said
    assert in_store(office) == set()
    assert in_files(office) == set()
    assert in_days(office) == set()
    assert breaches(office) == before == []
    [left] = [alert for alert in office.alerts() if alert.ref == mine]
    assert (left.subject, left.person, left.facts, left.condition.value) == (f"wiped {mine}", None, {}, "resolved")
    assert office.alert(OTHER).ref == other
    assert [act.note for act in office.alert(OTHER).acts] == ["visit booked"]


def test_a_note_about_another_child_or_a_release_that_names_the_child_goes_wherever_it_stands(office: Office) -> None:
    office.handle(OTHER, "cp-visit-overdue", "acknowledge", MONDAY + DAY, note=f"sibling of {CHILD}", until=MONDAY + 5 * DAY)
    with closing(office.store()) as store, store.transaction() as connection:
        at = datetime(2026, 3, 3, 9, tzinfo=UTC)
        run = connection.execute(sa.select(sa.func.max(schema.run.c.id))).scalar()
        braked = {"rule": "cp-visit-overdue", "since": MONDAY, "run_id": run, "count": 9, "released_at": at, "released_by": "P1"}
        connection.execute(schema.brake.insert().values(braked | {"note": f"seen: {CHILD}"}))
        released = {"table_name": "ssd_cp_visits", "as_of": MONDAY, "problem": "few rows", "by": "P1", "at": at}
        connection.execute(schema.source_release.insert().values(released | {"note": f"{CHILD} has moved"}))

    wipe(office)

    assert in_store(office) == set()
    assert [act.kind for act in office.alert(OTHER).acts] == ["acknowledge", "acknowledge"]


def test_what_a_crash_has_left_among_the_days_kept_goes_as_well(office: Office) -> None:
    first, second = sorted((office.folder / "kept").glob("*/daily"))
    shown = next(path for path in first.glob("*.parquet") if CHILD.encode() in path.read_bytes() or path.name in in_days(office))
    shutil.copy(shown, first / "left-000000000000.parquet")
    (second / "manifest.json").unlink()

    wipe(office)
    shutil.copy(office.folder / "extracts" / "ssd_person.csv", first / "left.part")
    wipe(office)

    assert in_days(office) == set()
    assert not (first / "left.part").exists()
    assert (first / "manifest.json").exists()
    assert list(second.iterdir()) == []


def test_a_day_kept_that_is_damaged_is_named_with_what_to_do(office: Office) -> None:
    folder = min((office.folder / "kept").glob("*/daily"))
    next(path for path in folder.glob("*.parquet") if path.name in in_days(office)).write_bytes(b"PAR1")

    looked_up = shell(office)("audit", "subject", CHILD, "--by", "P1", "--note", "request 15")
    asked = shell(office)("audit", "wipe", CHILD, "--reason", REASON, "--by", "P1").output
    number = asked.partition("Request ")[2].split()[0]
    said = shell(office)("requests", "approve", number, "--by", "H1", code=1).output

    assert f"{MONDAY}, daily" in looked_up.stderr
    assert "The days that are kept for trying rules" in looked_up.stdout
    assert "delete that folder" in " ".join(said.split())


def test_that_it_was_wiped_is_kept_by_whom_and_why(office: Office) -> None:
    ref = office.alert(CHILD).ref
    wipe(office)

    [event] = search(office, "--kind", "child-wiped")
    assert (event["by"], event["approved_by"], event["note"], event["about"]) == ("P1", "H1", REASON, "a child")
    shown = shell(office)("alerts", "show", ref).output
    assert "child wiped by P1, approved by H1" in shown
    assert "acknowledge by M1" in shown
    assert {each["to"] for each in search(office, "--alert", ref, "--kind", "message")} >= {"M1"}


def test_later_runs_bring_nothing_old_back(on_either: Office) -> None:
    office = on_either
    wipe(office)
    leave_the_data(office)

    for day in (2, 3):
        office.run(MONDAY + day * DAY)

    assert in_store(office) == set()
    assert "wiped" not in str([content for _, content in office.sent])
    assert breaches(office) == []


def test_a_child_who_is_in_the_data_still_has_a_new_alert_and_nothing_of_the_old_one(office: Office) -> None:
    old = office.alert(CHILD)
    wipe(office)

    office.run(MONDAY + 2 * DAY)

    new = office.alert(CHILD)
    assert new.ref != old.ref
    assert (new.first_seen, new.acts) == (MONDAY + 2 * DAY, ())
    assert breaches(office) == []


def test_what_another_child_is_silenced_by_stays_so(office: Office) -> None:
    wipe(office)

    with closing(office.store()) as store, store.reading() as connection:
        rows = connection.execute(sa.select(schema.silence).order_by(schema.silence.c.id)).all()
    assert [(row.matcher, row.reason, row.ended_at is None) for row in rows] == [({}, "", False), ({"child": [OTHER]}, "", True)]


def test_of_a_list_that_was_saved_the_other_children_stay_and_are_proved(on_either: Office) -> None:
    office = on_either
    before = breaches(office)
    save_list(office, OTHER, CHILD)  # no seal has it yet

    wipe(office)

    assert lists_saved(office) == [("M1", "2 alerts", (OTHER,)), ("M1", "", ()), ("M1", "2 alerts", (OTHER,))]
    assert breaches(office) == before
    office.run(MONDAY + 2 * DAY)
    shell(office)("requests", "approve", asked_to_wipe(office, OTHER), "--by", "H1")
    assert lists_saved(office) == [("M1", "", ())] * 3
    assert breaches(office) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"subject": [CHILD, "PLAN"]}, {}),
        ({"subject": ["PLAN", "other"]}, {"subject": ["other"]}),
        ({"worker": [CHILD]}, {"worker": [CHILD]}),
    ],
)
def test_a_silence_forgets_the_childs_plans_and_keeps_a_worker_of_the_same_number(
    office: Office, before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    plan = office.alert(CHILD).member or ""
    given = {key: [plan if value == "PLAN" else value for value in values] for key, values in before.items()}
    with closing(office.store()) as store, store.transaction() as connection:
        connection.execute(schema.silence.update().where(schema.silence.c.id == 2).values(matcher=given))

    wipe(office)

    with closing(office.store()) as store, store.reading() as connection:
        row = connection.execute(sa.select(schema.silence).where(schema.silence.c.id == 2)).one()
    assert (row.matcher, row.ended_at is None) == (after, bool(after))


def test_one_person_alone_wipes_nothing(office: Office) -> None:
    shell(office)("audit", "wipe", CHILD, "--reason", REASON, "--by", "P1")

    [request] = shell(office).json("requests", "list")
    assert (request["kind"], request["wanted"]) == ("child wiped", {"children": [CHILD, OLD]})
    assert (
        "who approves is who asks" in shell(office)("requests", "approve", str(request["request"]), "--by", "P1", code=1).output
    )
    assert office.alert(CHILD).person == CHILD


def test_a_reason_that_names_the_child_is_refused_as_it_stays(office: Office) -> None:
    said = shell(office)("audit", "wipe", CHILD, "--reason", f"erase {CHILD}", "--by", "P1", code=1).output

    assert "the reason names the child" in said


def test_what_waits_to_be_sent_goes_out_first(office: Office) -> None:
    later = datetime(2099, 1, 1, tzinfo=UTC)
    with closing(office.store()) as store, store.transaction() as connection:
        last = sa.select(sa.func.max(schema.outbox.c.id)).where(
            schema.outbox.c.purpose == "daily", schema.outbox.c.recipient == "M1"
        )
        waits = schema.outbox.update().where(schema.outbox.c.id == last.scalar_subquery())
        connection.execute(waits.values(state="deferred", finished_at=None, next_at=later, expires_at=later))
    asked = shell(office)("audit", "wipe", CHILD, "--reason", REASON, "--by", "P1").output
    number = asked.partition("Request ")[2].split()[0]

    said = shell(office)("requests", "approve", number, "--by", "H1", code=1).output

    assert "1 message in which the child is waits to be sent" in said
    assert office.alert(CHILD).person == CHILD


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ('UPDATE silence SET matcher = \'{"team": ["T1"]}\' WHERE id = 1', "silence 1 was changed"),
        ("UPDATE sealed_row SET salt = '' WHERE table_name = 'handling' AND part = 'made'", "handling 1 was changed (made)"),
        ("UPDATE act SET wanted = '{\"children\": [\"1\"]}' WHERE kind = 'list saved' AND note = '2 alerts'", "the words of act"),
        ("UPDATE alert SET level = 1 WHERE person IS NULL AND subject LIKE 'wiped%'", "or at another level"),
    ],
)
def test_a_change_by_hand_is_found_after_it_too(office: Office, edit: str, found: str) -> None:
    wipe(office)
    with closing(office.store()) as store, store.transaction() as connection:
        connection.execute(sa.text(edit))

    assert any(found in problem for problem in breaches(office))


@pytest.mark.skipif(sys.platform == "win32", reason="a disk is filled by a limit that Windows has not")
def test_a_disk_that_is_full_is_said_and_not_taken_for_another_process(office: Office) -> None:
    import resource

    with closing(office.store()) as store:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            with pytest.raises(StoreError, match="could not be written anew"):
                wiping.overwrite(store)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert wiping.overwrite(store)


def test_it_can_be_done_once_more(office: Office) -> None:
    wipe(office)
    said = wipe(office)

    assert "Wiped: 0 alerts" in said
    assert breaches(office) == []


@pytest.mark.parametrize("blank", [" ", "\t"])  # one of no characters is refused for every command
def test_a_blank_id_is_refused_as_it_would_stand_in_everything(office: Office, blank: str) -> None:
    given = ("audit", "wipe", CHILD, blank, "--reason", REASON, "--by", "P1")

    assert "an id is blank" in shell(office)(*given, code=1).output


def test_it_can_be_done_once_more_where_no_days_are_kept_as_what_failed_asks_for_it(office: Office) -> None:
    wipe(office)
    shutil.rmtree(office.folder / "kept")

    said = wipe(office)

    assert "Wiped: 0 alerts" in said
