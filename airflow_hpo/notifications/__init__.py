"""Notifications about studies, comparisons and champions."""
