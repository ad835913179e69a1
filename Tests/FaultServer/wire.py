"""HTTP/1.1 by hand: one connection, its requests, and every way to leave one unanswered."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

LONGEST_HEAD = 64 << 10
LONGEST_BODY = 16 << 20
_RESET = struct.pack("ii", 1, 0)


class Gone(Exception):
    """The connection is over, from either side."""


@dataclass(slots=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    arrived: float
    """`time.monotonic()` when its head was read."""


class Peer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_other_port: bool) -> None:
        self.reader = reader
        self.writer = writer
        self.is_other_port = is_other_port
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def read(self) -> Request:
        """The next request. Raises `Gone` at the end of the connection, or for what is no HTTP."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            arrived = time.monotonic()
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            headers = {}
            for line in lines[1:-2]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            if "chunked" in headers.get("transfer-encoding", ""):
                body = await self._chunks()
            else:
                length = int(headers.get("content-length", 0))
                if not 0 <= length <= LONGEST_BODY:
                    raise Gone
                body = await self.reader.readexactly(length) if length else b""
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError) as error:
            raise Gone from error
        path, _, query = target.partition("?")
        return Request(method, target, path, dict(parse_qsl(query)) if query else {}, headers, body, arrived)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
            if len(body) > LONGEST_BODY:
                raise Gone
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body

    # Answers

    async def write(self, data: bytes) -> None:
        """Raises `Gone` when the other side has left."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise Gone from error
        if self.writer.is_closing():
            raise Gone

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """A whole answer."""
        await self.write(head(status, {**headers, "Content-Length": str(len(body))}) + body)

    async def drip(self, data: bytes, pause: float) -> None:
        """Byte by byte."""
        for place in range(len(data)):
            await self.write(data[place : place + 1])
            await asyncio.sleep(pause)

    # No answers

    def close(self) -> Gone:
        """Closes the connection in an orderly way; to be raised."""
        self.writer.close()
        return Gone()

    def reset(self) -> Gone:
        """Resets the connection (RST); to be raised."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()
        return Gone()

    async def hang(self) -> Gone:
        """Says nothing more until the other side has left; to be raised."""
        try:
            while await self.reader.read(65536):
                pass
        except OSError:
            pass
        return Gone()


def head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and header lines, with the empty one."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body; of no bytes, its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def segment(path: str) -> str:
    """The last segment of a path, decoded."""
    return unquote(path.rsplit("/", 1)[1])
