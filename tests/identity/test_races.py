"""Two administrators at once."""

from __future__ import annotations

import threading

from django.db import connection

from crm_platform.identity import services
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, Role, User
from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import tenant_context
from tests.kit import make


def at_once(organization, *calls):
    """Run the calls in threads that start together; return what each returned or raised."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        try:
            with tenant_context(organization.schema_name):
                barrier.wait()
                results[index] = call()
        except PlatformError as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_administrators_who_deactivate_each_other_leave_one(fresh_organization):
    users = [User.objects.get(), make.user(profile="administrator")]
    actors = [build_actor(user, via="console") for user in users]
    results = at_once(
        fresh_organization,
        lambda: services.deactivate_user(actors[0], users[1].pk),
        lambda: services.deactivate_user(actors[1], users[0].pk),
    )
    assert sorted(type(result).__name__ for result in results) == ["StateConflict", "User"]
    assert User.objects.filter(is_active=True).count() == 1


def test_one_user_name_is_given_once(fresh_organization):
    actor = build_actor(User.objects.get(), via="console")
    data = services.UserInput(
        username="li.na",
        name="李娜",
        department=make.root_department(),
        role=Role.objects.get(api_name="individual"),
        profile=Profile.objects.get(api_name="sales_rep"),
    )
    results = at_once(fresh_organization, *[lambda: services.create_user(actor, data)] * 3)
    assert sorted(type(result).__name__ for result in results) == ["User", "ValidationFailed", "ValidationFailed"]


def test_moves_in_opposite_directions_keep_the_tree_whole(fresh_organization):
    actor = build_actor(User.objects.get(), via="console")
    one, two = make.department("一部"), make.department("二部")
    results = at_once(
        fresh_organization,
        lambda: services.move_department(actor, one.pk, two.pk),
        lambda: services.move_department(actor, two.pk, one.pk),
    )
    assert sorted(type(result).__name__ for result in results) == ["Department", "ValidationFailed"]
    assert type(one).objects.find_problems() == ([], [], [], [], [])
