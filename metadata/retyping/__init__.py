"""Giving a field another type: a successor is filled from it by a job, then takes its name; nothing is lost."""
