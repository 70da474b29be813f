"""The identity pages: sign-in, users, departments, the organisation's settings."""
