"""`alerting rules`: what is asked, of whom, and why. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Write, check, understand, try and change rules; see what is asked, of whom, and why."""
