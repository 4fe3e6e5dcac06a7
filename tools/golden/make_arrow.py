#!/usr/bin/env python3
"""Writes Tests/RecordLogTests/Golden/records.arrows as pyarrow does, or checks a stream of rlog's with it.

    tools/golden/make_arrow.py                      (needs pyarrow from PyPI)
    tools/golden/make_arrow.py --check LOG RLOG     exports LOG with the program RLOG, reads that with pyarrow
                                                    and compares it with rlog cat --envelope
"""
import base64
import io
import json
import pathlib
import subprocess
import sys

import pyarrow as pa

SCHEMA = pa.schema([
    pa.field("seq", pa.uint64(), nullable=False), pa.field("type", pa.utf8(), nullable=False),
    pa.field("record", pa.large_binary(), nullable=False)])


def rows():
    for number in range(40):
        if number % 5 == 4:
            record = bytes((k * 37 + number) % 256 for k in range(number))
        else:
            record = ('{"id":%d,"text":"%s"}' % (number, "ab" * (number * 9))).encode()
        yield number * 1_000_000_007, ["json", "bytes", "prüfung"][number % 3], record


def make():
    path = pathlib.Path(__file__).parents[2] / "Tests/RecordLogTests/Golden/records.arrows"
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, SCHEMA, options=options) as out:
        all_rows = list(rows())
        for start in range(0, len(all_rows), 25):
            columns = zip(*all_rows[start:start + 25])
            arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA)]
            out.write_batch(pa.record_batch(arrays, schema=SCHEMA))


def check(log, rlog):
    stream = subprocess.run([rlog, "export", "--as", "arrow", log], check=True, capture_output=True).stdout
    table = pa.ipc.open_stream(io.BytesIO(stream)).read_all()
    table.validate(full=True)
    assert table.schema.equals(SCHEMA), table.schema
    lines = subprocess.run([rlog, "cat", "--envelope", log], check=True, capture_output=True).stdout
    wanted = [row for row in map(json.loads, lines.splitlines()) if "record" in row]
    assert table.num_rows == len(wanted), (table.num_rows, len(wanted))
    for row, want in zip(table.to_pylist(), wanted):
        assert (row["seq"], row["type"]) == (want["seq"], want["type"]), (row, want)
        if isinstance(want["record"], dict) and "$b64" in want["record"]:
            assert row["record"] == base64.b64decode(want["record"]["$b64"])
        else:
            assert json.loads(row["record"]) == want["record"]
    print(f"{table.num_rows} rows are the same")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"] and len(sys.argv) == 4:
        check(*sys.argv[2:])
    elif len(sys.argv) == 1:
        make()
    else:
        sys.exit(__doc__)
