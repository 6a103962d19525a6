"""`alerting audit`: what was done, by whom and about whom, and the proof that nothing was lost. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Prove that nothing was lost, find who did what, and look up all that is kept about a child."""
