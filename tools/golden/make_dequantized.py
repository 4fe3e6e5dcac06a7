#!/usr/bin/env python3
"""Prints what gguf-py makes of pseudo-random blocks: the table of Tests/ModelFileTests/DequantizationTests.

    tools/golden/make_dequantized.py        (needs numpy and gguf from PyPI)

Blocks are bytes of a linear congruential generator; the float16 numbers in them, at `halves`, are kept
small. The digest is SHA-256 over the numbers as little-endian float32.
"""
import hashlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize

HALVES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
    Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}


def blocks(size, halves):
    state, rows = 42, []
    for _ in range(64):
        row = []
        for _ in range(size):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row.append(state >> 56)
        for half in halves:
            row[half + 1] = row[half + 1] & 0x83 | 0x2C
        rows.append(row)
    return np.array(rows, np.uint8)


for kind, halves in HALVES.items():
    floats = dequantize(blocks(GGML_QUANT_SIZES[kind][1], halves), kind).astype("<f4")
    print(kind.name, halves, hashlib.sha256(floats.tobytes()).hexdigest())
