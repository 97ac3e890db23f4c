#!/usr/bin/env python3
"""A small RFB client over WebSocket, for checking desktops. Standard library only.

  rfb.py URL ready SECONDS          waits until GET URL/vnc.html answers 200
  rfb.py URL page                   prints the status of GET URL/vnc.html
  rfb.py URL upgrade                prints the status of the upgrade, and the server's banner after a 101
  rfb.py URL type TEXT...           types each TEXT, and Return after it
  rfb.py URL screenshot FILE.png [WIDTHxHEIGHT]
                                    saves the screen once it stopped changing, resized first if a size is given
  rfb.py URL wait-colour RRGGBB SECONDS
                                    waits until half of the screen has this colour

Credentials come from WEB_USER and WEB_PASSWORD; without WEB_USER none are sent.
"""

import base64
import os
import socket
import ssl
import struct
import sys
import time
import zlib
from urllib.parse import urlsplit

QUIET_SECONDS = 1.5
RAW = 0
DESKTOP_SIZE = -308


def connect(url, timeout=5.0):
    raw = socket.create_connection((url.hostname, url.port), timeout)
    if url.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(raw)
    return raw


def head(url, path, *lines):
    all_lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", *lines]
    if "WEB_USER" in os.environ:
        pair = f"{os.environ['WEB_USER']}:{os.environ.get('WEB_PASSWORD', '')}"
        all_lines.append("Authorization: Basic " + base64.b64encode(pair.encode()).decode())
    return ("\r\n".join(all_lines) + "\r\n\r\n").encode()


def status(url, path):
    with connect(url) as s:
        s.sendall(head(url, path, "Connection: close"))
        return int(s.makefile("rb").readline().split()[1])


class WebSocket:
    """The client's side of RFC 6455, as much as RFB needs: binary frames, masked."""

    def __init__(self, url):
        self.socket = connect(url)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(head(url, "/websockify", "Connection: Upgrade", "Upgrade: websocket",
                                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
                                 f"Origin: {url.scheme}://{url.netloc}"))
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.buffer = bytearray()

    def send(self, data):
        mask = os.urandom(4)
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
        self.socket.sendall(b"\x82" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive_frame(self):
        first, second = self.exactly(2)
        size = second & 0x7F
        if size == 126:
            size, = struct.unpack(">H", self.exactly(2))
        elif size == 127:
            size, = struct.unpack(">Q", self.exactly(8))
        payload = self.exactly(size)
        if first & 0x0F == 8:
            raise ConnectionError(f"the server closed the stream: {payload!r}")
        if first & 0x0F in (0, 1, 2):
            self.buffer += payload

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise ConnectionError("the stream ended")
        return data

    def receive(self, size):
        while len(self.buffer) < size:
            self.receive_frame()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data


class Rfb:
    """RFB 3.8 without authentication, 32 bits a pixel, raw rectangles."""

    def __init__(self, url):
        self.ws = WebSocket(url)
        if self.ws.status != 101:
            raise ConnectionError(f"the upgrade was answered with {self.ws.status}")
        self.ws.receive(12)
        self.ws.send(b"RFB 003.008\n")
        kinds = self.ws.receive(self.ws.receive(1)[0])
        if 1 not in kinds:
            raise ConnectionError(f"the server wants authentication: {kinds!r}")
        self.ws.send(b"\x01")
        if self.ws.receive(4) != b"\0\0\0\0":
            raise ConnectionError("the server refused")
        self.ws.send(b"\x01")
        self.width, self.height = struct.unpack(">HH", self.ws.receive(4))
        self.ws.receive(16)
        self.name = self.ws.receive(struct.unpack(">I", self.ws.receive(4))[0]).decode()
        # 32 bits, little endian, red at bit 16, green at 8, blue at 0.
        self.ws.send(struct.pack(">B3x4B3H3B3x", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
        self.ws.send(struct.pack(">BxHii", 2, 2, RAW, DESKTOP_SIZE))
        self.pixels = bytearray(self.width * self.height * 4)

    def key(self, keysym):
        for down in (1, 0):
            self.ws.send(struct.pack(">BBxxI", 4, down, keysym))

    def type(self, text):
        for letter in text:
            code = ord(letter)
            self.key(code if code < 0x100 else 0x1000000 | code)
            time.sleep(0.01)
        self.key(0xFF0D)

    def resize(self, width, height):
        self.ws.send(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0))

    def request(self, incremental):
        self.ws.send(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        """Reads one message; True if it changed the screen."""
        kind = self.ws.receive(1)[0]
        if kind == 2:
            return False
        if kind == 3:
            self.ws.receive(3)
            self.ws.receive(struct.unpack(">I", self.ws.receive(4))[0])
            return False
        if kind != 0:
            raise ConnectionError(f"message {kind} is not known here")
        _, count = struct.unpack(">BH", self.ws.receive(3))
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self.ws.receive(12))
            if encoding == DESKTOP_SIZE:
                self.screens(reason=x, result=y, width=width, height=height)
                continue
            row = width * 4
            data = self.ws.receive(row * height)
            for line in range(height):
                at = ((y + line) * self.width + x) * 4
                self.pixels[at:at + row] = data[line * row:(line + 1) * row]
        return True

    def screens(self, reason, result, width, height):
        count = self.ws.receive(4)[0]
        self.ws.receive(16 * count)
        if reason == 1 and result:
            raise ConnectionError(f"the server refused to resize (reason {result})")
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.pixels = bytearray(width * height * 4)
            self.request(0)

    def settle(self, limit_seconds=20.0):
        """Follows the screen until nothing has changed for QUIET_SECONDS. Nothing can be read after it."""
        self.ws.socket.settimeout(QUIET_SECONDS)
        self.request(0)
        end = time.monotonic() + limit_seconds
        try:
            while time.monotonic() < end:
                if self.update():
                    self.request(1)
        except TimeoutError:
            pass

    def png(self):
        rows = bytearray()
        for y in range(self.height):
            line = self.pixels[y * self.width * 4:(y + 1) * self.width * 4]
            rgb = bytearray(self.width * 3)
            rgb[0::3], rgb[1::3], rgb[2::3] = line[2::4], line[1::4], line[0::4]
            rows += b"\0" + rgb

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(bytes(rows), 6)) + chunk(b"IEND", b""))


def ready(url, limit_seconds):
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        try:
            if status(url, "/vnc.html") == 200:
                return
        except (OSError, IndexError):
            pass
        time.sleep(0.01)
    sys.exit(f"rfb.py: {url.geturl()} was not ready in {limit_seconds} s")


def wait_colour(rfb, colour, limit_seconds):
    end = time.monotonic() + limit_seconds
    rfb.ws.socket.settimeout(limit_seconds)
    rfb.request(0)
    while time.monotonic() < end:
        if rfb.update():
            seen = sum(rfb.pixels[at:at + 3] == colour for at in range(0, len(rfb.pixels), 4 * 97))
            if seen * 4 * 97 * 2 > len(rfb.pixels):
                return
            time.sleep(0.1)
            rfb.request(1)
    sys.exit(f"rfb.py: the screen did not become {colour[::-1].hex()} in {limit_seconds} s")


def main(url, command, *arguments):
    url = urlsplit(url)
    if command == "ready":
        ready(url, float(arguments[0]))
    elif command == "page":
        print(status(url, "/vnc.html"))
    elif command == "upgrade":
        ws = WebSocket(url)
        banner = ws.receive(12).decode().strip() if ws.status == 101 else ""
        print(f"{ws.status} {banner}".strip())
    elif command == "type":
        rfb = Rfb(url)
        for text in arguments:
            rfb.type(text)
        # What was typed has arrived once the server answers what was asked after it.
        rfb.settle()
    elif command == "screenshot":
        rfb = Rfb(url)
        if len(arguments) > 1:
            rfb.resize(*map(int, arguments[1].split("x")))
        rfb.settle()
        with open(arguments[0], "wb") as file:
            file.write(rfb.png())
    elif command == "wait-colour":
        wait_colour(Rfb(url), bytes.fromhex(arguments[0])[::-1], float(arguments[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
