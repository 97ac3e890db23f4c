#!/usr/bin/python3 -IS
"""HEALTHCHECK: the web front answers, and the X server accepts.

Sends no credentials at all: 401 is the front's proof of life, and nothing here counts failures.
Opens no RFB connection: an abandoned handshake is what TigerVNC would count.
"""

import os
import socket
import sys


def main():
    with socket.socket(socket.AF_UNIX) as x:
        x.settimeout(4)
        x.connect("/tmp/.X11-unix/X1")
    with socket.create_connection(("127.0.0.1", 6901), timeout=4) as web:
        if os.environ.get("TLS"):
            import ssl

            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            web = context.wrap_socket(web)
        web.sendall(b"GET /vnc.html HTTP/1.0\r\n\r\n")
        answer = web.recv(64)
    sys.exit(0 if answer.split(b" ")[1:2] == [b"401"] else 1)


try:
    main()
except OSError as error:
    sys.exit(f"unhealthy: {error}")
