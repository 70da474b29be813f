"""The database backend: what it spares a request, and that it still notices what it must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm_platform.kit.db import fetch_prepared
from crm_platform.tenancy.context import leave_organization, tenant_context
from tests.kit import make

NAME_SQL = "SELECT name::text FROM identity_organizationsettings"


@contextmanager
def another_session() -> Iterator[Any]:
    parameters = {k: v for k, v in connection.get_connection_params().items() if k != "cursor_factory"}
    other = psycopg2.connect(**parameters)
    other.autocommit = True
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def search_path() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return str(cursor.fetchone()[0])


def statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries]


def test_entering_the_same_organization_again_sends_no_statement(fresh_organization: Any) -> None:
    assert fresh_organization.schema_name in search_path()
    leave_organization()
    with CaptureQueriesContext(connection) as captured, tenant_context(fresh_organization.schema_name):
        assert fresh_organization.schema_name in search_path()
    assert statements(captured) == ["SHOW search_path"]


def test_another_organization_gets_its_own_path(fresh_organization: Any) -> None:
    with make.organization(enter=False) as other:
        for schema in (other.schema_name, fresh_organization.schema_name, other.schema_name):
            with tenant_context(schema):
                assert search_path().startswith(schema)
        leave_organization()
        assert search_path() == "public"


def test_rollback_takes_the_path_with_it_and_it_is_set_again(fresh_organization: Any) -> None:
    leave_organization()
    assert search_path() == "public"
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with tenant_context(fresh_organization.schema_name):
            assert search_path().startswith(fresh_organization.schema_name)
        raise ZeroDivisionError
    with tenant_context(fresh_organization.schema_name):
        assert search_path().startswith(fresh_organization.schema_name)


def test_rollback_to_a_savepoint_takes_the_path_with_it(fresh_organization: Any) -> None:
    leave_organization()
    with transaction.atomic():
        assert search_path() == "public"
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with tenant_context(fresh_organization.schema_name):
                assert search_path().startswith(fresh_organization.schema_name)
            raise ZeroDivisionError
        with tenant_context(fresh_organization.schema_name):
            assert search_path().startswith(fresh_organization.schema_name)


def test_quiet_connection_is_trusted_without_a_statement(fresh_organization: Any) -> None:
    assert connection.is_usable()
    with CaptureQueriesContext(connection) as captured:
        assert connection.is_usable()
    assert not statements(captured)


def test_connection_that_the_server_ended_is_noticed(fresh_organization: Any) -> None:
    assert connection.is_usable()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with another_session() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert not connection.is_usable()
    connection.close()
    assert search_path()


def test_prepared_statement_reads_the_organization_that_is_entered(fresh_organization: Any) -> None:
    with make.organization(name="Another", enter=False) as other:
        for organization in (fresh_organization, other, fresh_organization):
            with tenant_context(organization.schema_name):
                assert fetch_prepared("test_name", NAME_SQL) == [(organization.name,)]


def test_prepared_statement_survives_a_rollback_and_a_new_connection(fresh_organization: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert fetch_prepared("test_kept", NAME_SQL)
        raise ZeroDivisionError
    assert fetch_prepared("test_kept", NAME_SQL)
    connection.close()
    assert fetch_prepared("test_kept", NAME_SQL)
