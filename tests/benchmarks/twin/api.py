"""The twin's API: a ModelViewSet whose queryset is narrowed to what the caller's department owns."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django_filters.rest_framework import FilterSet, OrderingFilter
from rest_framework import serializers
from rest_framework.pagination import CursorPagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from tests.benchmarks.twin.models import Department, Lead, User

LISTED = (
    *("id", "name", "company", "status", "source", "rating", "mobile", "city", "expected_amount", "created_at"),
    *("owner", "owner_name", "campaign", "campaign_name"),
)
READ_ONLY = ("id", "version", "created_at", "created_by", "updated_at", "owner", "owner_department", "currency")


class LeadRow(serializers.ModelSerializer):
    """A lead in a list: twelve columns and the names of owner and campaign."""

    owner_name = serializers.CharField(source="owner.name", read_only=True, default=None)
    campaign_name = serializers.CharField(source="campaign.name", read_only=True, default=None)

    class Meta:
        model = Lead
        fields = LISTED


class LeadDetail(LeadRow):
    class Meta:
        model = Lead
        exclude = ("deleted_at",)
        read_only_fields = READ_ONLY


class LeadFilter(FilterSet):
    sort = OrderingFilter(fields=["created_at", "expected_amount", "name"])

    class Meta:
        model = Lead
        fields = ["status", "source", "rating", "city"]

    def filter_queryset(self, queryset: Any) -> Any:
        found = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("sort") == ["-expected_amount"]:  # in the direction that its index has
            found = found.order_by(F("expected_amount").desc(nulls_first=True), "created_at", "id")
        return found


class NewestFirst(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "-id")


class Counted(LimitOffsetPagination):
    """Counts up to 10,000, as the product does."""

    default_limit = 50

    def get_count(self, queryset: Any) -> int:
        return min(super().get_count(queryset.order_by()[:10_001]), 10_000)


def visible(user: User) -> QuerySet[Lead]:
    """Return what the caller's department and those below it own."""
    below = Department.objects.filter(path__startswith=user.department.path)
    return Lead.objects.filter(Q(owner_department__in=below) | Q(owner=user), deleted_at=None)


class LeadViewSet(ModelViewSet):
    filterset_class = LeadFilter

    def get_queryset(self) -> QuerySet[Lead]:
        found = visible(self.request.user).select_related("owner", "campaign")
        if self.action == "list":
            names = [name for name in LISTED if not name.endswith("_name")]
            found = found.only(*names, "owner__name", "campaign__name")
        return found

    def get_serializer_class(self) -> type[LeadRow]:
        return LeadRow if self.action == "list" else LeadDetail

    @property
    def paginator(self) -> Any:
        if not hasattr(self, "_paginator"):
            self._paginator = Counted() if "sort" in self.request.query_params else NewestFirst()
        return self._paginator

    def perform_create(self, serializer: Any) -> None:
        user = self.request.user
        serializer.save(owner=user, owner_department=user.department, created_by=user)

    def perform_update(self, serializer: Any) -> None:
        serializer.save(version=serializer.instance.version + 1)


class BulkCreate(APIView):
    """Many leads by one INSERT, validated by the same serializer."""

    def post(self, request: Request) -> Response:
        serializer = LeadDetail(data=request.data["records"], many=True)
        serializer.is_valid(raise_exception=True)
        user = request.user
        owned = {"owner": user, "owner_department": user.department, "created_by": user}
        with transaction.atomic():
            made = Lead.objects.bulk_create([Lead(**row, **owned) for row in serializer.validated_data])
        return Response({"ids": [lead.pk for lead in made]}, status=201)
