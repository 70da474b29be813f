"""What people are told about records: theirs now, or where they are mentioned; never what they may not see."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import translation

from crm_platform.events.models import OutboxMessage
from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from crm_platform.notifications.models import Notification
from crm_platform.notifications.selectors import told
from metadata import services
from metadata.inputs import FieldInput
from objects.notices.consumer import tell
from objects.records.service import RecordService
from tests.kit.query_counts import expected_query_count
from tests.objects.world import World, insert


def read_outbox() -> None:
    """Hand on what is there, and forget it."""
    tell(list(OutboxMessage.objects.order_by("seq")))
    OutboxMessage.objects.all().delete()


def lines(user: User, language: str = "en") -> list[tuple[str, str]]:
    with translation.override(language):
        items = [told(row) for row in Notification.objects.filter(user=user).order_by("id")]
    return [(item.title, item.url) for item in items]


def test_who_gets_a_record_is_told_by_whom(world: World) -> None:
    rep = world.users["rep"]
    OutboxMessage.objects.all().delete()
    boss = RecordService(world.actor("boss"))
    made = boss.create("deal", {"name": "云途", "owner_id": str(rep.pk)})
    boss.create("deal", {"name": "自己的"})
    read_outbox()
    assert lines(rep) == [("Boss assigned Deal “云途” to you", f"/o/deal/{made.id}")]
    assert lines(rep, "zh-hans") == [("Boss把Deal“云途”分配给了您", f"/o/deal/{made.id}")]
    boss.update("deal", made.id, {"name": "云途信息"})  # not another owner
    RecordService(world.actor("rep")).create("deal", {"name": "mine"})  # his own act
    read_outbox()
    assert Notification.objects.count() == 1
    boss.update("deal", made.id, {"owner_id": str(world.users["city"].pk)})
    RecordService(system_actor()).update("deal", made.id, {"owner_id": str(rep.pk)})
    read_outbox()
    assert lines(rep)[1:] == [("Deal “云途信息” was assigned to you", f"/o/deal/{made.id}")]


def test_what_one_act_gives_is_told_in_one_line(world: World) -> None:
    """However many batches it comes in, and at the cost of one record."""
    rep, actor = world.users["rep"], world.actor("boss", request_id="bulk-1")
    OutboxMessage.objects.all().delete()
    rows = [{"name": f"D{number}", "owner_id": str(rep.pk)} for number in range(37)]
    RecordService(actor).bulk_create("deal", rows)
    messages = list(OutboxMessage.objects.order_by("seq"))
    with transaction.atomic():  # fills what this process keeps of the people
        tell(messages[:1])
        transaction.set_rollback(True)
    for start, stop in ((0, 1), (1, 20), (20, 37)):
        with expected_query_count(f"notices.{'first' if not start else 'more'}"):
            tell(messages[start:stop])
    assert lines(rep) == [("Boss assigned 37 Deal to you", "/o/deal/")]
    assert lines(rep, "zh-hans") == [("Boss给您分配了 37 条Deal", "/o/deal/")]


def test_nobody_is_told_of_what_he_may_not_see(world: World) -> None:
    rep, boss = world.users["rep"], world.users["boss"]
    record = insert("deal", owner=boss, name="Secret")
    for record_id, object_name in ((record, "deal"), (record, "nosuch__c")):
        tell([_message(boss, object_name, record_id, owner_id={"old": None, "new": str(rep.pk)})])
        tell([_message(boss, object_name, record_id, mentioned_ids={"old": [], "new": [str(rep.pk)]})])
    assert lines(rep) == []


def test_who_is_mentioned_is_told_once(world: World) -> None:
    rep, boss = world.users["rep"], world.users["boss"]
    record = insert("deal", owner=rep, name="云途")
    new = [str(rep.pk), {"id": str(boss.pk)}, str(world.users["city"].pk), "no id"]
    message = _message(boss, "deal", record, mentioned_ids={"old": [str(world.users["city"].pk)], "new": new})
    for _ in range(2):  # the same message may come again
        tell([message])
    assert lines(rep) == [("Boss mentioned you in Deal “云途”", f"/o/deal/{record}")]
    assert Notification.objects.count() == 1


def test_a_new_record_mentions_people_too(world: World) -> None:
    rep, boss = world.users["rep"], world.users["boss"]
    field = FieldInput("mentioned_ids", "multi_user", "Mentioned", is_custom=False)
    services.add_field(system_actor(), "deal", field)
    OutboxMessage.objects.all().delete()
    given = {"name": "云途", "owner_id": str(rep.pk), "mentioned_ids": [str(rep.pk), str(boss.pk)]}
    made = RecordService(world.actor("boss")).create("deal", given)
    read_outbox()
    url = f"/o/deal/{made.id}"
    wanted = [("Boss assigned Deal “云途” to you", url), ("Boss mentioned you in Deal “云途”", url)]
    assert (lines(rep), lines(boss)) == (wanted, [])


def test_what_means_nothing_to_anybody_costs_nothing(world: World) -> None:
    boss = world.users["boss"]
    quiet = [
        _message(boss, "deal", boss.pk, owner_id={"old": None, "new": None}),
        _message(boss, "deal", boss.pk, owner_id="odd", mentioned_ids=None),
        OutboxMessage(type="metadata.published"),
        OutboxMessage(type="record.created", via="command", object_name="deal", record_id=boss.pk),
    ]
    with expected_query_count("notices.nothing"):
        tell(quiet)


def _message(actor: User, object_name: str, record_id: Any, **changed: Any) -> OutboxMessage:
    given = {"object_name": object_name, "record_id": record_id, "actor_id": actor.pk, "request_id": "r"}
    return OutboxMessage(type="record.updated", event_id=record_id, changed=changed, **given)
