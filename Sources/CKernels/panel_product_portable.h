// The int8 product in plain C: the truth.
#pragma once

#include "half.h"
#include "lanes.h"
#include "table.h"

static void panel_row_portable(const uint8_t *panel, size_t blocks, size_t code_rows,
                               const int8_t *codes, const float *scales, float *total) {
  memset(total, 0, CK_PANEL_ROWS * sizeof(float));
  for (size_t b = 0; b < blocks; b++, panel += CK_PANEL_BLOCK, codes += code_rows * CK_BLOCK) {
    int32_t dots[CK_PANEL_ROWS] = {0};
    for (int g = 0; g < 8; g++)
      for (int n = 0; n < CK_PANEL_ROWS; n++)
        for (int c = 0; c < 4; c++)
          dots[n] += (panel[64 + g * 128 + n * 4 + c] - 128) * codes[g * 4 + c];
    for (int n = 0; n < CK_PANEL_ROWS; n++) {
      uint16_t half;
      memcpy(&half, panel + 2 * n, 2);
      total[n] = fmaf((float)dots[n], ck_float_from_half(half) * scales[b * code_rows], total[n]);
    }
  }
}

static void panel_product(const uint8_t *panels, size_t panel_count, size_t blocks,
                          size_t code_rows, const int8_t *codes, const float *scales,
                          const int32_t *corrections, size_t rows, float *y, size_t y_stride,
                          size_t columns) {
  (void)corrections;  // signed weights need none
  for (size_t p = 0; p < panel_count; p++)
    for (size_t r = 0; r < rows; r++) {
      float total[CK_PANEL_ROWS];
      panel_row_portable(panels + p * blocks * CK_PANEL_BLOCK, blocks, code_rows,
                         codes + r * CK_BLOCK, scales + r, total);
      size_t left = columns - p * CK_PANEL_ROWS, width = left < CK_PANEL_ROWS ? left : CK_PANEL_ROWS;
      memcpy(y + r * y_stride + p * CK_PANEL_ROWS, total, width * sizeof(float));
    }
}

static double dot_peak(size_t rounds) {
  enum { CHAINS = 4 };
  i16x total[CHAINS], w = 3, x = 2;
  for (int c = 0; c < CHAINS; c++) total[c] = c;
  for (size_t i = 0; i < rounds; i++) {
    w ^= total[0] & 1;  // so that the products are not the same each time
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) total[c] += w * x;
  }
  i16x all = total[0] ^ total[1] ^ total[2] ^ total[3];
  return (double)rounds * CHAINS * 16 * 2 + (all[0] == 1);
}
