from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "crm_platform.identity"
    label = "identity"

    def ready(self) -> None:
        from crm_platform.identity.navigation import register_navigation
        from crm_platform.identity.seeds import seed_identity
        from crm_platform.tenancy.hooks import OrganizationHook, organization_created

        organization_created.register(OrganizationHook("identity", 0, seed_identity))
        register_navigation()
