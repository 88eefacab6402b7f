"""Reads an archive (docs/archive.md) with nothing of Holdfast: what somebody writes who has the page alone.

python3 read_archive.py FILE prints a JSON object: the range, how many entries, the root to which they lead, the text of the
first member of each entry. It ends with 1 for a file that is not whole, and with 4 where zstd cannot be read here.
"""

import hashlib
import json
import struct
import subprocess
import sys
import zlib

MAGICS = [bytes.fromhex("894846410d0a1a01"), bytes.fromhex("894846410d0a1a02")]


def rotate(value, by):
    return ((value << by) | (value >> (64 - by))) & (2**64 - 1) if by else value


def keccak256(data):
    """Keccak with the padding 0x01, as Ethereum has it."""
    lanes = [[0] * 5 for _ in range(5)]
    padded = bytearray(data) + b"\x01" + b"\x00" * (135 - len(data) % 136)
    padded[-1] |= 0x80
    for at in range(0, len(padded), 136):
        for i, lane in enumerate(struct.unpack("<17Q", padded[at : at + 136])):
            lanes[i % 5][i // 5] ^= lane
        state = 1
        for _ in range(24):
            c = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
            d = [c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
            lanes = [[lanes[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, lanes[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, lanes[x][y] = lanes[x][y], rotate(current, (t + 1) * (t + 2) // 2 % 64)
            for y in range(5):
                row = [lanes[x][y] for x in range(5)]
                for x in range(5):
                    lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
            for j in range(7):
                state = ((state << 1) ^ ((state >> 7) * 0x71)) % 256
                if state & 2:
                    lanes[0][0] ^= 1 << ((1 << j) - 1)
    return b"".join(struct.pack("<Q", lanes[i % 5][i // 5]) for i in range(4))


def unzstd(stored):
    try:
        return subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True, check=True).stdout
    except FileNotFoundError:
        print("zstd cannot be read here: write the archive with --compression deflate", file=sys.stderr)
        sys.exit(4)


def frames(data):
    if data[:8] not in MAGICS:
        raise ValueError("this is no archive")
    chain, at, last = hashlib.sha256(data[:8]).digest(), 8, None
    while at < len(data):
        if last == b"T":
            raise ValueError("something is behind the trailer")
        head = data[at : at + 18]
        last, codec, plain_length, stored_length, crc, head_crc = struct.unpack(">cBIIII", head)
        stored = data[at + 18 : at + 18 + stored_length]
        if zlib.crc32(head[:14]) != head_crc or zlib.crc32(stored) != crc:
            raise ValueError(f"the frame at byte {at} is damaged")
        plain = [lambda b: b, zlib.decompress, unzstd][codec](stored)
        assert len(plain) == plain_length
        before, chain = chain, hashlib.sha256(chain + last + struct.pack(">I", plain_length) + plain).digest()
        at += 18 + stored_length
        if data[at : at + 32] != chain:
            raise ValueError(f"the frame before byte {at} is of another place")
        at += 32
        yield last, plain, before
    if last != b"T":
        raise ValueError("there is no trailer: the file was cut")


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def digests_of(members):
    """Digest of each member (docs/format.md §2), and the texts of those that are shown."""
    digests, texts, at = [], [], 1
    for _ in range(members[0]):
        form, at = varint(members, at)
        if form == 1:
            digests.append(members[at : at + 32])
            at += 32
        else:
            end = at + 16 + form // 2
            digests.append(keccak256(b"\x02" + members[at:end]))
            texts.append(members[at + 16 : end].decode())
            at = end
    assert at == len(members)
    return digests, texts


def main(path):
    with open(path, "rb") as file:
        data = file.read()
    waiting, header, texts, count, proof, trailer = [], None, [], 0, None, None
    for kind, plain, digest in frames(data):
        if kind == b"H":
            header = json.loads(plain)
            assert header["format"] == f"holdfast/archive@{data[7]}"
            left, size = list(header["left"]), header["range"]["from"]
            while size:
                waiting.append(bytes.fromhex(left.pop(0)[2:]) if size % 2 else None)
                size //= 2
        elif kind == b"E":
            first, number = struct.unpack(">QI", plain[:12])
            assert first == header["range"]["from"] + count
            at = 12
            for _ in range(number):
                recorded_at, length = plain[at : at + 8], struct.unpack(">I", plain[at + 8 : at + 12])[0]
                at += 12
                if length == 0 and data[7] == 2:
                    node, shown, at = plain[at : at + 32], [], at + 32
                    assert len(node) == 32
                else:
                    digests, shown = digests_of(plain[at : at + length])
                    node, at = keccak256(b"\x00\x01" + recorded_at + b"".join(digests)), at + length
                texts.append(shown[0] if shown else None)
                level = 0
                while level < len(waiting) and waiting[level]:
                    node, waiting[level] = keccak256(b"\x01" + waiting[level] + node), None
                    level += 1
                waiting[level:level + 1] = [node]
                count += 1
            assert at == len(plain)
        elif kind == b"P":
            proof = json.loads(plain)
        elif kind == b"T":
            trailer = json.loads(plain)
            assert trailer["digest"] == "0x" + digest.hex() and trailer["entries"] == count
    root = None
    for node in waiting:
        if node:
            root = node if root is None else keccak256(b"\x01" + node + root)
    assert count == header["range"]["to"] - header["range"]["from"] > 0
    if not proof["right"] and proof["checkpoint"]["size"] == header["range"]["to"]:
        assert proof["checkpoint"]["root"] == "0x" + root.hex()
    print(json.dumps({"range": header["range"], "entries": count, "root": "0x" + root.hex(), "texts": texts}))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (ValueError, AssertionError, struct.error, zlib.error) as error:
        print(f"not whole: {error}", file=sys.stderr)
        sys.exit(1)
