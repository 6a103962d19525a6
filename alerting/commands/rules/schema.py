"""`alerting rules schema`: what editors are told of rule and subject files."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.terminal import echo


@click.command()
@click.argument("kind", type=click.Choice(["rule", "subject"]), default="rule")
@click.option("--write", is_flag=True, help="Write both into the council's folder of rules instead.")
@click.pass_context
def command(ctx: click.Context, kind: str, *, write: bool) -> None:
    """Print the JSON Schema of a rule or subject file, by which an editor completes, explains and checks it."""
    from alerting.errors import ConfigError
    from alerting.rulebook.json_schema import RULE_FILE, SUBJECT_FILE, as_text, rule_schema, subject_schema

    app = build_app(ctx)
    schemas = {RULE_FILE: as_text(rule_schema(app.book.subjects)), SUBJECT_FILE: as_text(subject_schema())}
    if not write:
        echo(schemas[RULE_FILE if kind == "rule" else SUBJECT_FILE], nl=False)
        return
    folder = app.loaded.folder / app.loaded.config.rules.path
    if not folder.is_dir():
        raise ConfigError(
            f"there is no folder {folder.as_posix()}: this council uses the rules that come with this version",
            remedy="They have their schemas already. `alerting rules new --from RULE` makes a folder of the council's own.",
        )
    for name, text in schemas.items():
        (folder / name).write_text(text, "utf-8")
        echo(f"{(folder / name).as_posix()} is written", err=True)
