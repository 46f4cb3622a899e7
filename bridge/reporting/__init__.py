"""The only place with sentences about jobs and differences. Pure."""
