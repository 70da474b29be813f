from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LayoutsConfig(AppConfig):
    name = "layouts"

    def ready(self) -> None:
        from crm_platform.console import navigation
        from layouts.navigation import object_links, register_access
        from layouts.packages import register
        from layouts.pages.converting.offering import register as register_conversion
        from layouts.selectors import arranged_columns
        from layouts.usages import usages
        from metadata.dependencies import UsageFinder, usage_finders
        from metadata.views.object_tabs import ObjectTab, object_tab_registry
        from objects import extensions
        from objects.conversion.mapping import LEAD

        register()
        object_tab_registry.register(ObjectTab("formulas", _("Formulas"), "object-formulas"))
        object_tab_registry.register(ObjectTab("conversion", _("Conversion"), "conversion-mapping", (LEAD,)))
        register_conversion()
        usage_finders.register(UsageFinder("layouts", usages))
        extensions.arrangements.register(extensions.Arrangement("views", arranged_columns))
        navigation.register_object_source(object_links)
        navigation.register(navigation.NavItem("home", _("Home"), "home", "home", "main", position=0))
        navigation.register(
            navigation.NavItem("duplicates", _("Duplicates"), "copy-check", "duplicate-sets", "work", position=800)
        )
        navigation.register(
            navigation.NavItem("tasks", _("My tasks"), icon="checklist", url_name="tasks", section="work", position=110)
        )
        navigation.register(
            navigation.NavItem(
                "calendar", _("Calendar"), icon="calendar", url_name="calendar", section="work", position=120
            )
        )
        register_access()
        navigation.register(navigation.NavItem("trash", _("Trash"), "trash", "trash", "work", position=900))
