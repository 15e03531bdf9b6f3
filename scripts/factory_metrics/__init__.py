"""Logs in, marts and documents out: what the command lines in `scripts/` do."""
