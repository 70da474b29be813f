"""How records and people are shown and asked for on pages, for every part of the platform that has pages."""
