// The int8 product with 256-bit registers. The includer says how four products of codes are added
// to each of eight sums:
//   WIDE_ROWS             rows of activations that share a load of codes
//   WIDE_START(x)         what a sum starts with, given the row's correction
//   WIDE_WEIGHTS(u)       codes as the dot product wants them, from unsigned ones
//   WIDE_DOT(sum, w, x)   the dot product
#pragma once

#include <immintrin.h>

#include "table.h"

// Eight rows of a panel in one register; four of them make a panel.
enum { WIDE_PARTS = 4 };

struct wide_sums {
  __m256 total[WIDE_ROWS][WIDE_PARTS];
};

CK_INLINE void wide_block(const uint8_t *block, const int8_t *codes, const float *scales,
                          const int32_t *corrections, struct wide_sums *sums, const int rows) {
  __m256i dots[WIDE_ROWS][WIDE_PARTS];
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < WIDE_PARTS; p++)
      dots[r][p] = _mm256_set1_epi32(WIDE_START(corrections[r]));
#pragma clang loop unroll(full)
  for (int g = 0; g < 8; g++) {
    __m256i x[WIDE_ROWS];
    for (int r = 0; r < rows; r++) {
      int32_t four;
      memcpy(&four, codes + r * CK_BLOCK + g * 4, 4);
      x[r] = _mm256_set1_epi32(four);
    }
    for (int p = 0; p < WIDE_PARTS; p++) {
      __m256i w = _mm256_loadu_si256((const __m256i *)(block + 64 + g * 128 + p * 32));
      w = WIDE_WEIGHTS(w);
      for (int r = 0; r < rows; r++) dots[r][p] = WIDE_DOT(dots[r][p], w, x[r]);
    }
  }
  for (int p = 0; p < WIDE_PARTS; p++) {
    __m256 weight = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(block + p * 16)));
    for (int r = 0; r < rows; r++) {
      __m256 scale = _mm256_mul_ps(weight, _mm256_set1_ps(scales[r]));
      sums->total[r][p] =
          _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[r][p]), scale, sums->total[r][p]);
    }
  }
}

CK_INLINE void wide_tile(const uint8_t *panel, size_t blocks, size_t code_rows,
                         const int8_t *codes, const float *scales, const int32_t *corrections,
                         float *y, size_t y_stride, size_t columns, const int rows) {
  struct wide_sums sums;
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < WIDE_PARTS; p++) sums.total[r][p] = _mm256_setzero_ps();
  for (size_t b = 0; b < blocks; b++)
    wide_block(panel + b * CK_PANEL_BLOCK, codes + b * code_rows * CK_BLOCK,
               scales + b * code_rows, corrections + b * code_rows, &sums, rows);
  size_t width = columns < CK_PANEL_ROWS ? columns : CK_PANEL_ROWS;
  for (int r = 0; r < rows; r++) memcpy(y + r * y_stride, sums.total[r], width * sizeof(float));
}

static void panel_product(const uint8_t *panels, size_t panel_count, size_t blocks,
                          size_t code_rows, const int8_t *codes, const float *scales,
                          const int32_t *corrections, size_t rows, float *y, size_t y_stride,
                          size_t columns) {
  for (size_t p = 0; p < panel_count; p++) {
    const uint8_t *panel = panels + p * blocks * CK_PANEL_BLOCK;
    float *out = y + p * CK_PANEL_ROWS;
    size_t width = columns - p * CK_PANEL_ROWS, r = 0;
#define WIDE_TILE(n)                                                                          \
  wide_tile(panel, blocks, code_rows, codes + r * CK_BLOCK, scales + r, corrections + r,      \
            out + r * y_stride, y_stride, width, n)
    for (; r + WIDE_ROWS <= rows; r += WIDE_ROWS) WIDE_TILE(WIDE_ROWS);
    for (; r < rows; r++) WIDE_TILE(1);
#undef WIDE_TILE
  }
}

static double dot_peak(size_t rounds) {
  enum { CHAINS = 8 };
  __m256i total[CHAINS], w = _mm256_set1_epi8(3), x = _mm256_set1_epi8(2);
  for (int c = 0; c < CHAINS; c++) total[c] = _mm256_set1_epi32(c);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) total[c] = WIDE_DOT(total[c], WIDE_WEIGHTS(w), x);
  }
  __m256i all = total[0];
  for (int c = 1; c < CHAINS; c++) all = _mm256_xor_si256(all, total[c]);
  int needed = _mm256_extract_epi32(all, 0) == 1;
  return (double)rounds * CHAINS * 32 * 2 + needed;
}
