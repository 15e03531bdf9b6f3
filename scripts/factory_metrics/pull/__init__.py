"""Events of the platform's API become files of the log: ask hour by hour, keep what was answered."""
