"""From chunks to finished outcomes on disk: the engine, the store, and the run that drives them."""
