"""Merging: making one record of several, with everything that points at them, and undoing it."""
