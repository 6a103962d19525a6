"""`alerting people`: who answers for what, and where that leads to nobody. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Look at who answers for what and at what leads to nobody, and say who covers for whom."""
