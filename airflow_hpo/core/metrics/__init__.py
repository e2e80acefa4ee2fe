"""From printed bytes to the value of a trial: sources, lines, points, series. Owns no I/O: whoever reads feeds it."""
