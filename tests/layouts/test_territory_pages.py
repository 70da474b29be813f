"""The pages of territories, and the form of sharing rules that offers them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from crm_platform.kit.context import system_actor
from objects.access.models import SharingRule, Territory
from objects.access.services import territories as services
from tests.kit.clients import OrganizationClient
from tests.objects.world import World


def texts_of(answer: Any) -> str:
    html: str = answer.content.decode()
    return html


def test_a_tree_is_made_filled_moved_closed_and_emptied(admin: OrganizationClient, crm: World) -> None:
    assert "还没有销售区域" in texts_of(admin.get(reverse("territories")))
    admin.post(reverse("territory-new"), {"name": "全国"})
    china = Territory.objects.get(name="全国")
    below = texts_of(admin.get(reverse("territory-new") + f"?parent={china.pk}"))
    assert f'value="{china.pk}" selected' in below
    admin.post(reverse("territory-new"), {"name": "华东", "parent": str(china.pk)})
    east = Territory.objects.get(name="华东")
    assert east.path.startswith(china.path)
    taken = admin.post(reverse("territory-new"), {"name": "华东", "parent": str(china.pk)})
    assert taken.status_code == 422 and "同级已有同名的销售区域" in texts_of(taken)

    rep = crm.users["rep"]
    nobody = admin.post(reverse("territory-members", args=[east.pk]), {"members": ["没有这个人"]})
    assert nobody.status_code == 422
    admin.post(reverse("territory-members", args=[east.pk]), {"members": [str(rep.pk)]})
    page = texts_of(admin.get(reverse("territory", args=[east.pk])))
    assert rep.name in page and "还没有共享规则指向该区域" in page
    assert east.name in texts_of(admin.get(reverse("user-edit", args=[rep.pk])))

    refused = admin.post(reverse("territory-move", args=[china.pk]), {"parent": str(east.pk)}, follow=True)
    assert "不能移动到自己的下级" in texts_of(refused)
    admin.post(reverse("territory", args=[east.pk]), {"name": "东区", "parent": ""})
    east.refresh_from_db()
    assert (east.name, east.depth) == ("东区", 1)
    admin.post(reverse("territory-move", args=[east.pk]), {"parent": str(china.pk)})
    admin.post(reverse("territory-close", args=[china.pk]))
    assert not Territory.objects.filter(is_active=True).exists()
    page = texts_of(admin.get(reverse("territory", args=[east.pk])))
    assert f'value="{china.pk}" selected' in page  # where it stands, although that is closed, too
    admin.post(reverse("territory", args=[east.pk]), {"name": "东部", "parent": str(china.pk)})
    assert Territory.objects.get(name="东部").depth == 2
    admin.post(reverse("territory-reopen", args=[east.pk]))
    assert Territory.objects.filter(is_active=True).count() == 2

    held = admin.post(reverse("territory-delete", args=[china.pk]), follow=True)
    assert "请先删除或移动下级" in texts_of(held)
    admin.post(reverse("territory-member-remove", args=[east.pk, rep.pk]))
    assert not rep.territories.exists()
    admin.post(reverse("territory-delete", args=[east.pk]))
    assert list(Territory.objects.values_list("name", flat=True)) == ["全国"]


def test_a_sharing_rule_is_made_from_the_territory_and_shown_there(admin: OrganizationClient, crm: World) -> None:
    east = services.create_territory(system_actor(), "华东")
    closed = services.create_territory(system_actor(), "旧区")
    services.close_territory(system_actor(), closed.pk)
    form = texts_of(admin.get(reverse("sharing-rule-new") + f"?territory={east.pk}"))
    assert f'value="{east.pk}" selected' in form and 'value="territory" selected' in form
    assert str(closed.pk) not in form
    given = {
        "object": "account",
        "label": "华东客户",
        "kind": "criteria",
        "condition": '{"field": "name", "op": "contains", "value": "上海"}',
        "shared_with_kind": "territory_below",
        "shared_with_territory": str(east.pk),
        "level": "2",
    }
    answer = admin.post(reverse("sharing-rule-new"), given)
    assert answer.status_code == 302, texts_of(answer)
    made = SharingRule.objects.get()
    assert (made.shared_with, made.level) == (f"territory_below:{east.pk}", 2)
    page = texts_of(admin.get(reverse("territory", args=[east.pk])))
    assert "华东客户" in page and "销售区域及下级: 华东" in page
    assert "销售区域及下级: 华东" in texts_of(admin.get(reverse("sharing")))
    held = admin.post(reverse("territory-delete", args=[east.pk]), follow=True)
    assert "华东客户" in texts_of(held) and Territory.objects.filter(pk=east.pk).exists()
    wall = texts_of(admin.get(reverse("restriction-rule-new")))
    assert "销售区域及下级" not in wall  # a wall of a territory would stand before those above it, too
