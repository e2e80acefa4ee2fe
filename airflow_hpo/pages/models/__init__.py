"""Answers of the pages' API, one module for each part of it."""
