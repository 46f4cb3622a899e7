"""What people look up and decide, and what is kept, counted and forgotten."""
