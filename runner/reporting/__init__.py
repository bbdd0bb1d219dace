"""From answers to one page that opens anywhere."""
