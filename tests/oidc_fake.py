"""A small OpenID Connect provider in the test's hand: it signs by the test's clock, and lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import Key, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from provstore.graph.model import now

__all__ = ["CLIENT", "SECRET", "FakeProvider", "new_key", "running_fake"]

CLIENT: Final = "provstore-here"
SECRET: Final = "the client's: secret/%"


def new_key(name: str) -> RSAKey:
    """Make a key of a size that is quick to make and still accepted."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


_FIRST: Final = new_key("first")


@dataclass
class FakeProvider:
    """What it says and does; whoever comes to its log-in page is ``vera`` and agrees at once."""

    issuer: str = ""
    now: Callable[[], datetime] = now
    """The clock by which it signs."""
    key: Key = field(default_factory=lambda: _FIRST)
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "1234", "preferred_username": "vera"})
    """What it says of the person, in the user info and the ID token."""
    id_token: dict[str, Any] = field(default_factory=dict)
    """What it says otherwise in the ID token; None leaves a claim out."""
    user_info: dict[str, Any] = field(default_factory=dict)
    """What it says otherwise in the user info."""
    refusal: str = ""
    """The error with which it sends the browser back."""
    down: bool = False
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def sign(self, claims: Mapping[str, Any], *, key: Key | None = None, alg: str = "RS256") -> str:
        """Make a token; None leaves a claim out."""
        chosen = key or self.key
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": chosen.kid}, told, chosen, algorithms=[alg])

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Give what a right token says, and what is to be otherwise."""
        seconds = int(self.now().timestamp())
        return {"iss": self.issuer, "aud": CLIENT, "iat": seconds, "exp": seconds + 300} | self.person | changes

    def access_token(self, **changes: Any) -> str:
        """Make an access token."""
        return self.sign(self.claims(**changes))

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer a request (WSGI)."""
        request = Request(environ)
        self.asked.append(request.path)
        pages: dict[str, Callable[[Request], Response]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": lambda _request: _json({"keys": [self.key.as_dict(private=False)]}),
            "/authorize": self._authorize,
            "/token": self._token,
            "/end": lambda _request: Response(
                status=302, headers={"Location": request.args["post_logout_redirect_uri"]}
            ),
            "/userinfo": lambda _request: _json(self.person | self.user_info),
        }
        answer = Response("down", 500) if self.down else pages[request.path](request)
        return answer(environ, start_response)

    def _discovery(self, _request: Request) -> Response:
        ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        ends |= {"userinfo_endpoint": "userinfo", "end_session_endpoint": "end?theme=dark"}
        told = {name: f"{self.issuer}/{end}" for name, end in ends.items()}
        return _json(told | {"issuer": self.issuer, "authorization_response_iss_parameter_supported": True})

    def _authorize(self, request: Request) -> Response:
        code = f"code-{len(self.codes)}"
        self.codes[code] = request.args.to_dict()
        answer = {"error": self.refusal} if self.refusal else {"code": code}
        query = urlencode(answer | {"state": request.args["state"], "iss": self.issuer})
        return Response(status=302, headers={"Location": f"{request.args['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Response:
        asked = self.codes.pop(request.form["code"], {})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        who = request.authorization
        known = who and who.username == CLIENT and who.password == SECRET
        if not known:
            return _json({"error": "invalid_client"}, 401)
        if challenge.decode().rstrip("=") != asked.get("code_challenge") or (
            request.form["redirect_uri"] != asked["redirect_uri"]
        ):
            return _json({"error": "invalid_grant"}, 400)
        token = self.sign(self.claims(**{"nonce": asked["nonce"]} | self.id_token))
        return _json({"access_token": "opaque", "token_type": "Bearer", "id_token": token})


def _json(value: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


class _Silent(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def running_fake() -> Iterator[FakeProvider]:
    """Serve it on this machine."""
    provider = FakeProvider()
    server = make_server("127.0.0.1", 0, provider, threaded=True, request_handler=_Silent)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
