"""The tables of each case system, as its official SSD script delivers them, are read as the SSD: each flavour that there is."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from click.testing import CliRunner, Result
from pydantic import ValidationError

from alerting.app import build
from alerting.casedata import flavours
from alerting.casedata.catalogue import TABLES
from alerting.casedata.flavours.reading import Flavoured, as_ours
from alerting.casedata.not_understood import find_not_understood
from alerting.casedata.snapshot import Snapshot
from alerting.commands import cli
from alerting.commands.alerts import as_row
from alerting.sources.demo.delivered import delivered
from alerting.sources.demo.export import export
from alerting.sources.demo.source import Source
from alerting.sources.files.source import Source as Files
from tests.small_council import SETTINGS

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 2)
MOMENT = datetime(2026, 3, 2, 7, tzinfo=UTC)
OUTBOX = {"type": "folder", "path": "outbox"}
COUNCIL = Source(children=80)

every = pytest.mark.parametrize("flavour", flavours.names())


def alerts_of(folder: Path, source: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Run each job, and return the alerts as the command line lists them, and what was found wrong."""
    folder.mkdir()
    config = {
        "council": {"name": "Exampleshire"},
        "source": source,
        # Two trays, which those tell by their names who have them.
        "rules": {"params": {"pseudo_worker_ids": ["W1001", "W1002"]}},
        "receivers": {"outbox": OUTBOX},
    }
    (folder / "config.yaml").write_text(json.dumps(config), "utf-8")
    app = build(folder / "config.yaml")
    store = app.store()
    try:
        reports = [
            report for job in ("daily", "weekly", "monthly") if (report := app.pipeline(store).run(job, DAY, lambda: MOMENT))
        ]
        assert len(reports) == 3
        # What is not given is told by the rules about the data, which are not those that are compared.
        alerts = [as_row(alert) for alert in store.live() if not alert.code.startswith(("DQ-06", "DQ-07", "DQ-08"))]
        return alerts, list(dict.fromkeys(str(problem) for report in reports for problem in report.problems))
    finally:
        store.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    alerts, problems = alerts_of(tmp_path_factory.mktemp("demo") / "demo", {"type": "demo", "children": COUNCIL.children})
    assert len(alerts) > 5
    assert problems == []
    return alerts


@pytest.mark.parametrize(
    "flavour", [pytest.param(name, marks=[pytest.mark.slow] * (name != "mosaic")) for name in flavours.names()]
)
def test_a_council_of_each_flavour_gets_the_same_alerts(tmp_path: Path, expected: list[dict[str, Any]], flavour: str) -> None:
    export(COUNCIL, DAY, tmp_path / "ssd", date_style="uk", flavour=flavour)

    alerts, problems = alerts_of(tmp_path / "office", {"type": "files", "path": str(tmp_path / "ssd"), "flavour": flavour})

    not_given = [column for _, column in flavours.flavour(flavour).not_given]
    waiting = {"no-permanence-plan-by-second-review"} if not_given else set[str]()
    assert alerts == [alert for alert in expected if alert["rule"] not in waiting]
    whys = list(flavours.flavour(flavour).not_given.values())
    assert [why in problem for why, problem in zip(whys, problems, strict=True)] == [True] * len(whys)


@pytest.mark.slow
def test_so_does_one_whose_tables_are_the_temporary_ones_that_the_script_leaves(
    tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ssd.db'}")
    with engine.begin() as connection:
        for name, columns in delivered(COUNCIL.tables(DAY), "mosaic").items():
            table = sa.Table(f"##{name}", sa.MetaData(), *(sa.Column(column, sa.Text) for column in columns))
            table.create(connection)
            if rows := [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]:
                connection.execute(table.insert(), rows)

    alerts, problems = alerts_of(tmp_path / "office", {"type": "sql", "url": str(engine.url), "flavour": "mosaic"})

    assert (alerts, problems) == (expected, [])


# ---------------------------------------------------------------------- how a column is come by


def read(
    folder: Path, wanted: dict[str, set[str]], tables: dict[str, str], flavour: str = "mosaic"
) -> dict[str, list[tuple[Any, ...]]]:
    """Write tables, each a text of lines with commas, and return the wanted columns of theirs, in the order of their names."""
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    asked = {table: frozenset(columns) for table, columns in wanted.items()}
    with Snapshot(DAY, SETTINGS) as snapshot:
        snapshot.read(as_ours(Files(type="files", path=folder, flavour=flavour)), asked)
        assert {table: snapshot.readings[table].missing_columns for table in wanted} == dict.fromkeys(wanted, ())
        return {
            table: sorted(snapshot.sql(f"SELECT {', '.join(sorted(columns))} FROM {table}"), key=repr)
            for table, columns in wanted.items()
        }


VISITS = {"ssd_cp_visits": {"cppv_cp_visit_id", "cppv_person_id"}}


def test_a_visit_is_the_childs_whose_plan_it_names_though_a_spreadsheet_changed_the_ids(tmp_path):
    rows = read(
        tmp_path,
        VISITS,
        {
            "ssd_cp_visits": """cppv_cp_visit_id,cppv_cp_plan_id,cppv_cp_visit_date
                                V1,10.0,2026-02-01
                                V2,11,2026-02-01
                                V3,,2026-02-01
                                V4,99,2026-02-01""",
            "ssd_cp_plans": """cppl_cp_plan_id,cppl_person_id
                               10,C1
                               11,C2""",
        },
    )

    assert rows["ssd_cp_visits"] == [("V1", "C1"), ("V2", "C2"), ("V3", None), ("V4", None)]


def test_whose_a_visit_is_by_its_own_column_stays_so(tmp_path):
    rows = read(
        tmp_path,
        VISITS,
        {
            "ssd_cp_visits": """cppv_cp_visit_id,cppv_person_id,cppv_cp_plan_id
                                V1,C1,11""",
            "ssd_cp_plans": """cppl_cp_plan_id,cppl_person_id
                               11,C2""",
        },
    )

    assert rows["ssd_cp_visits"] == [("V1", "C1")]


@pytest.mark.parametrize(("plans", "whose"), [("1", "C1"), ("71", "C2")])
def test_a_visit_is_come_by_through_the_table_that_has_the_ids_of_most(tmp_path, plans, whose):
    """By one script it names the referral, where a plan of the same number is somebody else's."""
    rows = read(
        tmp_path,
        {"ssd_cin_visits": {"cinv_cin_visit_id", "cinv_person_id"}},
        {
            "ssd_cin_visits": """cinv_cin_visit_id,cinv_cin_plan_id
                                 V1,71
                                 V2,72""",
            "ssd_cin_plans": f"""cin_plan_id,cinp_person_id
                                 {plans},C2
                                 72,C3""",
            "ssd_cin_episodes": f"""cine_referral_id,cine_person_id
                                    71,C1
                                    {72 if plans == "1" else 73},C1""",
        },
    )

    assert rows["ssd_cin_visits"][0] == ("V1", whose)


def test_a_worker_of_brothers_and_sisters_of_one_referral_is_each_ones_where_there_are_as_many_rows(tmp_path):
    rows = read(
        tmp_path,
        {"ssd_involvements": {"invo_involvements_id", "invo_person_id", "invo_professional_id"}},
        {
            "ssd_involvements": """invo_involvements_id,invo_professional_id,invo_referral_id
                                   I1,W1,7
                                   I2,W1,7
                                   I3,W2,7""",
            "ssd_cin_episodes": """cine_referral_id,cine_person_id
                                   7,C1
                                   7,C2""",
        },
    )

    assert rows["ssd_involvements"] == [("I1", "C1", "W1"), ("I2", "C2", "W1"), ("I3", None, "W2")]


def test_a_care_plan_that_ends_when_it_is_written_up_goes_on_to_the_next_or_to_the_next_time_in_care(tmp_path):
    rows = read(
        tmp_path,
        {"ssd_cla_care_plan": {"lacp_table_id", "lacp_cla_care_plan_end_date", "lacp_cla_care_plan_json"}},
        {
            "ssd_cla_care_plan": """lacp_cla_care_plan_id,lacp_person_id,lacp_cla_care_plan_start_date,lacp_cla_care_plan_end_date,lacp_cla_care_plan_json
                                    P1,C1,01/02/2025,03/02/2025,A) Return to Family
                                    P2,C1,01/08/2025,03/08/2025,Long term fostering
                                    P3,C2,01/02/2025,03/02/2025,Something else""",
            "ssd_cla_episodes": """clae_person_id,clae_entered_care_date
                                   C1,01/01/2025
                                   C2,01/01/2025
                                   C2,01/06/2025""",
        },
    )

    assert rows["ssd_cla_care_plan"] == [
        (None, '{"LTFOST18": "Y"}', "P2"),
        (date(2025, 6, 1), "Something else", "P3"),
        (date(2025, 8, 1), '{"RETURNEV": "Y"}', "P1"),
    ]


def test_an_answer_counts_however_it_is_signed_and_one_that_means_nothing_to_us_is_told(tmp_path):
    answers = [
        "A) Return to Family",
        "to be decided",
        "Long-Term Fostering (with current carers)",
        "1. Adoption",
        "not adoption",
        "{}",
        "B Residential",
    ]
    rows = "\n".join(f'P{number},"{answer}"' for number, answer in enumerate(answers))
    (tmp_path / "ssd_cla_care_plan.csv").write_text(f"lacp_cla_care_plan_id,lacp_cla_care_plan_json\n{rows}\n", "utf-8")
    wanted = {"ssd_cla_care_plan": frozenset({"lacp_table_id", "lacp_cla_care_plan_json"})}

    with Snapshot(DAY, SETTINGS) as snapshot:
        snapshot.read(as_ours(Files(type="files", path=tmp_path, flavour="mosaic")), wanted)
        reading = snapshot.readings["ssd_cla_care_plan"]
        read = dict(snapshot.sql("SELECT lacp_table_id, lacp_cla_care_plan_json FROM ssd_cla_care_plan"))
        told = find_not_understood(snapshot, wanted)

    assert {key: json.loads(text) for key, text in read.items() if '"' in text} == {
        "P0": {"RETURNEV": "Y"},
        "P2": {"LTFOST18": "Y"},
        "P3": {"ADOPTION": "Y"},
        "P6": {"RESPLMT": "Y"},
    }
    assert reading.unmapped == {"lacp_cla_care_plan_json": 2}
    assert [(one.column, one.cells) for one in told] == [("lacp_cla_care_plan_json", 2)]


def test_without_a_flavour_care_plans_in_words_are_told_too(tmp_path):
    (tmp_path / "ssd_cla_care_plan.csv").write_text(
        'lacp_person_id,lacp_cla_care_plan_json\nC1,"F) Long-Term Fostering"\nC2,\n', "utf-8"
    )

    with Snapshot(DAY, SETTINGS) as snapshot:
        snapshot.read(
            Files(type="files", path=tmp_path), {"ssd_cla_care_plan": frozenset({"lacp_person_id", "lacp_cla_care_plan_json"})}
        )

        assert snapshot.readings["ssd_cla_care_plan"].unmapped == {"lacp_cla_care_plan_json": 1}


def test_where_some_plans_are_open_an_end_is_an_end(tmp_path):
    rows = read(
        tmp_path,
        {"ssd_cla_care_plan": {"lacp_table_id", "lacp_cla_care_plan_end_date"}},
        {
            "ssd_cla_care_plan": """lacp_cla_care_plan_id,lacp_person_id,lacp_cla_care_plan_start_date,lacp_cla_care_plan_end_date
                                    P1,C1,01/02/2025,03/02/2025
                                    P2,C1,01/08/2025,""",
        },
    )

    assert rows["ssd_cla_care_plan"] == [(None, "P2"), (date(2025, 2, 3), "P1")]


def test_a_cell_of_a_renamed_column_that_cannot_be_read_is_found_under_its_name_there(tmp_path):
    (tmp_path / "ssd_cla_episodes.csv").write_text("clae_person_id,clae_cla_episode_ceased\nC1,soon\n", "utf-8")
    source = as_ours(Files(type="files", path=tmp_path, flavour="before-1.4"))

    with Snapshot(DAY, SETTINGS) as snapshot:
        snapshot.read(source, {"ssd_cla_episodes": frozenset({"clae_cla_episode_ceased_date"})})

        assert snapshot.readings["ssd_cla_episodes"].places == ["ssd_cla_episodes.csv:2: column clae_cla_episode_ceased"]


# ---------------------------------------------------------------------- what a source check says


def check(folder: Path, flavour: str, *options: str, named: str | None = None) -> Result:
    """Check a council's files as a flavour delivers them. named: the flavour of its settings."""
    export(Source(children=50), DAY, folder / "ssd", flavour=flavour)
    source = {"type": "files", "path": "ssd", "flavour": named}
    (folder / "config.yaml").write_text(
        json.dumps({"council": {"name": "Exampleshire"}, "source": source, "receivers": {"outbox": OUTBOX}}), "utf-8"
    )
    return CliRunner().invoke(cli, ["--config", str(folder / "config.yaml"), "source", "check", "--as-of", str(DAY), *options])


@pytest.mark.parametrize("flavour", ["mosaic", pytest.param("before-1.4", marks=pytest.mark.slow)])
def test_a_flavour_is_recognised_by_its_columns_and_proposed_with_the_line_to_write(tmp_path, flavour):
    said = check(tmp_path, flavour)

    assert said.exit_code == 1
    assert f"These look like the tables of {flavours.flavour(flavour).title}" in said.output
    assert f"add to `source:` in config.yaml:\n  flavour: {flavour}\n" in said.output


@pytest.mark.slow
def test_a_check_of_everything_says_so_once_with_what_to_do(tmp_path):
    config = str(tmp_path / "config.yaml")
    check(tmp_path, "mosaic")

    faults = json.loads(CliRunner().invoke(cli, ["--config", config, "check", "--offline", "--json"]).stdout)

    [proposed] = [fault for fault in faults if "Mosaic" in fault["problem"]]
    assert proposed["remedy"] == "Add `flavour: mosaic` to `source:`."


def test_by_json_each_table_has_the_flavour_with_which_it_has_all_and_the_rules_that_wait(tmp_path):
    tables = {row["table"]: row for row in json.loads(check(tmp_path, "mosaic", "--json").stdout)}

    assert {name for name, row in tables.items() if row["flavour"] == "mosaic"} >= {"ssd_cp_visits", "ssd_involvements"}
    assert tables["ssd_person"]["flavour"] is None
    assert "CP-03" in tables["ssd_cp_visits"]["waiting"]


@pytest.mark.slow
def test_where_the_flavour_is_named_what_is_lost_is_said_and_nothing_is_proposed(tmp_path):
    said = check(tmp_path, "mosaic", named="mosaic")

    assert "ssd_professionals.prof_professional_name: the names of workers are not in it" in said.output
    assert "These look like" not in said.output


# ---------------------------------------------------------------------- which there are


@every
def test_what_a_flavour_names_is_there(flavour):
    """Its columns are checked when it is read; so are those that it leads through here."""
    one = flavours.flavour(flavour)

    for (table, _), given in one.columns.items():
        for way in given.through:
            assert {way.key, way.take} <= TABLES[way.table].columns.keys(), table
    assert one.title


def test_an_unknown_flavour_is_named_with_the_nearest():
    with pytest.raises(ValidationError, match=r"there is no flavour 'mosiac'. Did you mean 'mosaic'\?"):
        Files(type="files", path=Path("ssd"), flavour="mosiac")


def test_a_source_of_no_flavour_is_read_as_it_is():
    source = Files(type="files", path=Path("ssd"))

    assert as_ours(source) is source
    assert isinstance(as_ours(source.model_copy(update={"flavour": "mosaic"})), Flavoured)


# ---------------------------------------------------------------------- what their pages say

PAGES = sorted((Path(__file__).parents[1] / "docs" / "how-to").glob("connect-*.md"))
VIEWS = [view for page in PAGES for view in re.findall(r"^CREATE VIEW .*?;$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)]


@every
def test_each_flavour_has_a_page_that_says_how_to_name_it(flavour):
    assert any(f"flavour: {flavour}" in page.read_text("utf-8") for page in PAGES)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.split()[2])
def test_a_view_of_a_page_is_t_sql_and_gives_columns_of_the_ssd(view):
    [statement] = sqlglot.parse(view, dialect="tsql")
    assert isinstance(statement, sqlglot.exp.Create)

    table = statement.this.name
    given = {column.alias_or_name for column in statement.expression.selects}

    assert given <= TABLES[table].columns.keys()
    assert {name for name in TABLES[table].columns if name.endswith(("_id", "_start_date"))} <= given
