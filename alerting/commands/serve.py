"""`alerting serve`: the service that starts the jobs itself, at their times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerting.cli import build_app, now
from alerting.config import load_config
from alerting.errors import AlertingError, ConfigError
from alerting.logs import Entry, Event, Log, warnings_logged
from alerting.terminal import make_log

if TYPE_CHECKING:
    from alerting.app import App


@click.command()
@click.option(
    "--alive",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file to write each minute, so that somebody else can see it goes on.",
)
@click.option("--once", is_flag=True, help="Do what is due and send what waits, then end.")
@click.option("--no-web", is_flag=True, help="Do not show the page, though config.yaml has a `page:`.")
@click.option("--web-only", is_flag=True, help="Show the page and run no job: another does.")
@click.pass_context
def command(ctx: click.Context, alive: Path | None, *, once: bool, no_web: bool, web_only: bool) -> None:
    """Run the jobs at their times, send what waits in between, and show the page, until told to stop."""
    from alerting.runs.stopping import told_to_stop
    from alerting.service import Service

    if web_only and (no_web or once or alive):
        raise click.UsageError("--web-only runs no job, so it goes with none of --no-web, --once and --alive.")
    if web_only:
        show_page(ctx.obj, lambda: build_app(ctx))
        return
    log = make_log(now)
    service = Service(config=ctx.obj, build=lambda: build_app(ctx), clock=now, log=log, alive=alive)
    with (
        warnings_logged(log),
        _page(ctx.obj, lambda: build_app(ctx), log, wanted=not (no_web or once)),
        told_to_stop(service.give_back, code=0, on_signal=service.ring) as stop,
    ):
        service.run(stop.asked, once=once)


def show_page(config: Path, build: Callable[[], App]) -> None:
    """Show the page, and do nothing else, until told to stop. Raises ConfigError where config.yaml has none."""
    import threading

    from alerting.runs.stopping import told_to_stop

    told, log = threading.Event(), make_log(now)
    with warnings_logged(log), _page(config, build, log, needed=True), told_to_stop(told.set, code=0, on_signal=told.set):
        told.wait()
    log(Entry(event=Event.stopped, says="stopped"))


@contextmanager
def _page(config: Path, build: Callable[[], App], log: Log, *, wanted: bool = True, needed: bool = False) -> Iterator[None]:
    """Show the page while the block works, where config.yaml has one. What keeps it from being shown costs no job, unless it is needed."""
    with ExitStack() as shown:
        if needed or (wanted and load_config(config).config.page is not None):
            try:
                place = shown.enter_context(_listening(config, build, log))
            except AlertingError as error:
                if needed:
                    raise
                says = f"the page is not shown, and the jobs go on: {error.problem}. {error.remedy}".strip()
                log(Entry(event=Event.page_not_shown, says=says, error=type(error).__name__))
            else:
                log(Entry(event=Event.page_listens, says=f"the page listens at {place}"))
        yield


def _listening(config: Path, build: Callable[[], App], log: Log) -> AbstractContextManager[str]:
    """Return what shows the page while its block works, and says where. Raises ConfigError where a package for it is not installed."""
    try:
        from alerting.web.council import Council
        from alerting.web.serving import listening
    except ImportError as error:
        raise ConfigError(
            f"the page needs a package that is not installed ({error.name})",
            remedy="Install the extra `web`, such as `pip install practice-alerts[web]`, or start with --no-web.",
        ) from None
    return listening(Council(config=config, build=build, clock=now, log=log))
