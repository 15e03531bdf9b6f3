"""One run: lock, build, test, publish, hand out; and what the folder of published versions holds."""
