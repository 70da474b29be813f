"""How records come in from websites: forms that strangers fill in, and servers that send signed leads."""
