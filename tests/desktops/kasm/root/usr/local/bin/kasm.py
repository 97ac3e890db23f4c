#!/usr/bin/python3 -IS
"""A stand-in for KasmVNC that is as strict as it, and never kinder.

It keeps the rules that were measured on KasmVNC 1.3.4 and 1.5.1 (KASM_VERSION): how it reads a head, what it takes for
an upgrade, how it ends connections, what it does with frames, whom it locks out. Its stream greets as RFB does and
answers each input with what was seen; its pixels are left out. What breaks a rule of the client's is told on stderr.
"""

import base64
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback
from urllib.parse import parse_qs, urlsplit

PORT = 6901
WWW = "/usr/share/kasmvnc/www"
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# Up to and including 1.3.4 the names of these headers are matched with their case.
OLD_NAMES = (b"Host", b"Connection", b"Authorization")
HEAD_LIMIT = 16 * 1024
PATH_LIMIT = 1024
VALUE_LIMIT = 1024
FRAME_LIMIT = 65535

LOCKOUT_AFTER = 5
LOCKOUT_SECONDS = 10

POLICIES = ("Cross-Origin-Embedder-Policy: require-corp", "Cross-Origin-Opener-Policy: same-origin")
# What get_screenshot shows: 8 x 8 pixels.
PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////"
    "////////////2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////////////////////////////////wAAR"
    "CAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAA"
    "Af/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AIAEP//Z"
)


def note(text):
    print(f"kasm: {text}", file=sys.stderr, flush=True)


class Dropped(Exception):
    """The connection is closed without an answer."""


class Head:
    """A request's head, read as KasmVNC reads it: as one text that is searched."""

    def __init__(self, raw, old):
        self.raw, self.old = raw, old
        line = raw.split(b"\r\n", 1)[0]
        match = re.fullmatch(rb"GET (\S+) HTTP/1\.1", line)
        if not match:
            raise Dropped(f"not a GET in HTTP/1.1: {line!r}")
        self.target = match[1].decode("latin-1")
        if len(self.target) > PATH_LIMIT:
            raise Dropped("the path is longer than 1,024 bytes")
        for field in raw.split(b"\r\n")[1:]:
            if len(field.partition(b": ")[2]) >= VALUE_LIMIT:
                raise Dropped(f"a value of 1 KiB or more: {field[:40]!r}")

    def find(self, name, prefix=b""):
        """The value of the first place that looks like this header, wherever it is; None if there is none."""
        flags = 0 if self.old and name in OLD_NAMES else re.IGNORECASE
        # a header starts a line, but for Authorization, which is found anywhere
        start = b"" if name == b"Authorization" else b"\r\n"
        match = re.search(start + re.escape(name + b": " + prefix) + rb"([^\r\n]*)", self.raw, flags)
        return match and match[1]

    def is_upgrade(self):
        """An upgrade that lacks any of this is a plain GET."""
        return (
            re.search(rb"\r\nUpgrade: websocket\r\n", self.raw, re.IGNORECASE) is not None
            and self.find(b"Host") is not None
            and b"upgrade" in (self.find(b"Connection") or b"").lower()
            and self.find(b"Sec-WebSocket-Key") is not None
            and self.find(b"Sec-WebSocket-Version") == b"13"
            and self.find(b"Origin") is not None
            and self.find(b"Sec-WebSocket-Protocol") is not None
        )


class Doorman:
    """Who may enter: an owner who types and a viewer who does not. Five failures lock an address out."""

    def __init__(self, password):
        self.users = {b"kasm_user": "owner", b"kasm_viewer": "viewer"}
        self.password = password.encode()
        self.failures = {}
        self.lock = threading.Lock()

    def judge(self, head, address):
        """The role, or the head of the refusal."""
        credentials = head.find(b"Authorization", b"Basic ")
        role = self.role(credentials) if credentials else None
        with self.lock:
            count, last = self.failures.get(address, (0, 0.0))
            if time.monotonic() - last > LOCKOUT_SECONDS:
                count = 0
            locked = count >= LOCKOUT_AFTER
            if locked or role is None:
                self.failures[address] = (count + 1, time.monotonic())
            else:
                self.failures.pop(address, None)
        if locked:
            note(f"{address} is locked out")
        if role and not locked:
            return role, None
        if credentials is None:
            return None, 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="Websockify"\r\n'
        return None, "HTTP/1.1 401 Forbidden\r\n"

    def role(self, credentials):
        try:
            user, _, password = base64.b64decode(credentials, validate=True).partition(b":")
        except ValueError:
            return None
        return self.users.get(user) if password == self.password else None


class Desktop:
    """What all connections share."""

    def __init__(self, version, doorman):
        self.version, self.old, self.doorman = version, version == "1.3.4", doorman
        self.viewers = 0
        self.lock = threading.Lock()

    def count(self, change):
        with self.lock:
            self.viewers += change


class Connection:
    """One connection, and on it one request."""

    def __init__(self, stream, peer, desktop):
        self.stream, self.peer, self.desktop = stream, peer, desktop

    def serve(self):
        # a head that comes in several writes is not waited for
        raw = self.stream.recv(HEAD_LIMIT)
        if not raw:
            return
        if len(raw) >= HEAD_LIMIT or b"\r\n\r\n" not in raw:
            raise Dropped(f"no whole head in one read of {len(raw)} bytes: {raw[:60]!r}")
        text, _, rest = raw.partition(b"\r\n\r\n")
        if rest:
            raise Dropped("more than a head came with the head")
        head = Head(text + b"\r\n\r\n", self.desktop.old)
        self.address = (head.find(b"X-Forwarded-For") or self.peer.encode()).decode()
        role, refusal = self.desktop.doorman.judge(head, self.address)
        if refusal:
            self.stream.sendall((refusal + "\r\n401 Unauthorized").encode())
        elif head.is_upgrade():
            self.upgrade(head, role)
        elif b"/api/" in head.raw:
            self.api(head, role)
        elif b"../" in head.raw:
            self.error("404 Not Found")
        else:
            self.file(urlsplit(head.target).path)

    def answer(self, kind, body):
        head = ["HTTP/1.1 200 OK", "Server: KasmVNC/4.0", "Connection: close", f"Content-Type: {kind}",
                f"Content-Length: {len(body)}", *POLICIES]
        self.stream.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def error(self, status):
        """Without a length: its end is the connection's."""
        head = [f"HTTP/1.1 {status}", "Server: KasmVNC/4.0", "Connection: close", "Content-type: text/plain"]
        self.stream.sendall(("\r\n".join(head) + f"\r\n\r\n{status}").encode())

    def file(self, path):
        name = "index.html" if path == "/" else path.lstrip("/")
        if not re.fullmatch(r"[a-z0-9-]+\.[a-z]+", name) or not os.path.isfile(f"{WWW}/{name}"):
            self.error("404 Not Found")
            return
        kinds = {"html": "text/html", "js": "application/javascript", "css": "text/css"}
        with open(f"{WWW}/{name}", "rb") as file:
            self.answer(kinds[name.rpartition(".")[2]], file.read())

    def api(self, head, role):
        url = urlsplit(head.target)
        call, query = url.path.removeprefix("/api/"), parse_qs(url.query)
        if role != "owner" or not url.path.startswith("/api/"):
            self.error("401 Unauthorized")
        elif call == "get_screenshot":
            unchanged = query.get("deduplicate") == ["true"] and query.get("width")
            self.answer("image/jpeg", hashlib.md5(PICTURE).digest() if unchanged else PICTURE)
        elif call == "get_bottleneck_stats":
            viewers = self.desktop.viewers
            self.answer("text/plain", b'{ "kasm_user": [ 10, -nan ] }' if viewers else b"{}")
        elif call == "get_users":
            users = [{"user": name.decode(), "write": role == "owner", "owner": role == "owner"}
                     for name, role in self.desktop.doorman.users.items()]
            self.answer("application/json", json.dumps(users).encode())
        elif call in ("create_user", "update_user", "remove_user", "clear_clipboard"):
            self.answer("text/plain", b"200 OK")
        else:
            self.error("404 Not Found")

    def upgrade(self, head, role):
        accept = base64.b64encode(hashlib.sha1(head.find(b"Sec-WebSocket-Key") + MAGIC).digest())
        protocol = head.find(b"Sec-WebSocket-Protocol").split(b",")[0].strip()
        self.stream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Accept: " + accept + b"\r\nSec-WebSocket-Protocol: " + protocol
                            + b"\r\n\r\n")
        self.desktop.count(1)
        try:
            self.play(role)
        finally:
            self.desktop.count(-1)

    ### the stream

    def play(self, role):
        """RFB's greeting, and then each input is answered with what was seen of it."""
        name = f"KasmVNC {self.desktop.version} for {self.address}".encode()
        self.put(b"RFB 003.008\n")
        self.expect(self.message(), b"RFB 003.008\n")
        self.put(b"\x01\x01")
        self.expect(self.message(), b"\x01")
        self.put(b"\0\0\0\0")
        self.expect(self.message(), b"\x01")
        layout = struct.pack(">HHBBBBHHHBBB3x", 1280, 720, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        self.put(layout + struct.pack(">I", len(name)) + name)
        while True:
            seen = self.seen(self.message())
            if seen and role == "owner":
                self.put(bytes([250, len(seen)]) + seen.encode())

    @staticmethod
    def expect(got, wanted):
        if got != wanted:
            raise Dropped(f"{got[:20]!r} instead of {wanted!r}")

    @staticmethod
    def seen(message):
        """What a message says, as KasmVNC's dialect of RFB has it: its pointer events have 11 bytes."""
        if message[:1] == b"\x04" and len(message) == 8:
            down, key = struct.unpack(">xBxxI", message)
            return f"{'press' if down else 'release'} {key}"
        if message[:1] == b"\x05" and len(message) == 11:
            buttons, x, y = struct.unpack(">xHHH4x", message)
            return f"pointer {buttons} {x} {y}"
        if message[:1] == b"\x00" and len(message) == 1:
            return None  # the byte that a client in a frame sends every 5 s
        if message[:1] in (b"\x02", b"\x03"):
            return None
        raise Dropped(f"unknown message {message[:1]!r}")

    def message(self):
        """The next message that is one frame. Pings are not answered, fragments are ignored."""
        while True:
            first, second = self.exactly(2)
            size = second & 0x7F
            if size == 126:
                size, = struct.unpack(">H", self.exactly(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.exactly(8))
            if size > FRAME_LIMIT:
                raise Dropped("a frame larger than 65,535 bytes")
            if not second & 0x80:
                raise Dropped("an unmasked frame")
            if first & 0x70:
                raise Dropped("an extension")
            mask = self.exactly(4)
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(self.exactly(size)))
            kind = first & 0x0F
            if kind == 8:
                raise EOFError
            if first & 0x80 and kind in (1, 2):
                return payload

    def put(self, data):
        self.stream.sendall(struct.pack(">BB", 0x82, len(data)) + data)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.stream.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def serve(raw, peer, context, desktop):
    try:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(20)
        stream = context.wrap_socket(raw, server_side=True)
        # no idle limit: a still desktop and its client say nothing for minutes
        stream.settimeout(None)
        try:
            Connection(stream, peer, desktop).serve()
        finally:
            end(stream)
    except Dropped as why:
        note(f"dropped: {why}")
    except (EOFError, OSError):
        pass
    except Exception:
        traceback.print_exc()


def end(stream):
    """Ends it as KasmVNC does: the connection, and never TLS (no close_notify)."""
    try:
        stream.shutdown(socket.SHUT_WR)
        stream.settimeout(1)
        while stream.recv(65536):
            pass
    except OSError:
        pass
    stream.close()


def certificate():
    """A new one at each start, over the one that another container on this home has just made."""
    folder = os.path.join(os.environ["HOME"], ".vnc")
    os.makedirs(folder, exist_ok=True)
    pem = os.path.join(folder, "self.pem")
    if os.path.exists(pem):
        os.remove(pem)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=kasm",
         "-keyout", pem, "-out", pem],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return pem


def main():
    version = os.environ.get("KASM_VERSION", "")
    if version not in ("1.3.4", "1.5.1"):
        sys.exit(f"kasm: KASM_VERSION must be 1.3.4 or 1.5.1, not {version!r}")
    if len(os.environ.get("VNC_PW", "")) < 2:
        sys.exit("kasm: VNC_PW must have more than one character")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    desktop = Desktop(version, Doorman(os.environ["VNC_PW"]))
    listener = socket.create_server(("", PORT), backlog=64)
    while True:
        raw, (peer, _) = listener.accept()
        threading.Thread(target=serve, args=(raw, peer, context, desktop), daemon=True).start()


if __name__ == "__main__":
    main()
