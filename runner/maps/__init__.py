"""Two axes of a sweep as an image."""
