"""`alerting region`: many authorities at once. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Many authorities, each with its own config.yaml, rules, store and receivers."""
