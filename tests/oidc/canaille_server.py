"""Canaille, a real OpenID Connect provider, on a free port of this machine, with a database in a given folder.

Runs in the virtual environment that tests/oidc_provider.py makes. Each line of its standard input is a command in JSON,
answered by one line; when the input ends, so does the server, whatever became of the tests.
"""

import json
import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from canaille import create_app  # type: ignore[import-not-found]  # in its own environment
from canaille.app import models  # type: ignore[import-not-found]  # in its own environment
from canaille.backends import Backend  # type: ignore[import-not-found]  # in its own environment
from canaille.oidc.provider import make_default_rsa_jwk  # type: ignore[import-not-found]  # in its own environment
from flask import Flask
from werkzeug.serving import make_server


def make(port: int, folder: str) -> Flask:
    app: Flask = create_app(
        config={
            "SECRET_KEY": secrets.token_urlsafe(32),
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "sql", "JAVASCRIPT": False, "HTMX": False, "SMTP": None},
            "CANAILLE_SQL": {
                "DATABASE_URI": f"sqlite:///{folder}/canaille.sqlite",  # in memory, it mixes up people and codes
                "PASSWORD_HASH_PARAMS": {"pbkdf2_sha512__rounds": 1000},
            },
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [make_default_rsa_jwk().as_dict(private=True)],
                "TRUSTED_DOMAINS": ["127.0.0.1"],  # where a browser may go after it signed out
            },
        }
    )
    return app


def put_user(name: str, *, password: str, display: str, mail: str) -> None:
    user = models.User(
        user_name=name, password=password, display_name=display, emails=[mail], family_name=name, formatted_name=display
    )
    Backend.instance.save(user)


def put_groups(name: str, *, groups: Mapping[str, bool]) -> None:
    store = Backend.instance
    user = store.get(models.User, user_name=name)
    for title, inside in groups.items():
        group = store.get(models.Group, display_name=title) or models.Group(display_name=title, members=[])
        others = [one for one in group.members if one.user_name != name]
        group.members = [*others, user] if inside else others
        store.save(group)


def put_client(client_id: str, *, secret: str, redirect_uri: str, home: str) -> None:
    client = models.Client(
        client_id=client_id,
        client_name=client_id,
        client_secret=secret or None,
        redirect_uris=[redirect_uri],
        post_logout_redirect_uris=[home],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        id_token_signed_response_alg="PS256",  # random: two equal tokens within a second are an error to Canaille
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


COMMANDS: Mapping[str, Callable[..., None]] = {"user": put_user, "groups": put_groups, "client": put_client}


def obey(app: Flask) -> None:
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        with app.app_context():
            COMMANDS[command["do"]](command["name"], **command["with"])
        sys.stdout.write("done\n")
        sys.stdout.flush()
    os._exit(0)


def main() -> None:
    logging.disable(logging.CRITICAL)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = make(port, sys.argv[1])
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=obey, args=(app,), daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
