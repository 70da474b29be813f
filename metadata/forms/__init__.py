"""The forms in which admins build the data model."""
