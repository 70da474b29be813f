"""The pages in which admins build the data model."""
