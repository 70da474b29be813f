"""Opening mailboxes: to public servers only, but for those that MAILBOX_HOSTS names, and to the address looked at.

What a server says is never shown: whoever settles mailboxes must not learn what answers inside our network.
"""

from __future__ import annotations

import imaplib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxFolderStatusError, MailboxLoginError

from crm_platform.identity.networks import Network, is_within, parse
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.sealing import CannotOpen, unseal
from workflows.intake.models import Mailbox

TIMEOUT = 10  # seconds that a server may stay silent
MAX_SECONDS = 120  # that a connection may last
MAX_LITERAL = 30 * 1024 * 1024  # bytes of one answer; more is not read
MAX_LINE = 1024 * 1024
TROUBLES = {
    "no_such_host": _("There is no server of this name."),
    "not_allowed": _("This address is not public. An operator may allow it (MAILBOX_HOSTS)."),
    "needs_encryption": _("Without encryption only servers on this machine, or that MAILBOX_HOSTS names, are read."),
    "unreachable": _("The server does not answer at this port."),
    "no_tls": _("An encrypted connection to the server could not be made; its certificate may not fit its name."),
    "no_imap": _("What answers there is no IMAP server, or breaks off."),
    "refused": _("The server refuses this user and password."),
    "no_folder": _("There is no such folder."),
    "no_password": _("The password can't be opened. Enter it again."),
}


class Trouble(PlatformError):
    """Why a mailbox can't be read; `reason` is a key of TROUBLES."""

    code = "mailbox_unreachable"
    status = 422

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(TROUBLES[reason], reason=reason)


@contextmanager
def opened(row: Mailbox) -> Iterator[BaseMailBox]:
    """Sign in to a mailbox for the block; raises Trouble, also for what breaks off inside."""
    address = allowed_address(row)
    try:
        box = _Box(row, address)
        try:
            _sign_in(box, row.username, _password(row))
            yield box
        finally:
            _leave(box)
    except (MailboxFolderSelectError, MailboxFolderStatusError):
        raise Trouble("no_folder") from None
    except ssl.SSLError:
        raise Trouble("no_tls") from None
    except (TimeoutError, ConnectionError, socket.gaierror):
        raise Trouble("unreachable") from None
    except (imaplib.IMAP4.error, ImapToolsError, OSError, UnicodeError):
        raise Trouble("no_imap") from None


def allowed_address(row: Mailbox) -> str:
    """Return the IP address to connect to; raises Trouble unless every address of the host may be read."""
    try:
        found = socket.getaddrinfo(row.host, row.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Trouble("no_such_host") from None
    addresses = [str(item[4][0]).partition("%")[0] for item in found]
    if not addresses:
        raise Trouble("no_such_host")
    is_named = row.host.lower().rstrip(".") in _names()
    listed = [is_named or is_within(_networks(), address) for address in addresses]
    if not all(mark or _is_public(address) for mark, address in zip(listed, addresses, strict=True)):
        raise Trouble("not_allowed")
    if row.security == Mailbox.Security.PLAIN and not all(listed):
        raise Trouble("needs_encryption")
    return addresses[0]


def _names() -> set[str]:
    return {item.lower().rstrip(".") for item in settings.MAILBOX_HOSTS}


def _networks() -> list[Network]:
    found = []
    for item in settings.MAILBOX_HOSTS:
        try:
            found.append(parse(item))
        except ValueError:  # the name of a host
            continue
    return found


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def _password(row: Mailbox) -> str:
    try:
        return unseal(row.secret_seal)
    except CannotOpen:
        raise Trouble("no_password") from None


def _sign_in(box: BaseMailBox, username: str, password: str) -> None:
    enter = box.login if f"{username}{password}".isascii() else box.login_utf8
    try:
        enter(username, password, None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        raise Trouble("refused") from None


def _leave(box: BaseMailBox) -> None:
    try:
        box.client.logout()
    except (imaplib.IMAP4.error, OSError):
        box.client.shutdown()


# --- connections ------------------------------------------------------------------------------------------------
class _Bounded:
    """What both clients do: they connect to the address that was looked at, and read no endless answers."""

    address: str
    timer: threading.Timer | None = None

    def _dial(self, port: int) -> socket.socket:
        self.timer = threading.Timer(MAX_SECONDS, self._cut)
        self.timer.daemon = True
        self.timer.start()
        return socket.create_connection((self.address, port), TIMEOUT)

    def _cut(self) -> None:
        """End a connection that lasts too long: a server could send a byte now and then for ever."""
        sock = getattr(self, "sock", None)
        if sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def shutdown(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        super().shutdown()  # type: ignore[misc]

    def read(self, size: int) -> Any:
        if size > MAX_LITERAL:
            raise imaplib.IMAP4.abort("the answer is too long")
        return super().read(size)  # type: ignore[misc]

    def readline(self) -> Any:
        line = self.file.readline(MAX_LINE + 1)  # type: ignore[attr-defined]
        if len(line) > MAX_LINE:
            raise imaplib.IMAP4.abort("the line is too long")
        return line


class _Plain(_Bounded, imaplib.IMAP4):
    def __init__(self, host: str, port: int, address: str) -> None:
        self.address = address
        super().__init__(host, port, TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._dial(self.port)


class _Encrypted(_Bounded, imaplib.IMAP4_SSL):
    def __init__(self, host: str, port: int, address: str) -> None:
        self.address = address
        super().__init__(host, port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self.ssl_context.wrap_socket(self._dial(self.port), server_hostname=self.host)


class _Box(BaseMailBox):
    """imap-tools' mailbox over one of our connections."""

    def __init__(self, row: Mailbox, address: str) -> None:
        self._row, self._address = row, address
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        row = self._row
        made = _Encrypted if row.security == Mailbox.Security.TLS else _Plain
        client = made(row.host, row.port, self._address)
        if row.security == Mailbox.Security.STARTTLS:
            try:
                client.starttls(ssl.create_default_context())
            except imaplib.IMAP4.error:
                client.shutdown()
                raise Trouble("no_tls") from None
        return client
