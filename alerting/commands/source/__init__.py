"""`alerting source`: whether the case data can be read and believed. A file of this folder is a command."""

from __future__ import annotations

import sys

import click

from alerting.cli import CommandFolder


@click.group(cls=CommandFolder, package=sys.modules[__name__])
def command() -> None:
    """Whether the case data can be read and believed, what of it is not understood, and what somebody found to be right."""
