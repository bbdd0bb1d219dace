"""Scripts that measure; the README quotes their tables."""
