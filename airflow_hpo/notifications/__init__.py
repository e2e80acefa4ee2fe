"""Telling people what became of a study, a comparison or a champion."""
