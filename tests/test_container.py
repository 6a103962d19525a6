"""The image and the compose file, as far as they can be judged without a container engine; tests/test_release.py runs the image where there is one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
import yaml

from alerting.commands import cli
from alerting.page_settings import Page

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+")
"""An image by a version that does not move, and by the release of the system that it stands on."""
SERVICE_KEYS = {
    "build", "cap_drop", "depends_on", "environment", "healthcheck", "image", "networks", "ports", "read_only", "restart", "secrets",
    "security_opt", "tmpfs", "volumes",
}  # fmt: skip
"""Those of the Compose Specification that we use: a misspelt one would be a protection that is not there."""


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with what they say, in order."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", "")
    return [(name, says) for line in text.splitlines() if line for name, _, says in [line.partition(" ")]]


def those(name: str) -> list[str]:
    return [says for each, says in instructions() if each == name]


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


# ---------------------------------------------------------------- the image


def test_a_linter_finds_nothing_in_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_made_from_one_slim_python_of_one_version():
    [python] = {says.split()[0] for says in those("FROM")}

    assert PINNED.fullmatch(python)
    assert "-slim-" in python


def test_what_runs_in_the_image_is_nobody_with_rights_and_nothing_is_written_after_that():
    names = [name for name, _ in instructions()]
    [user] = those("USER")

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "by number, so that an engine can see that it is not root"
    assert f"--uid {user.split(':')[0]} " in " ".join(those("RUN"))
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])


def test_the_last_stage_takes_the_installed_program_and_no_file_of_the_checkout():
    last = instructions()[[name for name, _ in instructions()].index("FROM", 1) :]

    assert [says for name, says in last if name in {"COPY", "ADD"}] == [
        "--from=install /opt/practice-alerts /opt/practice-alerts"
    ]


def test_the_image_holds_no_secret():
    for says in those("ENV") + those("ARG") + those("LABEL"):
        assert not re.search(r"(?i)secret|passw|token|key|url", says)


def test_the_image_starts_a_command_of_the_product_with_options_that_it_has():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    [[program]], [[command, *options]] = map(json.loads, those("ENTRYPOINT")), map(json.loads, those("CMD"))

    assert program in scripts
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    assert found.make_context(command, options).params["alive"] == Path("/tmp/alive")


@pytest.mark.skipif(os.name == "nt", reason="the image is one of Linux, and so is its shell")
@pytest.mark.parametrize(("minutes", "healthy"), [(0, True), (4, True), (6, False), (None, False)])
def test_the_health_check_fails_once_the_service_has_not_written_for_five_minutes(tmp_path, minutes, healthy):
    [check] = re.findall(r"CMD (\[.*\])", those("HEALTHCHECK")[0])
    shell, option, script = json.loads(check)
    if minutes is not None:
        alive = tmp_path / "alive"
        alive.touch()
        subprocess.run(["touch", "--date", f"{minutes} minutes ago", alive], check=True)

    done = subprocess.run(
        [shell, option, script.replace("/tmp/alive", str(tmp_path / "alive"))], capture_output=True, check=False
    )

    assert (done.returncode == 0) is healthy


# ---------------------------------------------------------------- with PostgreSQL


def test_the_compose_file_has_no_key_that_is_none():
    assert set(compose()) == {"name", "services", "networks", "volumes", "secrets"}
    for service in compose()["services"].values():
        assert set(service) <= SERVICE_KEYS


def test_every_secret_is_a_file_and_every_one_that_is_used_is_named():
    secrets = compose()["secrets"]

    assert all(set(secret) == {"file"} for secret in secrets.values())
    assert {name for service in compose()["services"].values() for name in service["secrets"]} == set(secrets)


def test_no_password_stands_in_the_compose_file():
    environment = compose()["services"]["store"]["environment"]

    assert {name for name in environment if "PASSWORD" in name} == {"POSTGRES_PASSWORD_FILE"}
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/store-password"
    for line in (ROOT / "compose.yaml").read_text("utf-8").splitlines():
        assert not re.search(r"://[^:/]+:(?!PASSWORD@)[^@]+@", line)


def test_the_stores_address_is_one_of_the_store_beside_it():
    [written] = re.findall(r"One line: (\S+)", (ROOT / "compose.yaml").read_text("utf-8"))
    store = compose()["services"]["store"]["environment"]
    address = sa.make_url(written)

    assert address.get_dialect().name == "postgresql"
    assert (address.username, address.host, address.database) == (store["POSTGRES_USER"], "store", store["POSTGRES_DB"])


def test_the_service_writes_to_its_councils_folder_and_a_folder_in_memory_alone():
    alerts = compose()["services"]["alerts"]

    assert alerts["read_only"] is True
    assert [volume for volume in alerts["volumes"] if not volume.endswith(":ro")] == [f"./council:{those('WORKDIR')[0]}"]
    assert [place.split(":")[0] for place in alerts["tmpfs"]] == ["/tmp"]
    assert alerts["cap_drop"] == ["ALL"]


def test_the_store_is_reached_by_the_service_alone_and_the_page_from_this_machine_alone():
    services, networks = compose()["services"], compose()["networks"]

    assert "ports" not in services["store"]
    assert all(networks[name]["internal"] for name in services["store"]["networks"])
    port = Page.model_fields["port"].default
    assert services["alerts"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert those("EXPOSE") == [str(port)]


def test_the_stores_image_is_of_one_version():
    assert PINNED.fullmatch(compose()["services"]["store"]["image"])


@pytest.mark.parametrize("service", ["alerts", "store"])
def test_nothing_in_a_container_gains_rights_and_all_start_again(service):
    assert "no-new-privileges:true" in compose()["services"][service]["security_opt"]
    assert compose()["services"][service]["restart"] == "unless-stopped"
