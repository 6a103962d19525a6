"""`alerting messages`: messages looked at before anybody gets them. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Look at messages before anybody gets them."""
