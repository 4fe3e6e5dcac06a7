// Products of float rows. Every output has 16 sums of its own, one for each column modulo 16, so
// that it is the same in whichever tile it is computed.
#pragma once

#include "lanes.h"
#include "table.h"

// Rows of x that share the registers with four rows of w: a path with larger ones says 2.
#ifndef CK_DENSE_ROWS
#define CK_DENSE_ROWS 1
#endif

struct dense_place {
  const float *x, *w;
  float *y;
  size_t x_stride, w_stride, y_stride, columns;
  float scale;
  int adds;
};

CK_INLINE void finish(const struct dense_place *at, size_t r, size_t n, f16x total) {
  float *y = at->y + r * at->y_stride + n;
  float value = sum(total) * at->scale;
  *y = at->adds ? *y + value : value;
}

// `rows` × `outputs` of y, kept in registers.
CK_INLINE void dense_tile(const struct dense_place *at, const int rows, const int outputs) {
  f16x total[CK_DENSE_ROWS][4], w[4];
  for (int r = 0; r < rows; r++)
    for (int n = 0; n < outputs; n++) total[r][n] = splat(0);
  for (size_t k = 0; k < at->columns; k += 16) {
    size_t count = at->columns - k;
    for (int n = 0; n < outputs; n++) w[n] = load_up_to(at->w + n * at->w_stride + k, count);
    for (int r = 0; r < rows; r++) {
      f16x x = load_up_to(at->x + r * at->x_stride + k, count);
      for (int n = 0; n < outputs; n++) total[r][n] = multiply_add(x, w[n], total[r][n]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int n = 0; n < outputs; n++) finish(at, r, n, total[r][n]);
}

CK_INLINE void dense_rows(struct dense_place at, size_t outputs, const int rows) {
  size_t n = 0;
  for (; n + 4 <= outputs; n += 4, at.w += 4 * at.w_stride, at.y += 4) dense_tile(&at, rows, 4);
  for (; n < outputs; n++, at.w += at.w_stride, at.y += 1) dense_tile(&at, rows, 1);
}

static void rows_product(const float *x, size_t x_stride, size_t rows, const float *w,
                         size_t w_stride, size_t outputs, size_t columns, float *y, size_t y_stride,
                         float scale, int adds) {
  struct dense_place at = {x, w, y, x_stride, w_stride, y_stride, columns, scale, adds};
  size_t r = 0;
  for (; r + CK_DENSE_ROWS <= rows; r += CK_DENSE_ROWS) {
    dense_rows(at, outputs, CK_DENSE_ROWS);
    at.x += CK_DENSE_ROWS * x_stride;
    at.y += CK_DENSE_ROWS * y_stride;
  }
  if (r < rows) dense_rows(at, outputs, 1);
}
