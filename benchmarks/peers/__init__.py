"""What a user would pick instead of this project, on the same work in the same run."""
