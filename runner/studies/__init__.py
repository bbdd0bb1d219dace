"""Published studies: what they claim, and what comes out."""
