"""Raw logs of factories that are made up: the demo, and logs of any size."""
