"""Seeds that repeat when a run is repeated and never repeat inside it."""

import hashlib


def derived_seed(*parts: object) -> int:
    """Return a seed in [0, 2**31) that depends on every part and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
