"""What the platform tells people: in the console's bell and by e-mail, as far as each of them wants it."""
