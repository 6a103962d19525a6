"""Days of a made-up council written as YAML, played through the line, and what must come of them."""
