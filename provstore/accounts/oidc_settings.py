"""The settings of OpenID Connect providers, judged at the start."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from provstore.accounts.oidc_identities import roles_of_groups
from provstore.errors import Invalid
from provstore.settings import OidcProvider

__all__ = ["check_address", "checked"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def check_address(address: str, *, field: str) -> None:
    """Accept https, and http on this machine only.

    Raises:
        Invalid: the address is of another kind.
    """
    if not _is_safe(address):
        raise Invalid(f"{field}: {address!r} is no https:// address", field=field, value=address)


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def checked(providers: Iterable[OidcProvider]) -> dict[str, OidcProvider]:
    """Give the providers by name.

    Raises:
        Invalid: a setting of one of them is wrong.
    """
    found = {one.name: _checked(one) for one in providers}
    if len({one.issuer for one in found.values()}) < len(found):
        raise Invalid("oidc: each provider needs an issuer of its own", field="oidc")
    return found


def _checked(provider: OidcProvider) -> OidcProvider:
    where = f"oidc.{provider.name}"
    if not _NAME.fullmatch(provider.name):
        raise Invalid(f"{where}: a name of lower-case letters, digits and - is needed", field="oidc")
    check_address(provider.issuer, field=f"{where}.issuer")
    if not provider.client_id:
        raise Invalid(f"{where}.client_id: the name of this server at the provider is needed", field="oidc")
    if "openid" not in provider.scopes:
        raise Invalid(f"{where}.scopes: 'openid' is needed among them", field="oidc")
    if provider.client_secret_file is not None and not provider.client_secret_file.is_file():
        raise Invalid(f"{where}.client_secret_file: there is no file {provider.client_secret_file}", field="oidc")
    for group, _words in provider.roles:
        roles_of_groups(group, provider.roles)
    return provider
