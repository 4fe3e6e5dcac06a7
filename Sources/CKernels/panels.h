// Panels in plain C. The paths with byte dot products have their own product.
#pragma once

#include "half.h"
#include "lanes.h"
#include "table.h"

typedef uint32_t u16x __attribute__((ext_vector_type(16)));
typedef uint32_t u16x_anywhere __attribute__((ext_vector_type(16), aligned(1)));

// One block's columns of 16 rows: out[k, row].
CK_INLINE void unpack_half(const uint8_t *block, int half, float *out, size_t out_stride) {
  float scales[16];
  for (int n = 0; n < 16; n++) {
    uint16_t bits;
    memcpy(&bits, block + 2 * (half * 16 + n), 2);
    scales[n] = ck_float_from_half(bits);
  }
  f16x scale = load(scales);
  for (int g = 0; g < 8; g++) {
    u16x codes = *(const u16x_anywhere *)(block + 64 + g * 128 + half * 64);
    for (int c = 0; c < 4; c++) {
      i16x code = (i16x)(codes >> (8 * c) & 255) - 128;
      store(out + (g * 4 + c) * out_stride, __builtin_convertvector(code, f16x) * scale);
    }
  }
}

static void panel_unpack(const uint8_t *panels, size_t panel_bytes, size_t panel_count,
                         size_t block_count, float *out, size_t out_stride) {
  for (size_t p = 0; p < panel_count; p++)
    for (size_t b = 0; b < block_count; b++)
      for (int half = 0; half < 2; half++)
        unpack_half(panels + p * panel_bytes + b * CK_PANEL_BLOCK, half,
                    out + b * CK_BLOCK * out_stride + p * CK_PANEL_ROWS + half * 16, out_stride);
}
