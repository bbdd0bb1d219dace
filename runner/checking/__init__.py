"""Checking a table, and a user's own training, against what this program computes."""
