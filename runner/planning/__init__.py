"""From an experiment to every trial in canonical order, cut into chunks."""
