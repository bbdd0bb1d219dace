"""From tables to answers with intervals."""
