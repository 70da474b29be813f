"""The shipped CRM in one committed organisation for the tests of activities; each test is rolled back."""

from tests.layouts.conftest import browser, crm, records, rep, rep_actor, the_crm

__all__ = ["browser", "crm", "records", "rep", "rep_actor", "the_crm"]
