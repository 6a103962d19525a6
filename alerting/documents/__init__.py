"""YAML files read with the place of every value, and faults in words: problem, file:line:column, remedy."""
