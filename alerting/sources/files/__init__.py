"""A folder of extracts as a source: CSV, Parquet and Excel files, a table a file."""

from alerting.sources.files.source import Source

__all__ = ["Source"]
