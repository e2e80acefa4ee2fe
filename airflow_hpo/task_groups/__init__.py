"""Task groups that compose the operators into a whole study."""
