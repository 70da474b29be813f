"""The file store: bytes of uploads by their content, one row per upload, and who may have them back.

Knows nothing of records: it keeps ids of what a file is attached to, and asks higher layers who may read that.
"""
