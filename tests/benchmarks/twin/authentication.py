"""A caller's token, with the user and the department in one statement."""

from __future__ import annotations

from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from tests.benchmarks.twin.models import Token, User


class KeyAuthentication(TokenAuthentication):
    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[User, Token]:
        token = Token.objects.select_related("user__department").filter(key=key, user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed
        return token.user, token
