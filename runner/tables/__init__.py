"""From outcomes to tables, and back from tables to arrays."""
