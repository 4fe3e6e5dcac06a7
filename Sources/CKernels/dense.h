// Products of float rows, each output the same in whichever tile it is computed: in `rows_product` it
// has 16 sums of its own, one for each column modulo 16; in `outer_product` one sum, in order.
#pragma once

#include "lanes.h"
#include "table.h"

// Rows of x that share the registers with four rows of w: a path with larger ones says 2.
#ifndef CK_DENSE_ROWS
#define CK_DENSE_ROWS 1
#endif

// What a tile multiplies from where it stands on; `inner` numbers are summed up for each output.
struct dense_place {
  const float *x, *w;
  float *y;
  size_t x_stride, w_stride, y_stride, inner;
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
  for (size_t k = 0; k < at->inner; k += 16) {
    size_t count = at->inner - k;
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

// Rows and vectors of 16 columns that share the registers in `outer_product`.
#ifndef CK_OUTER_ROWS
#define CK_OUTER_ROWS 1
#define CK_OUTER_ROWS_OF_ONE 4
#endif

// `rows` × `vectors` · 16 of y, kept in registers; or only its first `count` columns.
CK_INLINE void outer_tile(const struct dense_place *at, const int rows, const int vectors,
                          const size_t count) {
  f16x total[CK_OUTER_ROWS_OF_ONE][4], w[4];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) total[r][v] = splat(0);
  const float *x[CK_OUTER_ROWS_OF_ONE];
  for (int r = 0; r < rows; r++) x[r] = at->x + r * at->x_stride;
  for (size_t k = 0; k < at->inner; k++) {
    for (int v = 0; v < vectors; v++) w[v] = load_up_to(at->w + k * at->w_stride + v * 16, count);
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < vectors; v++)
        total[r][v] = multiply_add(splat(x[r][k]), w[v], total[r][v]);
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors; v++) {
      float *y = at->y + r * at->y_stride + v * 16;
      f16x value = total[r][v] * splat(at->scale);
      store_up_to(y, count, at->adds ? load_up_to(y, count) + value : value);
    }
}

CK_INLINE void outer_rows(struct dense_place at, size_t rows, const int together,
                          const int vectors, const size_t count) {
  size_t r = 0;
  for (; r + together <= rows; r += together) {
    outer_tile(&at, together, vectors, count);
    at.x += together * at.x_stride;
    at.y += together * at.y_stride;
  }
  for (; r < rows; r++, at.x += at.x_stride, at.y += at.y_stride)
    outer_tile(&at, 1, vectors, count);
}

static void outer_product(const float *x, size_t x_stride, size_t rows, const float *w,
                          size_t w_stride, size_t inner, size_t columns, float *y, size_t y_stride,
                          float scale, int adds) {
  struct dense_place at = {x, w, y, x_stride, w_stride, y_stride, inner, scale, adds};
  for (; columns >= 64; columns -= 64, at.w += 64, at.y += 64)
    outer_rows(at, rows, CK_OUTER_ROWS, 4, 16);
  for (; columns >= 16; columns -= 16, at.w += 16, at.y += 16)
    outer_rows(at, rows, CK_OUTER_ROWS_OF_ONE, 1, 16);
  if (columns > 0) outer_rows(at, rows, 1, 1, columns);
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
