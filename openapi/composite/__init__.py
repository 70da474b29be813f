"""Requests within one request: in order with references, each for itself, or as a tree of records."""
