"""From a TOML file or a dict to a validated, immutable experiment."""
