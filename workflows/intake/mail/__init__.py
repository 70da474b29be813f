"""Mailboxes (IMAP): new messages become records, or follow-ups of people who are known."""
