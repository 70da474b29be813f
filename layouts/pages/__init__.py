"""The console's pages for records: thin views over RecordQuery and RecordService."""
