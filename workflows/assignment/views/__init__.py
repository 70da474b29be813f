"""The pages of assignment."""
