"""Rows of marts become JSON documents: the contract that both fit, the check of it, and the files."""
