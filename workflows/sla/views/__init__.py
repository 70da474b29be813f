"""The pages of demands on owners."""
