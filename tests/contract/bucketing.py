"""Writes bucketing.json: docs/evaluation.md's bucketing in Python, independent of the C++.

python3 tests/contract/bucketing.py > tests/contract/bucketing.json
"""
import json
import struct

MASK = 0xFFFFFFFF
TOTALS = (100, 100000)

VALUES = [
    "user-1", "user-2", "user-7", "anna", "a", "ab", "abc", "abcd", "abcde", "1", "true", " ",
    "x" * 23, "x" * 24, "x" * 255, "x" * 256, "550e8400-e29b-41d4-a716-446655440000",
    "bjørn@example.com", "日本語", "🦀", "e\u0301", "\u00e9",
    0, 1, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, 9223372036854775807,
    -1, -24, -25, -256, -257, -9223372036854775808,
    1.0, -0.0, 1.5, -0.25, 65504.5, 100000.5, 0.1, 3.141592653589793, 5.960464477539063e-08, 1e-07,
    1e300, 1e19, True, False,
]
SALTS = [("9f1c2ab8", "split"), ("9f1c2ab8", "gate"), ("", "split"), ("sält", "split"),
         ("s" * 300, "gate")]


def murmur3(data, seed=0):
    """MurmurHash3_x86_32."""
    def scramble(block):
        block = block * 0xCC9E2D51 & MASK
        block = (block << 15 | block >> 17) & MASK
        return block * 0x1B873593 & MASK

    state, whole = seed, len(data) & ~3
    for at in range(0, whole, 4):
        state ^= scramble(int.from_bytes(data[at:at + 4], "little"))
        state = (state << 13 | state >> 19) & MASK
        state = (state * 5 + 0xE6546B64) & MASK
    state ^= scramble(int.from_bytes(data[whole:], "little")) ^ len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & MASK
    return state ^ state >> 16


def head(major, argument):
    """The shortest head of a CBOR item."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for code, form, limit in ((24, ">B", 8), (25, ">H", 16), (26, ">I", 32), (27, ">Q", 64)):
        if argument < 1 << limit:
            return bytes([major << 5 | code]) + struct.pack(form, argument)
    raise ValueError(argument)


def cbor(value):
    """One item in deterministic encoding (RFC 8949, 4.2.1); whole floats as integers."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    if isinstance(value, float) and value == int(value) and -2**63 <= value < 2**63:
        value = int(value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    for code, form in ((b"\xf9", ">e"), (b"\xfa", ">f"), (b"\xfb", ">d")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return code + packed
    raise ValueError(value)


def vector(salt, purpose, value):
    number = murmur3(cbor(salt) + cbor(purpose) + cbor(value))
    return {"salt": salt, "purpose": purpose, "value": value, "hash": number,
            "positions": {str(total): number * total >> 32 for total in TOTALS}}


def main():
    assert murmur3(b"hello") == 0x248BFA47 and murmur3(b"hello, world") == 0x149BBB7F
    vectors = [vector(*SALTS[0], value) for value in VALUES]
    vectors += [vector(*salt, value) for salt in SALTS[1:] for value in ("user-1", 1, 1.5, True)]
    print('{"vectors": [')
    print(",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in vectors))
    print("]}")


if __name__ == "__main__":
    main()
