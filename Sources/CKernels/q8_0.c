// Q8_0 blocks and panels, code by code.
#include <math.h>

#include "CKernels.h"
#include "half.h"

static void quantize_block(const float *x, uint8_t *out) {
  float largest = 0;
  for (int i = 0; i < CK_BLOCK; i++) largest = fmaxf(largest, fabsf(x[i]));
  float d = largest / 127;
  float inverse = d != 0 ? 1 / d : 0;
  uint16_t half = ck_half_from_float(d);
  memcpy(out, &half, 2);
  for (int i = 0; i < CK_BLOCK; i++) {
    float code = roundf(x[i] * inverse);
    code = code > -127 ? code : -127;  // NaN, too
    out[2 + i] = (uint8_t)(int8_t)(code < 127 ? code : 127);
  }
}

void ck_q8_0_quantize(const float *x, size_t blocks, uint8_t *out) {
  for (size_t b = 0; b < blocks; b++) quantize_block(x + b * CK_BLOCK, out + b * CK_Q8_0_BLOCK);
}

// Where a panel block keeps the codes of a row's columns 4g ..< 4g + 4.
static size_t codes_at(size_t row, size_t g) { return 64 + g * 128 + row / 16 * 64 + row % 16 * 4; }

static void fill_panel_row(uint8_t *panel, size_t row, size_t blocks, const uint8_t *q8_0) {
  for (size_t b = 0; b < blocks; b++) {
    uint8_t *block = panel + b * CK_PANEL_BLOCK;
    const uint8_t *source = q8_0 + b * CK_Q8_0_BLOCK;
    memcpy(block + 2 * row, source, 2);
    for (size_t k = 0; k < CK_BLOCK; k++) block[codes_at(row, k / 4) + k % 4] = source[2 + k] ^ 128;
  }
}

static void clear_panel_row(uint8_t *panel, size_t row, size_t blocks) {
  for (size_t b = 0; b < blocks; b++) {
    uint8_t *block = panel + b * CK_PANEL_BLOCK;
    memset(block + 2 * row, 0, 2);
    for (size_t g = 0; g < 8; g++) memset(block + codes_at(row, g), 128, 4);
  }
}

void ck_panels_from_q8_0(const uint8_t *q8_0, size_t rows, size_t blocks, uint8_t *panels) {
  size_t padded = (rows + CK_PANEL_ROWS - 1) / CK_PANEL_ROWS * CK_PANEL_ROWS;
  for (size_t row = 0; row < padded; row++) {
    uint8_t *panel = panels + row / CK_PANEL_ROWS * blocks * CK_PANEL_BLOCK;
    if (row < rows)
      fill_panel_row(panel, row % CK_PANEL_ROWS, blocks, q8_0 + row * blocks * CK_Q8_0_BLOCK);
    else
      clear_panel_row(panel, row % CK_PANEL_ROWS, blocks);
  }
}

void ck_q8_0_from_panel(const uint8_t *panel, size_t row, size_t blocks, uint8_t *out) {
  for (size_t b = 0; b < blocks; b++) {
    const uint8_t *block = panel + b * CK_PANEL_BLOCK;
    uint8_t *target = out + b * CK_Q8_0_BLOCK;
    memcpy(target, block + 2 * row, 2);
    for (size_t k = 0; k < CK_BLOCK; k++) target[2 + k] = block[codes_at(row, k / 4) + k % 4] ^ 128;
  }
}

void ck_panel_row(const uint8_t *panel, size_t row, size_t columns, float *out) {
  for (size_t k = 0; k < columns; k++) {
    const uint8_t *block = panel + k / CK_BLOCK * CK_PANEL_BLOCK;
    uint16_t half;
    memcpy(&half, block + 2 * row, 2);
    int code = block[codes_at(row, k % CK_BLOCK / 4) + k % 4];
    out[k] = ck_float_from_half(half) * (float)(code - 128);
  }
}
