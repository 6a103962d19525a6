"""A rule, and its answer about one subject, in words: the basis, the facts, what clears it, who is told."""
