"""Where case data comes from: a file or a folder a type of source, found by its name, each with a class `Source`."""
