"""Checks of what is outside the program, and what Enom's reads show."""
