"""Random hostile factories, and the files and tables that hold their rows."""
