"""The forms of the identity pages; services decide what is valid."""
