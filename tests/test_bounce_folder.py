"""The folder of bounces, what people are told of it, and what stands on the envelope."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from alerting.app import build
from alerting.authoring.check import check
from alerting.commands import cli
from tests import postfix
from tests.bounced_mails import bounce
from tests.made_council import MONDAY
from tests.returned_mail import DAY, Post, on, to, words
from tests.servers import ScriptedMailServer, scripted_mail_server

# ---- the folder, and what people are told of it


@pytest.mark.slow
def test_a_file_that_cannot_be_moved_is_a_problem_of_the_run_and_touches_no_other(post: Post) -> None:
    [first] = post.rows("M1")
    bad = post.arrives(b"x")
    post.arrives(bounce(first.message_id))
    # In its place stands a folder, so that nothing can be moved there.
    (post.bounces / "cur" / f"{bad.name}:2,S").mkdir()
    looked = post.look(on(MONDAY))

    assert dict(looked.counts) == {"unreadable": 1, "returned": 1}
    [problem] = looked.problems
    assert problem.text == "receiver mail: 1 bounce cannot be read, or not moved from `new` to `cur`"


@pytest.mark.slow
def test_a_folder_that_is_gone_is_told_to_administrators_and_stops_nothing(post: Post, relay: ScriptedMailServer) -> None:
    shutil.rmtree(post.bounces)
    post.council.on_a_plan("C3", seen=MONDAY - 3 * DAY)
    report = post.run(MONDAY + DAY)

    assert report.status == "done_with_faults"
    assert [problem for problem in report.problems if "bounces: there is no folder new in" in problem] != []
    assert "Sending: receiver mail" in post.administrators_told()
    assert len(to(relay, "m1")) == 1


@pytest.mark.slow
def test_a_folder_that_cannot_even_be_looked_for_stops_nothing_and_the_check_says_so(
    tmp_path: Path, relay: ScriptedMailServer
) -> None:
    post = Post(tmp_path / "council")
    post.by_mail(relay.port, bounces="n" * 300)
    report = post.run(MONDAY)

    assert [problem for problem in report.problems if "cannot be looked into (File name too long)" in problem] != []
    assert len(to(relay, "m1")) == 1
    faults = check(build(post.folder / "config.yaml"), MONDAY, reach=False)
    assert [fault for fault in faults if "cannot be looked into" in fault.problem] != []


@pytest.mark.slow
def test_a_bounce_made_to_upset_the_database_touches_only_itself(any_post: Post) -> None:
    [first] = any_post.rows("M1")
    any_post.arrives(bounce(first.message_id.replace("@", "\x00@")))
    any_post.arrives(bounce(first.message_id))

    assert dict(any_post.look(on(MONDAY)).counts) == {"malformed": 1, "returned": 1}


def test_the_check_says_when_the_folder_cannot_be_used(post: Post) -> None:
    def said() -> list[str]:
        app = build(post.folder / "config.yaml")
        return [f"{fault.where}: {fault.problem}" for fault in check(app, MONDAY, reach=False) if "bounces" in fault.problem]

    assert said() == []
    (post.bounces / "cur").rmdir()
    [fault] = said()
    assert "config.yaml" in fault
    assert "there is no folder cur" in fault


def test_a_test_installation_reads_no_bounces(post: Post, relay: ScriptedMailServer) -> None:
    [first] = post.rows("M1")
    path = post.arrives(bounce(first.message_id))
    council = {
        "name": "Exampleshire",
        "domain": "alerts.example.gov.uk",
        "environment": "test",
        "redirect_to": "t@example.gov.uk",
    }
    post.settings |= {"council": council}
    post.council.configure(post.store_url, **post.settings)

    assert dict(post.look(on(MONDAY)).counts) == {}
    assert path.exists()


@pytest.mark.slow
def test_the_command_line_says_what_was_read(tmp_path: Path, relay: ScriptedMailServer) -> None:
    office = Post(tmp_path / "council")
    office.by_mail(relay.port)
    office.run(datetime.now(UTC).date())
    [first] = office.rows("M1")

    def send(*options: str) -> Any:
        return CliRunner().invoke(cli, ["--config", str(office.folder / "config.yaml"), "deliveries", "send", *options])

    office.arrives(bounce(first.message_id))
    office.arrives(b"Subject: hello\n\nhello")
    done = send()
    assert "Bounces: 1 no report, 1 returned\n" in done.output
    assert done.exit_code == 1
    assert len(to(relay, "s1")) == 1
    office.arrives(b"Subject: hello\n\nhello")
    assert json.loads(send("--json").output)["bounces"] == {"no_report": 1}


# ---- on the envelope


def test_bounces_go_to_the_return_path_and_servers_are_asked_for_no_more_than_the_headers(tmp_path: Path) -> None:
    said: list[str] = []

    def mail(line: str) -> str:
        said.append(line.strip())
        return "250 ok"

    with scripted_mail_server(EHLO="250-relay\r\n250-DSN\r\n250 SIZE 10000000", MAIL=mail) as server:
        office = Post(tmp_path / "council")
        office.by_mail(server.port, return_path="bounces@alerts.example.gov.uk")
        office.run(MONDAY)

    assert said
    assert all(line.startswith("mail FROM:<bounces@alerts.example.gov.uk>") and line.endswith(" RET=HDRS") for line in said)
    assert "alerts@example.gov.uk" in to(server, "m1")[0]["From"]


def test_a_return_path_must_be_an_address(tmp_path: Path) -> None:
    office = Post(tmp_path / "council")
    office.by_mail(25, return_path="nobody")
    office.council.write()

    assert any(
        "not a mail address" in fault.problem
        for fault in build(office.council.configure(office.store_url, **office.settings)).faults
    )


# ---------------------------------------------------------------------- through a real Postfix


@pytest.fixture
def maildir() -> Iterator[Path]:
    """A Maildir that Postfix, which runs as another user, may write to."""
    folder = Path(tempfile.mkdtemp(prefix="bounces"))
    folder.chmod(0o755)
    for name in ("", "new", "cur", "tmp"):
        (folder / "alerts" / name).mkdir(exist_ok=True)
        shutil.chown(folder / "alerts" / name, "postfix")
    yield folder / "alerts"
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(not postfix.AVAILABLE, reason="there is no Postfix on this machine, or it may not be started")
def test_what_postfix_took_and_could_not_deliver_goes_to_the_next_manager_up_in_the_next_run(
    tmp_path: Path, maildir: Path
) -> None:
    def refusing(line: str) -> str:
        return "550 5.1.1 no such user here" if "m1@" in line.lower() else "250 ok"

    office = Post(tmp_path / "council")
    with scripted_mail_server(RCPT=refusing) as next_hop, postfix.start_postfix(next_hop.port, bounces=maildir) as port:
        office.by_mail(port, return_path="alerts@bounces.example.gov.uk", bounces=maildir.as_posix())
        office.run(MONDAY)
        assert [row.state for row in office.rows("M1")] == ["accepted"]
        ends = time.monotonic() + 30
        while not list((maildir / "new").iterdir()) and time.monotonic() < ends:
            time.sleep(0.1)
        report = office.run(MONDAY + DAY)
        while not to(next_hop, "s1") and time.monotonic() < ends:
            time.sleep(0.1)

    assert report.sending.bounces == {"returned": 1}
    [failed, *_] = office.rows("M1")
    assert failed.state == "failed"
    assert "550 5.1.1 no such user here" in failed.answer
    [mail] = to(next_hop, "s1")
    assert "This was for Person M1; it could not be delivered to them." in words(mail)
    # What came back holds the headers, and nothing of the message.
    [read] = list((maildir / "cur").iterdir())
    assert b"text/rfc822-headers" in read.read_bytes()
    assert office.breaches(MONDAY + DAY) == []
