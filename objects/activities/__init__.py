"""What people do with customers: follow-ups, tasks, events, visits; written down, told on timelines, reminded of."""
