"""Addresses of the twin."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from tests.benchmarks.twin.api import BulkCreate, LeadViewSet

router = SimpleRouter(trailing_slash=False)
router.register("leads", LeadViewSet, basename="lead")
urlpatterns = [path("leads/bulk", BulkCreate.as_view()), *router.urls]
