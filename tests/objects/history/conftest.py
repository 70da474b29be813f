"""Fixtures for tests of history: those of writing."""

from tests.objects.records.conftest import boss, rep, service, the_world

__all__ = ["boss", "rep", "service", "the_world"]
