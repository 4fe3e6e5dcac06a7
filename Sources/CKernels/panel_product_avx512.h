// The int8 product with AVX-512 VNNI: one load of 64 codes (16 rows × 4 columns) feeds one dot
// product instruction per row of activations, up to six of which share the load. Rows are dealt out evenly
// to tiles, since small tiles are slow.
#pragma once

#include <immintrin.h>

#include "panel_ahead.h"
#include "table.h"

enum { VNNI512_ROWS = 6 };

struct vnni512_sums {
  __m512 total[VNNI512_ROWS][2];
};

CK_INLINE void vnni512_block(const uint8_t *block, const int8_t *codes, const float *scales,
                             const int32_t *corrections, struct vnni512_sums *sums,
                             const int rows) {
  __m512i dots[VNNI512_ROWS][2];
  for (int r = 0; r < rows; r++)
    dots[r][0] = dots[r][1] = _mm512_set1_epi32(corrections[r]);
#pragma clang loop unroll(full)
  for (int g = 0; g < 8; g++) {
    __m512i low = _mm512_loadu_si512(block + 64 + g * 128);
    __m512i high = _mm512_loadu_si512(block + 128 + g * 128);
    for (int r = 0; r < rows; r++) {
      int32_t four;
      memcpy(&four, codes + r * CK_BLOCK + g * 4, 4);
      __m512i x = _mm512_set1_epi32(four);
      dots[r][0] = _mm512_dpbusd_epi32(dots[r][0], low, x);
      dots[r][1] = _mm512_dpbusd_epi32(dots[r][1], high, x);
    }
  }
  __m512 low = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)block));
  __m512 high = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(block + 32)));
  for (int r = 0; r < rows; r++) {
    __m512 scale = _mm512_set1_ps(scales[r]);
    sums->total[r][0] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][0]), _mm512_mul_ps(low, scale),
                                        sums->total[r][0]);
    sums->total[r][1] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][1]), _mm512_mul_ps(high, scale),
                                        sums->total[r][1]);
  }
}

CK_INLINE void vnni512_tile(const uint8_t *panel, size_t blocks, size_t code_rows,
                            const int8_t *codes, const float *scales, const int32_t *corrections,
                            float *y, size_t y_stride, size_t columns, struct panel_ahead ahead,
                            const int rows) {
  struct vnni512_sums sums;
  for (int r = 0; r < rows; r++) sums.total[r][0] = sums.total[r][1] = _mm512_setzero_ps();
  for (size_t b = 0; b < blocks; b++) {
    fetch_ahead(&ahead);
    vnni512_block(panel + b * CK_PANEL_BLOCK, codes + b * code_rows * CK_BLOCK,
                  scales + b * code_rows, corrections + b * code_rows, &sums, rows);
  }
  uint32_t wanted = columns >= 32 ? 0xffffffffu : (1u << columns) - 1;
  for (int r = 0; r < rows; r++) {
    _mm512_mask_storeu_ps(y + r * y_stride, (__mmask16)wanted, sums.total[r][0]);
    _mm512_mask_storeu_ps(y + r * y_stride + 16, (__mmask16)(wanted >> 16), sums.total[r][1]);
  }
}

static void panel_product(const uint8_t *panels, size_t panel_count, size_t blocks,
                          size_t code_rows, const int8_t *codes, const float *scales,
                          const int32_t *corrections, size_t rows, float *y, size_t y_stride,
                          size_t columns) {
  size_t tiles = (rows + VNNI512_ROWS - 1) / VNNI512_ROWS;
  for (size_t p = 0; p < panel_count; p++)
    for (size_t t = 0; t < tiles; t++) {
      const uint8_t *panel = panels + p * blocks * CK_PANEL_BLOCK;
      struct panel_ahead ahead = panel_ahead(panel, blocks, panel_count - p, t, tiles);
      size_t r = rows * t / tiles, end = rows * (t + 1) / tiles;
      float *out = y + r * y_stride + p * CK_PANEL_ROWS;
      size_t width = columns - p * CK_PANEL_ROWS;
      switch (end - r) {
#define VNNI512_TILE(n)                                                                       \
  case n:                                                                                     \
    vnni512_tile(panel, blocks, code_rows, codes + r * CK_BLOCK, scales + r, corrections + r, \
                 out, y_stride, width, ahead, n);                                             \
    break
        VNNI512_TILE(6);
        VNNI512_TILE(5);
        VNNI512_TILE(4);
        VNNI512_TILE(3);
        VNNI512_TILE(2);
        VNNI512_TILE(1);
#undef VNNI512_TILE
      }
    }
}

static double dot_peak(size_t rounds) {
  enum { CHAINS = 12 };
  __m512i total[CHAINS], w = _mm512_set1_epi8(3), x = _mm512_set1_epi8(2);
  for (int c = 0; c < CHAINS; c++) total[c] = _mm512_set1_epi32(c);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) total[c] = _mm512_dpbusd_epi32(total[c], w, x);
  }
  __m512i all = total[0];
  for (int c = 1; c < CHAINS; c++) all = _mm512_xor_si512(all, total[c]);
  int needed = _mm512_reduce_or_epi32(all) == 1;
  return (double)rounds * CHAINS * 64 * 2 + needed;
}
