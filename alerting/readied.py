"""`python -m alerting.readied`: the process from which a region's runs are forked, with all read that every run needs.

That is the code and the rules that the product carries, nothing of any council: who is forked from it reads its own config.yaml first.
"""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import suppress

from alerting.app import carried_rules
from alerting.casedata import engine
from alerting.commands import cli
from alerting.errors import AlertingError
from alerting.regions.ready_process import serve
from alerting.rulebook.loader import load_rulebook

_STEPS = (
    *("runs", "delivery", "audit", "store", "notifications", "alerts", "evaluation", "rulebook", "sources", "casedata"),
    *("expressions", "documents"),
)
_BESIDE = ("alerting.commands.run", "alerting.service", "email.policy", "html", "sqlite3")
_APART = ("alerting.casedata.engine_process", "alerting.sources.demo", "alerting.store.migrations")
"""What a run does not need, or needs in a process of its own."""


def main() -> None:
    """Read all that every run needs, then be each run that is asked for, in a process forked for it."""
    _read()
    cli(serve(), prog_name="alerting")


def _read() -> None:
    for package in (*(f"alerting.{step}" for step in _STEPS), "notifiers"):
        _import(package)
    for name in _BESIDE:
        importlib.import_module(name)
    # What is wrong with the rules, each authority's run says of its own.
    with suppress(AlertingError):
        load_rulebook(carried_rules())
    engine.stop()  # it is each run's own


def _import(name: str) -> None:
    """Import a package with all that is in it, but for what needs a library that is not installed."""
    if name.startswith(_APART):
        return
    with suppress(ImportError):
        module = importlib.import_module(name)
        for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
            _import(f"{name}.{inner.name}")


if __name__ == "__main__":
    main()
