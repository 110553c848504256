"""An OpenID provider of the tests' own, on this machine: code flow with PKCE, ID tokens signed by a
key of its own. Whoever signs in says who they are, without a password.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwk, jwt

__all__ = ["CLIENT", "SECRET", "USERS", "OpenidProvider", "running_provider", "signed_in_cookies"]

CLIENT, SECRET = "planner-page", "the-client's-secret"
USERS = {"anna": "Anna Ärlig", "berta": "Berta *Bold*"}
"""Subject -> name; the second has signs that Markdown would take for its own."""


class OpenidProvider(ThreadingHTTPServer):
    """The server; `address` is its issuer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.key = jwk.RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.codes: dict[str, dict[str, str]] = {}

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def token_of_code(self, form: dict[str, str]) -> dict[str, Any] | None:
        """The token for a code that was given out; None where anything does not fit."""
        asked = self.codes.pop(form.get("code", ""), None)
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return None
        now, user = int(time.time()), asked["user"]
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": user,
            "name": USERS[user],
            "email": f"{user}@example.org",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 600,
        }
        id_token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        access = secrets.token_hex(16)
        return {"access_token": access, "token_type": "Bearer", "id_token": id_token}


class _Answers(BaseHTTPRequestHandler):
    server: OpenidProvider

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        if asked.path == "/.well-known/openid-configuration":
            self._send_json(self.server.metadata())
        elif asked.path == "/keys":
            self._send_json({"keys": [self.server.key.as_dict(private=False)]})
        elif asked.path == "/authorize" and query.get("client_id") == CLIENT:
            links = "".join(
                f'<p><a href="/as?{html.escape(urlencode({**query, "user": user}))}">{user}</a>'
                for user in USERS
            )
            self._send(200, "text/html", f"<title>Who are you?</title>{links}")
        elif asked.path == "/as" and query.get("user") in USERS:
            code = secrets.token_hex(16)
            self.server.codes[code] = query
            back = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self._send(404, "text/plain", "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: values[0] for key, values in parse_qs(body).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = self.headers.get("Authorization") == f"Basic {basic}"
        token = self.server.token_of_code(form) if known else None
        self._send_json(token or {"error": "invalid_grant"}, 200 if token else 400)

    def _send_json(self, content: Any, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(content))

    def _send(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def running_provider() -> Iterator[OpenidProvider]:
    """The provider for a while."""
    with OpenidProvider() as provider:
        thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()


def signed_in_cookies(page: str, redirect: str, user: str) -> dict[str, str]:
    """Sign in as a browser does, and hand over its cookies. redirect: where the page sends who
    wants to sign in.
    """
    with httpx.Client(follow_redirects=True, timeout=60, trust_env=False) as client:
        question = client.get(f"{page}{redirect}")
        assert "Who are you?" in question.text, question.text
        link = html.unescape(question.text.partition(f'user={user}"')[0].rpartition('href="')[2])
        answer = client.get(
            f"{question.url.scheme}://{question.url.netloc.decode()}{link}user={user}"
        )
        assert str(answer.url) == f"{page}/", answer
        return {one.name: one.value or "" for one in client.cookies.jar if one.value}
