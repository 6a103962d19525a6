"""`/metrics`: how the service goes, as Prometheus reads it; counted in the store when it is asked for, so that all instances say the same.

A label is a job, a rule's code, a level, a state or a step: never a team, a person or anything of a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import Response

from alerting.model import Level
from alerting.store.schema import MESSAGE_STATES
from alerting.store.service_counts import count_messages, count_open, count_runs, last_done
from alerting.store.store import EndedRun
from alerting.web.council import Council


def show_metrics(council: Council) -> Response:
    """Return the metrics of this moment. Raises StoreError."""
    config, store, now = council.app().loaded.config, council.store(), council.now()
    zone = config.council.zone
    with council.reading() as connection:
        messages = dict.fromkeys(MESSAGE_STATES, 0) | count_messages(connection)
        opened = {(code, Level(level).name): count for (code, level), count in count_open(connection).items()}
        runs, done = count_runs(connection), last_done(connection)
        latest = {job: store.latest_run(job, within=connection) for job, _ in config.jobs}
    last: dict[str, EndedRun] = {job: run for job, run in latest.items() if run}
    steps = {(job, step): took for job, run in last.items() for step, took in run.report.get("timings", {}).items()}
    ages = {job: (now - loaded).total_seconds() for job, run in last.items() if (loaded := run.loaded_at(zone))}

    done_at = {job: moment.timestamp() for job, moment in done.items()}

    registry = CollectorRegistry()
    _add(registry, "alerting_runs", "Runs, by how they went.", ("job", "status"), runs.items())
    _add(registry, "alerting_alerts_open", "Open alerts, by the code of their rule.", ("rule", "level"), opened.items())
    _add(registry, "alerting_messages", "Messages, by what has become of them.", ("state",), _each(messages))
    _add(registry, "alerting_run_step_seconds", "Seconds that each step of the last run took.", ("job", "step"), steps.items())
    _add(registry, "alerting_data_age_seconds", "Age of the oldest data of the last run.", ("job",), _each(ages))
    _add(registry, "alerting_run_last_done_timestamp_seconds", "When the last run did its work.", ("job",), _each(done_at))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _each(values: Mapping[str, float]) -> Iterator[tuple[tuple[str], float]]:
    return (((label,), value) for label, value in values.items())


def _add(
    registry: CollectorRegistry, name: str, says: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> None:
    """Add a metric. values: each with its labels."""
    gauge = Gauge(name, says, labels, registry=registry)
    for its_labels, value in sorted(values):
        gauge.labels(*its_labels).set(value)
