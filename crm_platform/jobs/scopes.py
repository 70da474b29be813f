"""The scope of one unit of work: what settings name (`WORK_UNIT_SCOPES`) is entered around it.

This is how the layers above get their say without being imported here: metadata pins its snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.utils.module_loading import import_string


@contextmanager
def unit_scope() -> Iterator[None]:
    """Enter every configured scope for the block."""
    with ExitStack() as stack:
        for path in settings.WORK_UNIT_SCOPES:
            stack.enter_context(import_string(path)())
        yield
