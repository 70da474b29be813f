"""A committed organisation whose leaver owns records of several objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, system_actor
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.rule_inputs import ValidationRuleInput
from objects.records.service import RecordService
from tests.jobs.conftest import silence
from tests.kit import make
from tests.objects.world import compiled

SYSTEM = system_actor("test")
FIRM, JOB, CHORE = "firm__c", "work__c", "chore__c"


@dataclass
class Office:
    """The people, and the ids of the leaver's records by object."""

    admin: User
    leaver: User
    heir: User
    other: User
    boss: User
    records: dict[str, list[uuid.UUID]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        return build_actor(User.objects.get(pk=self.admin.pk), via="console")

    def owners(self, name: str) -> dict[uuid.UUID, uuid.UUID | None]:
        rows = compiled(name).model._base_manager.filter(pk__in=self.records[name])
        return dict(rows.order_by("pk").values_list("pk", "owner_id"))


@pytest.fixture
def office(fresh_organization: Any) -> Iterator[Office]:
    _model()
    boss = make.user("boss", name="Boss", role="department_head", profile="sales_manager")
    leaver = make.user("leaver", name="Leaver", manager=boss)
    made = Office(User.objects.get(username="admin"), leaver, make.user("heir"), make.user("other"), boss)
    service = RecordService(SYSTEM)
    owner = {"owner_id": str(leaver.pk)}
    firms = [service.create(FIRM, {"name": f"F{number}", **owner}).id for number in range(5)]
    jobs = [
        service.create(JOB, {"name": f"J{n}", "firm__c": str(firms[n]), "helper__c": str(leaver.pk), **owner}).id
        for n in range(3)
    ]
    chores = [
        service.create(CHORE, {"name": f"C{n}", "status__c": state, **owner}).id
        for n, state in enumerate(("open", "done", "open"))
    ]
    made.records = {FIRM: firms, JOB: jobs, CHORE: chores}
    silence()
    yield made


def _model() -> None:
    services.create_object(SYSTEM, ObjectInput(FIRM, "公司", open_to_profiles=True))
    lookup = FieldInput("firm__c", "lookup", "公司", settings={"target": FIRM})
    fields = [lookup, FieldInput("helper__c", "user", "协助人"), FieldInput("crew__c", "multi_user", "团队")]
    services.create_object(SYSTEM, ObjectInput(JOB, "工单", fields=fields, open_to_profiles=True))
    states = [ChoiceInput("open", "未完成"), ChoiceInput("done", "已完成")]
    status = FieldInput("status__c", "picklist", "状态", choices=states)
    services.create_object(SYSTEM, ObjectInput(CHORE, "任务", fields=[status], is_activity=True))
    rule = ValidationRuleInput("no_bad__c", "R", "name = 'bad'", "不能保存")
    services.create_validation_rule(SYSTEM, FIRM, rule)
