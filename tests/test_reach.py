"""What `alerting check` finds by trying to reach the receivers; nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from alerting.app import build
from alerting.authoring.check import check
from notifiers.email import Notifier as Email
from notifiers.teams import Notifier as Teams
from tests.made_council import MONDAY
from tests.office import Office
from tests.servers import closed_port, mail_server


def email(port: int, **settings: object) -> Email:
    return Email.model_validate({"type": "email", "host": "127.0.0.1", "port": port, "from": "alerts@example.gov.uk", **settings})


def test_a_relay_that_is_there_is_well_and_gets_no_mail(tmp_path: Path) -> None:
    with mail_server(tmp_path) as relay:
        assert email(relay.port, ca_file=relay.ca_file).reach() == []
        assert relay.taken == []


def test_a_relay_that_refuses_the_connection_is_named_a_fault() -> None:
    [problem] = email(closed_port()).reach()

    assert "reach" in problem or "refused" in problem


def test_a_relay_whose_certificate_nobody_vouches_for_is_named_a_fault(tmp_path: Path) -> None:
    with mail_server(tmp_path) as relay:
        [problem] = email(relay.port).reach()

    assert "certificate" in problem


def test_a_password_that_is_not_taken_is_named_a_fault_and_not_shown(tmp_path: Path) -> None:
    with mail_server(tmp_path, user="alerts", password="right") as relay:
        [problem] = email(relay.port, ca_file=relay.ca_file, user="alerts", password="hush-hush").reach()

    assert "hush-hush" not in problem


@pytest.mark.parametrize(("status", "faults"), [(404, 1), (410, 1), (405, 0), (401, 0), (200, 0)])
def test_a_flow_that_is_gone_says_so_and_a_living_one_refuses(httpserver: HTTPServer, status: int, faults: int) -> None:
    httpserver.expect_request("/flow", method="GET").respond_with_data("", status=status)
    url = httpserver.url_for("/flow") + "?sig=hush"
    teams = Teams(channels={"T1": SecretStr(url)}, hosts=("localhost", "127.0.0.1"))

    problems = teams.reach()
    assert len(problems) == faults
    assert not any("hush" in problem for problem in problems)
    assert [request.method for request, _ in httpserver.log] == ["GET"]


def test_a_flow_whose_host_is_not_there_is_named_a_fault() -> None:
    teams = Teams(channels={"T1": SecretStr(f"http://127.0.0.1:{closed_port()}/flow?sig=hush")}, hosts=("127.0.0.1",))

    [problem] = teams.reach()
    assert "T1" in problem
    assert "hush" not in problem


def test_a_file_of_certificates_that_is_not_there_is_a_fault_of_check_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_OF_T1", "https://a.powerplatform.com/1?sig=made-up")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    office = Office(tmp_path)
    office.settings["receivers"] = {"channels": {"type": "teams", "channels": {"T1": "${env:FLOW_OF_T1}"}, "ceiling": "counts"}}
    app = build(office.council.configure(office.store_url, **office.settings))

    told = [fault.problem for fault in check(app, MONDAY) if "channels" in fault.problem]

    assert "receiver channels: the flow for team T1: the certificates to trust cannot be read. REQUESTS_CA_BUNDLE or" in told[0]


def test_what_a_receiver_did_not_foresee_is_a_fault_of_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_it(self: Email) -> list[str]:
        raise KeyError("made-up")

    monkeypatch.setattr(Email, "reach", raise_it)
    office = Office(tmp_path)
    office.settings["receivers"] = {"mail": {"type": "email", "host": "127.0.0.1", "from": "alerts@example.gov.uk"}}
    app = build(office.council.configure(office.store_url, **office.settings))

    told = [fault.problem for fault in check(app, MONDAY) if fault.problem.startswith("receiver mail")]

    assert told[-1] == "receiver mail: it cannot be tried (KeyError)"
    assert "domains is left out" in told[0]
