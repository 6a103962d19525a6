"""A message looked at before anybody gets it: what the run then sends, to whom it may be, and nothing stored or sent for it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from alerting.authoring.paper import take_picture
from alerting.errors import AlertingError
from tests.made_council import MONDAY
from tests.office import Office
from tests.one_rule_office import command

DAY = MONDAY.isoformat()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.council.write()
    office.council.configure(office.store_url)
    return office


def preview(office: Office, *words: str) -> tuple[int, str]:
    return command(office, "messages", "preview", *words)


def page_of(office: Office, *whose: str, day: date = MONDAY) -> str:
    """Return the page of a message, as a preview writes it."""
    path = office.folder / "preview.html"
    code, said = preview(office, *whose, "--day", day.isoformat(), "--html", str(path))
    assert code == 0, said
    return path.read_text("utf-8")


def sent(office: Office) -> list[str]:
    return [path.read_text("utf-8") for path in sorted((office.folder / "outbox").glob("2026-*.html"))]


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["M1", "m1@example.gov.uk", "person m1"])
def test_a_preview_is_what_the_run_then_sends_and_after_it_what_was_sent(office: Office, whose: str) -> None:
    before = page_of(office, "--recipient", whose)
    office.run(MONDAY)

    assert before in sent(office)
    assert page_of(office, "--recipient", whose) == before
    assert "A run of that day has planned it" in preview(office, "--recipient", whose, "--day", DAY)[1]


@pytest.mark.slow
def test_nothing_is_stored_or_sent_for_it(office: Office) -> None:
    code, said = preview(office, "--role", "team_manager", "--day", DAY)
    assert code == 0, said
    assert "Subject: Team T1: 2 to look at" in said
    assert "To Person M1, team manager. No run has planned it yet. Nothing was sent." in said
    assert not (office.folder / "alerting.db").exists()
    assert not (office.folder / "outbox").exists()

    office.run(MONDAY)
    there = {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()}
    assert preview(office, "--recipient", "M1", "--day", (MONDAY + timedelta(days=1)).isoformat())[0] == 1
    assert {path: path.read_bytes() for path in office.folder.rglob("*") if path.is_file()} == there


@pytest.mark.slow
def test_a_list_that_goes_with_a_message_can_be_looked_at_with_it(office: Office) -> None:
    for number in range(10, 42):
        office.council.on_a_plan(f"K{number}", seen=MONDAY)
    office.council.write()
    office.rule("plan-long", "PL-01", "brake: 100")
    open_only = ["ssd_cin_episodes", "ssd_cp_plans", "ssd_involvements"]
    office.settings = {"go_live": "full", "rules": {"path": "rules", "params": {"max_share": 1, "open_only": open_only}}}
    office.council.configure(office.store_url, **office.settings)

    said = preview(office, "--recipient", "M1", "--day", DAY)[1]
    assert f"open-items-{DAY}.csv:\n\nReference," in said
    assert all(f"Child K{number}," in said for number in range(10, 42))
    page = office.folder / "preview.html"
    assert "With it goes open-items-" in preview(office, "--recipient", "M1", "--day", DAY, "--html", str(page))[1]


@pytest.mark.slow
def test_a_restricted_child_is_in_the_messages_of_those_whom_its_record_names_and_in_no_others(office: Office) -> None:
    office.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="S1")
    office.council.write()

    assert "C1" not in page_of(office, "--recipient", "M1")
    assert "C2" in page_of(office, "--recipient", "M1")
    assert "C1" in page_of(office, "--recipient", "S1")


@pytest.mark.slow
def test_a_summary_of_the_week_and_the_administrators_message_can_be_looked_at_too(office: Office) -> None:
    code, said = preview(office, "--role", "head_of_service", "--job", "weekly", "--day", DAY)
    assert (code, "Practice alerts weekly summary" in said) == (0, True), said

    code, said = preview(office, "--role", "administrator", "--day", DAY)
    assert (code, "Practice alerts service" in said) == (0, True), said
    assert "is as it was before that run" in said, "how many messages were sent is nothing that can be known"
    office.run(MONDAY)
    assert "is as it was before that run" not in preview(office, "--role", "administrator", "--day", DAY)[1]


@pytest.mark.slow
def test_whatever_a_run_of_the_week_has_planned_is_said_to_be_planned(office: Office) -> None:
    office.settings["receivers"] = {
        "outbox": {"type": "folder", "path": "outbox"},
        "cards": {"type": "folder", "path": "cards", "ceiling": "counts", "teams": ["T1"]},
    }
    office.run(MONDAY, "weekly")

    for role in ("administrator", "channel", "head_of_service"):
        code, said = preview(office, "--role", role, "--job", "weekly", "--day", DAY)
        assert (code, "A run of that day has planned it." in said) == (0, True), said
    said = preview(office, "--role", "administrator", "--job", "daily", "--day", DAY)[1]
    assert "No run has planned it yet." in said, "what the week's run told administrators is not the message of the day"


def test_a_name_of_several_people_and_a_channel_that_there_is_not_are_refused(office: Office) -> None:
    office.council.row("ext_staff", worker_id="M2")["name"] = "Person M1"
    office.council.write()
    code, said = preview(office, "--recipient", "Person M1", "--day", DAY)
    assert (code, "more than one is called 'Person M1'" in said, "Give one of these ids: M1, M2." in said) == (1, True, True), (
        said
    )

    code, said = preview(office, "--recipient", "team:T9", "--day", DAY)
    assert (code, "no receiver of config.yaml has the channel 'team:T9'" in said, "There are none." in said) == (1, True, True), (
        said
    )


@pytest.mark.slow
def test_whoever_has_no_message_is_told_so_and_so_is_who_is_nobody(office: Office) -> None:
    code, said = preview(office, "--recipient", "W2", "--day", DAY)
    assert code == 1
    assert "'W2' has no daily message on 2 March 2026: nothing is new to them" in said
    assert "no director has a daily message" in preview(office, "--role", "director", "--day", DAY)[1]
    assert "there is nobody called 'Person M9'" in preview(office, "--recipient", "Person M9", "--day", DAY)[1]
    assert preview(office, "--day", DAY)[0] == 2
    assert preview(office, "--day", DAY, "--recipient", "M1", "--role", "worker")[0] == 2


def test_what_a_council_words_itself_and_what_is_wrong_in_it_is_shown(office: Office) -> None:
    (office.folder / "words").mkdir()
    (office.folder / "words" / "head.txt").write_text("Good morning {{ name }}.", "utf-8")
    (office.folder / "words" / "foot.txt").write_text("{{ nme }}", "utf-8")
    office.council.configure(office.store_url, messages={"templates": "words"})
    said = preview(office, "--recipient", "M1", "--day", DAY)[1]

    assert "Good morning Person M1." in said
    assert "foot.txt: the council's own words were not used: there is no name 'nme'" in said


def test_without_a_browser_a_picture_is_refused_with_another_way_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AlertingError, match="a picture is made by a browser, and there is none") as refused:
        take_picture("<body><p>Hello</p></body>", tmp_path / "message.png")

    assert "--html" in (refused.value.remedy or "")


@pytest.mark.slow
def test_a_picture_is_as_tall_as_its_page(tmp_path: Path, chromium: str) -> None:
    take_picture('<html><body style="margin:0"><div style="height:2345px">Hello</div></body></html>', tmp_path / "page.png")
    png = (tmp_path / "page.png").read_bytes()

    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (700, 2345)
