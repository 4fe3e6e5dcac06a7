// Panels of the transposed weights, for the way back through them: dx = dy · W is the product of
// dy with panels whose rows are the columns of W.
#pragma once

#include "half.h"
#include "lanes.h"
#include "quantize.h"
#include "table.h"

enum { TURN_SIZE = CK_BLOCK };

// One row of the new panel: 32 weights, their fp16 scale, and their codes in groups of four.
CK_INLINE void turn_row(f16x a, f16x b, size_t k, uint8_t *block) {
  uint16_t half = ck_half_from_float(largest_magnitude(a, b) * (1.0f / 127));
  float scale = ck_float_from_half(half);
  float inverse = scale > 0 ? 1 / scale : 0;
  i16x first = codes_of(a, inverse) + 128, second = codes_of(b, inverse) + 128;
  uint8_t codes[TURN_SIZE];
  *(b16x *)codes = __builtin_convertvector(first, b16x);
  *(b16x *)(codes + 16) = __builtin_convertvector(second, b16x);
  memcpy(block + 2 * k, &half, 2);
  uint8_t *lane = block + 64 + k * 4;
  for (int g = 0; g < 8; g++) memcpy(lane + g * 128, codes + g * 4, 4);
}

// The halves of a group hold 16 rows of 4 bytes each, so that row k's four codes lie at k · 4.
static void panel_turn(const uint8_t *panels, size_t panel_bytes, size_t panel_count,
                       uint8_t *out) {
  float weights[TURN_SIZE * TURN_SIZE];
  for (size_t p = 0; p < panel_count; p++, panels += panel_bytes, out += CK_PANEL_BLOCK) {
    for (int half = 0; half < 2; half++) unpack_half(panels, half, weights + half * 16, TURN_SIZE);
    for (size_t k = 0; k < TURN_SIZE; k++)
      turn_row(load(weights + k * TURN_SIZE), load(weights + k * TURN_SIZE + 16), k, out);
  }
}

static void add_rows(const float *x, size_t rows, size_t columns, float *y, size_t y_stride) {
  for (size_t r = 0; r < rows; r++, x += columns, y += y_stride) {
    size_t i = 0;
    for (; i + 16 <= columns; i += 16) store(y + i, load(y + i) + load(x + i));
    for (; i < columns; i++) y[i] += x[i];
  }
}
