#!/usr/bin/env python3
"""Prints the records of a sealed record log, and checks every byte of it on the way.

Written from Sources/RecordLog/RecordLog.docc/Format.md alone and on purpose without a line of the
Swift code: the tests hold the two against each other. Needs nothing but Python, and is slow.

    rlg_reader.py FILE        exit 0: whole and sealed; 2: damaged or without a seal
"""
import hashlib
import json
import struct
import sys

SYNC = bytes.fromhex("C1524C470D0A1A9E")
END_MARK = bytes.fromhex("9E524C47454E440A")
META, DATA, INDEX, SEAL, MARK, ABORT = range(1, 7)
BLOCK_SIZES = {0x40: 64 << 10, 0x50: 256 << 10, 0x60: 1 << 20, 0x70: 4 << 20}


class Damage(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damage(what)


def make_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = make_table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def unpack_block(block, limit):
    """One LZ4 block."""
    out = bytearray()
    at = 0

    def length(start, at):
        if start < 15:
            return start, at
        while True:
            start += block[at]
            at += 1
            if block[at - 1] != 255:
                return start, at

    while True:
        token = block[at]
        count, at = length(token >> 4, at + 1)
        need(at + count <= len(block), "literals past the block")
        out += block[at : at + count]
        at += count
        if at == len(block):
            break
        distance = block[at] | block[at + 1] << 8
        need(0 < distance <= len(out), "a match before the block")
        count, at = length(token & 15, at + 2)
        for _ in range(count + 4):
            out.append(out[-distance])
        need(len(out) <= limit, "a block larger than its size")
    return bytes(out)


def unpack_frame(frame, raw_size):
    need(frame[:5] == bytes.fromhex("04224D1860"), "not the frame profile")
    block_size = BLOCK_SIZES[frame[5]]
    out = b""
    at = 7
    while True:
        (word,) = struct.unpack_from("<I", frame, at)
        at += 4
        if word == 0:
            break
        block = frame[at : at + (word & 0x7FFFFFFF)]
        at += len(block)
        out += block if word >> 31 else unpack_block(block, block_size)
        need(len(out) % block_size == 0 or len(out) == raw_size, "a short block before the last")
    need(at == len(frame) and len(out) == raw_size, "the frame has another size")
    return out


def read_numbers(table, count, at):
    numbers = []
    for _ in range(count):
        value = shift = 0
        while True:
            value |= (table[at] & 0x7F) << shift
            shift += 7
            at += 1
            if table[at - 1] < 0x80:
                break
        numbers.append(value)
    return numbers, at


def read_log(data, out):
    need(data[24:32] == SYNC, "no log")
    need(masked_crc(data[:124]) == struct.unpack_from("<I", data, 124)[0], "prologue checksum")
    (tag,) = struct.unpack_from("<Q", data, 40)
    (sequence,) = struct.unpack_from("<Q", data, 72)
    at, number, before, before_crc, index, headers = 128, 0, 0, 0, b"", hashlib.sha256()
    chunks = records = raw_bytes = stored_bytes = 0
    while True:
        need(at < len(data), "no seal")
        header = data[at : at + 128]
        (magic, skip, sync, own_tag, offset, first, durable, time, cursor, input_tag, chunk_index,
         previous, previous_crc, count, table_stored, table_raw, stored, raw_size, table_crc,
         values_crc, raw_crc, kind, codec, type_id, flags, version, crc) = struct.unpack(
            "<II8s6Q12IBBHHB5xI", header)
        need(crc == masked_crc(header[:124]), f"header checksum at {at}")
        need(magic == 0x184D2A57 and sync == SYNC and own_tag == tag and offset == at, "header")
        need((chunk_index, previous, previous_crc) == (number, before, before_crc), "chain")
        need(first == sequence and version == 1 and durable <= at, "header")
        frame_at = at + 8 + skip
        end = frame_at + stored
        need(end <= len(data) and (end - at) % 128 == 0, "length")
        need(masked_crc(data[at + 128 : frame_at]) == table_crc, "table checksum")
        need(masked_crc(data[frame_at:end]) == values_crc, "values checksum")
        table = data[at + 128 : at + 128 + table_stored]
        if kind == DATA:
            raw = unpack_frame(data[frame_at:end], raw_size) if codec else b""
            need(masked_crc(raw) == raw_crc, "decoded checksum")
            sizes, used = read_numbers(table, count, 0)
            if type_id == 65535:
                _, used = read_numbers(table, count, used)
            need(used == table_raw and sum(sizes) == raw_size, "sizes")
            out.write(raw)
            index += struct.pack(
                "<QQIIIIHHI", at, first, count, end - at, raw_size, crc, type_id, flags, 0)
            chunks, records = chunks + 1, records + count
            raw_bytes, stored_bytes = raw_bytes + raw_size, stored_bytes + end - at
            sequence += count
        elif kind == META:
            json.loads(table)
        elif kind == INDEX:
            need(table == index, "index")
        elif kind == SEAL:
            sums = struct.unpack("<QII8Q32sII8s", table)
            need(sums[3:9] == (chunks, records, raw_bytes, stored_bytes,
                               struct.unpack_from("<Q", data, 72)[0], sequence), "sums of the seal")
            need(sums[11] == headers.digest() and sums[14] == END_MARK, "fingerprint")
            need(end == len(data), "bytes behind the seal")
            return
        else:
            need(kind == MARK or kind >= 0x80, f"kind {kind}")
        headers.update(header)
        at, number, before, before_crc = end, number + 1, end - at, crc


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            read_log(file.read(), sys.stdout.buffer)
    except (Damage, struct.error, IndexError, KeyError, ValueError) as error:
        sys.exit(print(f"{sys.argv[1]}: {error}", file=sys.stderr) or 2)
