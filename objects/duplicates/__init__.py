"""Duplicates: keys by which records are found to be the same, the search for them, and what is remembered."""
