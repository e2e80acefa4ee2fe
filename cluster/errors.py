"""The one error of this tool."""

from __future__ import annotations


class ClusterError(Exception):
    """A cluster that cannot be made, found or used: one sentence with the rule, what was got and what to do."""
