"""The record, Enom and billing's list side by side: where they differ, and what repairs it."""
