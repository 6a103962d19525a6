"""The commands: a file is a command, and offers it as `command`; a folder of commands is one too. Another needs no other edit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from alerting.cli import CommandFolder


@click.group(
    cls=CommandFolder,
    package=sys.modules[__name__],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The council's config.yaml.",
)
@click.version_option(package_name="practice-alerts", message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, config: Path) -> None:
    """Alerts for children's services: the right manager told about the right child, once."""
    ctx.obj = config
