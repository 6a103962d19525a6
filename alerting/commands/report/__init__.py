"""`alerting report`: papers for those who lead services, without anything of any child. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Make papers for those who lead services; nothing of any child is in them."""
