"""Which worker processes are alive: one table in `public`, since workers serve all organisations."""
