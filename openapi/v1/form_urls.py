"""Routes of web forms."""

from django.urls import path

from openapi.v1 import public_forms, web_forms

FORMS = [
    path("forms", web_forms.WebFormList.as_view(), name="api-forms"),
    path("forms/<uuid:form_id>", web_forms.WebFormDetail.as_view(), name="api-form"),
    path("forms/<uuid:form_id>/submissions", web_forms.WebFormSubmissions.as_view(), name="api-form-submissions"),
    path(
        "forms/<uuid:form_id>/submissions/<uuid:submission_id>/release",
        web_forms.WebFormRelease.as_view(),
        name="api-form-release",
    ),
    path("public/forms/<str:token>", public_forms.PublicForm.as_view(), name="api-public-form"),
    path("public/leads/<str:token>", public_forms.PublicLead.as_view(), name="api-public-lead"),
]
