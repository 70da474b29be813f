"""What people are told about records: that one is theirs now, that they have been mentioned."""
