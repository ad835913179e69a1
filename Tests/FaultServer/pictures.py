"""Small real images, made without any library: PNG and JPEG, whole or damaged in a chosen way.

Every image names the job that it belongs to and the SHA-256 of its prompt: a PNG in `tEXt` chunks, a JPEG in its
comment. `proof` reads them back, so that a checker can tell whose image a file is.
"""

from __future__ import annotations

import functools
import hashlib
import random
import re
import struct
import zlib

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COMMENT = re.compile(rb"(job_id|prompt_sha256)=([^;]*);")


def prompt_hash(prompt: str) -> str:
    """The SHA-256 of a prompt's UTF-8, in hexadecimal."""
    return hashlib.sha256(prompt.encode()).hexdigest()


def proof(data: bytes) -> dict[str, str]:
    """`job_id` and `prompt_sha256` as written into an image; empty where there are none."""
    pairs = _png_texts(data) if data.startswith(PNG_SIGNATURE) else _COMMENT.findall(data[:4096])
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


def _png_texts(data: bytes) -> list[tuple[bytes, bytes]]:
    texts = []
    place = len(PNG_SIGNATURE)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if data[place + 4 : place + 8] == b"tEXt":
            name, _, value = data[place + 8 : place + 8 + length].partition(b"\0")
            texts.append((name, value))
        place += 12 + length
    return texts


# PNG


def png(width: int, height: int, job_id: str, prompt: str, *, blank: bool = False) -> bytes:
    """A whole PNG in two colours, of random pixels; `blank`: of one colour."""
    return PNG_SIGNATURE + b"".join(_png_chunks(width, height, job_id, prompt, blank))


def png_with_bad_checksum(width: int, height: int, job_id: str, prompt: str) -> bytes:
    """A PNG whose pixel data does not match its CRC."""
    chunks = _png_chunks(width, height, job_id, prompt, False)
    pixels = bytearray(chunks[-2])
    pixels[-1] ^= 0xFF
    return PNG_SIGNATURE + b"".join([*chunks[:-2], bytes(pixels), chunks[-1]])


def png_without_end(width: int, height: int, job_id: str, prompt: str) -> bytes:
    """A PNG that lacks its `IEND`."""
    return PNG_SIGNATURE + b"".join(_png_chunks(width, height, job_id, prompt, False)[:-1])


def _png_chunks(width: int, height: int, job_id: str, prompt: str, blank: bool) -> list[bytes]:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0))
    palette = _chunk(b"PLTE", bytes([24, 32, 72, 240, 200, 96]))
    texts = [
        _chunk(b"tEXt", b"job_id\0" + job_id.encode("latin-1", "replace")),
        _chunk(b"tEXt", b"prompt_sha256\0" + prompt_hash(prompt).encode()),
    ]
    return [header, palette, *texts, _pixels(width, height, blank), _chunk(b"IEND", b"")]


@functools.lru_cache(maxsize=256)
def _pixels(width: int, height: int, blank: bool) -> bytes:
    """The `IDAT` chunk. Large images repeat each row eight times, so that they stay small, but far from blank."""
    row_bytes = (width + 7) // 8
    dice = random.Random(width * 65537 + height)
    repeats = 1 if width * height <= 1 << 16 else 8
    rows = bytearray()
    for y in range(height):
        if y % repeats == 0:
            row = b"\0" + (bytes(row_bytes) if blank else dice.randbytes(row_bytes))
        rows += row
    return _chunk(b"IDAT", zlib.compress(bytes(rows), 6))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# JPEG


def jpeg(width: int, height: int, job_id: str, prompt: str) -> bytes:
    """A whole baseline JPEG in grey, each block of 8 x 8 pixels in a shade of its own."""
    comment = f"job_id={job_id};prompt_sha256={prompt_hash(prompt)};".encode()
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _segment(0xFE, comment),
            _segment(0xDB, b"\0" + bytes([8] * 64)),
            _segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)),
            _segment(0xC4, b"\0" + bytes([0, 0, 0, 8, *[0] * 12]) + bytes(range(8))),
            _segment(0xC4, b"\x10" + bytes([1, *[0] * 15]) + b"\0"),
            _segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            _jpeg_blocks(width, height),
            b"\xff\xd9",
        ]
    )


def jpeg_without_end(width: int, height: int, job_id: str, prompt: str) -> bytes:
    """A JPEG that lacks its end-of-image marker and the last of its data."""
    return jpeg(width, height, job_id, prompt)[:-10]


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


@functools.lru_cache(maxsize=64)
def _jpeg_blocks(width: int, height: int) -> bytes:
    """The entropy-coded data: a DC difference of at most 7 bits for every block (a code of 4 bits each), no AC."""
    dice = random.Random(width * 65537 + height)
    bits: list[str] = []
    last = 0
    for _ in range(((width + 7) // 8) * ((height + 7) // 8)):
        level = dice.randint(-60, 60)
        difference, last = level - last, level
        size = abs(difference).bit_length()
        bits.append(format(size, "04b"))
        if size:
            value = difference if difference > 0 else difference + (1 << size) - 1
            bits.append(format(value, f"0{size}b"))
        bits.append("0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
