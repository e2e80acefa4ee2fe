"""Metrics of a trial, from printed bytes to its value: sources, lines, points, series. No I/O: the caller feeds it."""
