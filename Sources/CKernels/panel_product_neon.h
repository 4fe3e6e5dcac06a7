// The int8 product with Arm's dot products of signed bytes: 16 codes (4 rows × 4 columns) feed one
// instruction per row of activations, and two of these rows share the load.
#pragma once

#include <arm_neon.h>

#include "table.h"

// Four rows of a panel in one register; eight of them make a panel.
enum { NEON_ROWS = 2, NEON_PARTS = 8 };

// dots[r][p] += the products of 16 columns, which are groups first ..< first + 4; x[r] holds their
// codes. The lane of a dot product has to be a constant.
#define NEON_GROUP(lane)                                                                      \
  for (int p = 0; p < NEON_PARTS; p++) {                                                      \
    uint8x16_t u = vld1q_u8(codes + lane * 128 + p * 16);                                     \
    int8x16_t w = vreinterpretq_s8_u8(veorq_u8(u, vdupq_n_u8(128)));                          \
    for (int r = 0; r < rows; r++) dots[r][p] = vdotq_laneq_s32(dots[r][p], w, x[r], lane);   \
  }

CK_INLINE void neon_half(const uint8_t *codes, const int8x16_t *x,
                         int32x4_t dots[NEON_ROWS][NEON_PARTS], const int rows) {
  NEON_GROUP(0)
  NEON_GROUP(1)
  NEON_GROUP(2)
  NEON_GROUP(3)
}

#undef NEON_GROUP

CK_INLINE void neon_block(const uint8_t *block, const int8_t *codes, const float *scales,
                          float32x4_t total[NEON_ROWS][NEON_PARTS], const int rows) {
  int32x4_t dots[NEON_ROWS][NEON_PARTS];
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < NEON_PARTS; p++) dots[r][p] = vdupq_n_s32(0);
  for (int half = 0; half < 2; half++) {
    int8x16_t x[NEON_ROWS];
    for (int r = 0; r < rows; r++) x[r] = vld1q_s8(codes + r * CK_BLOCK + half * 16);
    neon_half(block + 64 + half * 512, x, dots, rows);
  }
  for (int p = 0; p < NEON_PARTS; p++) {
    float16x4_t halves = vreinterpret_f16_u8(vld1_u8(block + p * 8));
    float32x4_t weight = vcvt_f32_f16(halves);
    for (int r = 0; r < rows; r++) {
      float32x4_t scale = vmulq_n_f32(weight, scales[r]);
      total[r][p] = vfmaq_f32(total[r][p], vcvtq_f32_s32(dots[r][p]), scale);
    }
  }
}

CK_INLINE void neon_tile(const uint8_t *panel, size_t blocks, size_t code_rows,
                         const int8_t *codes, const float *scales, float *y, size_t y_stride,
                         size_t columns, const int rows) {
  float32x4_t total[NEON_ROWS][NEON_PARTS];
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < NEON_PARTS; p++) total[r][p] = vdupq_n_f32(0);
  for (size_t b = 0; b < blocks; b++)
    neon_block(panel + b * CK_PANEL_BLOCK, codes + b * code_rows * CK_BLOCK,
               scales + b * code_rows, total, rows);
  size_t width = columns < CK_PANEL_ROWS ? columns : CK_PANEL_ROWS;
  for (int r = 0; r < rows; r++) memcpy(y + r * y_stride, total[r], width * sizeof(float));
}

static void panel_product(const uint8_t *panels, size_t panel_count, size_t blocks,
                          size_t code_rows, const int8_t *codes, const float *scales,
                          const int32_t *corrections, size_t rows, float *y, size_t y_stride,
                          size_t columns) {
  (void)corrections;  // signed weights need none
  for (size_t p = 0; p < panel_count; p++) {
    const uint8_t *panel = panels + p * blocks * CK_PANEL_BLOCK;
    float *out = y + p * CK_PANEL_ROWS;
    size_t width = columns - p * CK_PANEL_ROWS, r = 0;
    for (; r + NEON_ROWS <= rows; r += NEON_ROWS)
      neon_tile(panel, blocks, code_rows, codes + r * CK_BLOCK, scales + r, out + r * y_stride,
                y_stride, width, NEON_ROWS);
    if (r < rows)
      neon_tile(panel, blocks, code_rows, codes + r * CK_BLOCK, scales + r, out + r * y_stride,
                y_stride, width, 1);
  }
}

static double dot_peak(size_t rounds) {
  enum { CHAINS = 16 };
  int32x4_t total[CHAINS];
  int8x16_t w = vdupq_n_s8(3), x = vdupq_n_s8(2);
  for (int c = 0; c < CHAINS; c++) total[c] = vdupq_n_s32(c);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) total[c] = vdotq_s32(total[c], w, x);
  }
  int32x4_t all = total[0];
  for (int c = 1; c < CHAINS; c++) all = veorq_s32(all, total[c]);
  return (double)rounds * CHAINS * 16 * 2 + (vgetq_lane_s32(all, 0) == 1);
}
