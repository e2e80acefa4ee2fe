"""Trial programs on this machine: processes, the files they write, Python functions."""
