"""`alerting serve` as a process: with the page, without it, or the page alone."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from alerting.commands import cli
from tests.made_council import MONDAY
from tests.servers import free_port
from tests.web_site import PROXY, new_office, words

ROOT = Path(__file__).parent.parent
NEVER = {"daily": {"at": "07:00", "on": []}, "weekly": {"at": "07:30", "on": []}, "monthly": {"at": "07:45", "on": []}}


@pytest.fixture
def office(tmp_path):
    made = new_office(tmp_path)
    made.begin(MONDAY)
    return made


def configured(office: Any, **page: Any) -> tuple[Path, str]:
    port = free_port()
    settings = {"page": {"url": f"http://127.0.0.1:{port}", "port": port, "sign_in": PROXY} | page, "jobs": NEVER}
    return office.council.configure(office.store_url, **settings), f"http://127.0.0.1:{port}"


def begun(config: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "alerting", "--config", str(config), "serve", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=ROOT)


def answers(process: subprocess.Popen[str], url: str) -> bool:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            return requests.get(f"{url}/healthz", timeout=5).text == "alive\n"
        except requests.ConnectionError:
            time.sleep(0.1)
    return False


def read_until(process: subprocess.Popen[str], words_: str) -> str:
    """Return what a process says, up to the line that has some words, or all where none has them."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in iter(process.stderr.readline, ""):
        lines.append(line)
        if words_ in line:
            break
    return "".join(lines)


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent this signal")
@pytest.mark.parametrize("arguments", [(), ("--web-only",)])
def test_it_shows_the_page_until_it_is_told_to_stop(office, arguments):
    config, url = configured(office)
    process = begun(config, *arguments)
    try:
        assert answers(process, url)
        page = requests.get(url, headers={"X-Mail": "m1@example.gov.uk"}, timeout=30)
        assert "My list" in words(page)
        # The page is there first, as the clock waits for the store; to stop before it goes is no start.
        said = "" if arguments else read_until(process, "started on")
        said += ended(process)
    finally:
        process.kill()
        process.wait()

    assert "the page listens at 127.0.0.1" in said
    assert ("started on" in said) is (arguments == ())
    assert "m1@" not in said
    assert "C1" not in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent this signal")
def test_a_page_that_cannot_listen_costs_no_job_and_alone_it_is_a_fault(office):
    config, url = configured(office)
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
        process = begun(config)
        try:
            assert process.stderr is not None
            said = process.stderr.readline() + process.stderr.readline()
            said += ended(process)
        finally:
            process.kill()
            process.wait()
        alone = begun(config, "--web-only")
        _, said_alone = alone.communicate(timeout=60)

    assert "the page is not shown, and the jobs go on: the page cannot listen at 127.0.0.1" in said
    assert "started on" in said
    assert (alone.returncode, "the page cannot listen at 127.0.0.1" in said_alone) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--no-web", "--once"), ("--once",)])
def test_without_the_page_nothing_listens(office, arguments):
    config, _ = configured(office)
    process = begun(config, *arguments)
    _, said = process.communicate(timeout=120)

    assert process.returncode == 0, said
    assert "listens" not in said


def test_the_page_alone_needs_a_page_and_goes_with_no_job(office):
    config = office.council.configure(office.store_url)

    without = CliRunner().invoke(cli, ["--config", str(config), "serve", "--web-only"])
    assert without.exit_code == 1
    assert "config.yaml has no `page:`" in without.output
    for other in (["--once"], ["--no-web"], ["--alive", "x"]):
        assert CliRunner().invoke(cli, ["--config", str(config), "serve", "--web-only", *other]).exit_code == 2


def test_a_run_and_every_other_command_load_nothing_of_the_page():
    script = (
        "import sys, alerting.commands.run, alerting.commands.serve, alerting.app, alerting.service, alerting.runs.pipeline\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'fastapi', 'starlette', 'uvicorn', 'authlib', 'itsdangerous', 'joserfc'}))"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)

    assert found.stdout.strip() == "[]"
