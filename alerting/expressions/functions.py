"""The functions that a rule may call, by name.

Each is one entry in a module of this package whose name ends in `_functions`: written in Python, which is its meaning, and as SQL, for the engine, with
its types, its words and an example. tests/test_function_twins.py holds the two forms to each other.
"""

from __future__ import annotations

from collections.abc import Mapping

from alerting.expressions import (
    day_functions,
    moment_functions,
    table_functions,
    value_functions,
)  # each offers its functions as it is read
from alerting.expressions.function_type import OFFERED, Day, RuleFunction, Type

__all__ = ["FUNCTIONS", "Day", "RuleFunction", "Type", "day_functions", "moment_functions", "table_functions", "value_functions"]

FUNCTIONS: Mapping[str, RuleFunction] = OFFERED
"""Every function by name, in the order in which they stand in their files."""
