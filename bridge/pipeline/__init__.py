"""A hook's way, in reading order: intake, worker, callbacks; replay, queries and alerts beside
it."""
