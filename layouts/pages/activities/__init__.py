"""Pages of what people do with customers: the timeline of a record, its composer, tasks, the calendar."""
