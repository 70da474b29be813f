"""公海: pools in which records wait for an owner, from which people claim them, and to which they return."""
