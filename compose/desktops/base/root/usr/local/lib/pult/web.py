#!/usr/bin/python3 -IWignore
"""The web front of a desktop on port 6901: noVNC's page and /websockify, both behind HTTP Basic.

Every request, page or upgrade, needs WEB_USER and WEB_PASSWORD; it is answered with 401 otherwise,
and nobody is locked out by somebody else's wrong password. Listens only once the X server's RFB
socket (RFB_SOCKET) is there, so that an answer means a desktop to look at.
With TLS=self-signed it speaks https with a certificate that is made at each start.
"""

import base64
import hmac
import logging
import os
import subprocess
import sys
import time

from websockify.auth_plugins import AuthenticationError
from websockify.websocketproxy import ProxyRequestHandler, WebSocketProxy

PORT = 6901
WEB_ROOT = "/usr/local/share/pult/web"
X_SERVER_DEADLINE_SECONDS = 30


class Basic:
    """websockify's plugin interface: raises unless the request carries the right credentials."""

    def __init__(self, user, password):
        self.expected = base64.b64encode(f"{user}:{password}".encode())

    def authenticate(self, headers, target_host, target_port):
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(
            given.strip().encode("utf-8", "surrogateescape"), self.expected
        ):
            raise AuthenticationError(
                log_msg="no or wrong credentials",
                response_code=401,
                response_headers={
                    "WWW-Authenticate": 'Basic realm="desktop", charset="UTF-8"',
                    "Content-Length": "0",
                    "Connection": "close",
                },
            )


class Handler(ProxyRequestHandler):
    """Only / and files: no directory listings, and the stream only where it is documented."""

    server_version = "pult-desktop"
    sys_version = ""

    def handle_upgrade(self):
        if self.path.partition("?")[0] not in ("/websockify", "/"):
            self.auth_connection()
            self.send_error(404)
            return
        super().handle_upgrade()


def self_signed(folder):
    """A fresh key and certificate; an elliptic key takes milliseconds."""
    pem = os.path.join(folder, "self.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "825", "-subj", "/CN=desktop", "-keyout", pem, "-out", pem],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return pem


def main():
    rfb = os.environ["RFB_SOCKET"]
    os.umask(0o077)
    logging.basicConfig(format="web: %(message)s", level=logging.WARNING)
    tls = os.environ.get("TLS", "")
    if tls not in ("", "self-signed"):
        sys.exit(f"web: TLS must be empty or self-signed, not {tls!r}")
    server = WebSocketProxy(
        Handler,
        listen_port=PORT,
        unix_target=rfb,
        web=WEB_ROOT,
        web_auth=True,
        file_only=True,
        auth_plugin=Basic(os.environ.pop("WEB_USER"), os.environ.pop("WEB_PASSWORD")),
        cert=self_signed(os.path.dirname(rfb)) if tls else "",
        ssl_only=bool(tls),
    )
    deadline = time.monotonic() + X_SERVER_DEADLINE_SECONDS
    while not os.path.exists(rfb):
        if time.monotonic() > deadline:
            sys.exit("web: the X server did not come up")
        time.sleep(0.01)
    server.start_server()


if __name__ == "__main__":
    main()
