"""回收: records that their owners neglect return to their pool by rule: predicate, run, preview, undo, countdown."""
