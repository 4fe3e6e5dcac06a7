// The functions that every path has, as a table.
#pragma once

#include "CKernels.h"

// K(name, result, parameters, arguments)
#define CK_EACH_KERNEL(K)                                                                        \
  K(quantize_rows, void,                                                                         \
    (const float *x, size_t x_stride, size_t rows, size_t columns, int8_t *codes,                \
     float *scales, int32_t *corrections),                                                       \
    (x, x_stride, rows, columns, codes, scales, corrections))                                    \
  K(quantize_rest, void,                                                                         \
    (const float *x, size_t x_stride, size_t rows, size_t columns, const int8_t *codes,          \
     const float *scales, int8_t *rest_codes, float *rest_scales, int32_t *rest_corrections),    \
    (x, x_stride, rows, columns, codes, scales, rest_codes, rest_scales, rest_corrections))      \
  K(panel_product, void,                                                                         \
    (const uint8_t *panels, size_t panel_count, size_t blocks, size_t code_rows,                 \
     const int8_t *codes, const float *scales, const int32_t *corrections, size_t rows,          \
     float *y, size_t y_stride, size_t columns),                                                 \
    (panels, panel_count, blocks, code_rows, codes, scales, corrections, rows, y, y_stride,      \
     columns))                                                                                   \
  K(dot_peak, double, (size_t rounds), (rounds))                                                 \
  K(fma_peak, double, (size_t rounds), (rounds))                                                 \
  K(read_bytes, uint32_t, (const void *bytes, size_t count), (bytes, count))                     \
  K(panel_unpack, void,                                                                          \
    (const uint8_t *panels, size_t panel_bytes, size_t panel_count, size_t block_count,          \
     float *out, size_t out_stride),                                                             \
    (panels, panel_bytes, panel_count, block_count, out, out_stride))                            \
  K(panel_turn, void,                                                                            \
    (const uint8_t *panels, size_t panel_bytes, size_t panel_count, uint8_t *out),               \
    (panels, panel_bytes, panel_count, out))                                                     \
  K(add_rows, void, (const float *x, size_t rows, size_t columns, float *y, size_t y_stride),    \
    (x, rows, columns, y, y_stride))                                                             \
  K(rows_product, void,                                                                          \
    (const float *x, size_t x_stride, size_t rows, const float *w, size_t w_stride,              \
     size_t outputs, size_t columns, float *y, size_t y_stride, float scale, int adds),          \
    (x, x_stride, rows, w, w_stride, outputs, columns, y, y_stride, scale, adds))                \
  K(outer_product, void,                                                                         \
    (const float *x, size_t x_stride, size_t rows, const float *w, size_t w_stride,              \
     size_t inner, size_t columns, float *y, size_t y_stride, float scale, int adds),            \
    (x, x_stride, rows, w, w_stride, inner, columns, y, y_stride, scale, adds))                  \
  K(rms_norm, void,                                                                              \
    (const float *x, size_t rows, size_t columns, const float *weight, float epsilon, float *y), \
    (x, rows, columns, weight, epsilon, y))                                                      \
  K(rms_norm_backward, void,                                                                     \
    (const float *x, size_t rows, size_t columns, const float *weight, float epsilon,            \
     const float *dy, float *dx, float *inverse),                                                \
    (x, rows, columns, weight, epsilon, dy, dx, inverse))                                        \
  K(rms_norm_weight_gradient, void,                                                              \
    (const float *x, const float *dy, const float *inverse, size_t rows, size_t columns,         \
     size_t stride, float *sums),                                                                \
    (x, dy, inverse, rows, columns, stride, sums))                                               \
  K(rotate, void,                                                                                \
    (float *x, size_t heads, size_t half, const float *cosines, const float *sines, float sign), \
    (x, heads, half, cosines, sines, sign))                                                      \
  K(swiglu, void, (const float *gate, const float *up, size_t count, float *y),                  \
    (gate, up, count, y))                                                                        \
  K(swiglu_backward, void,                                                                       \
    (const float *gate, const float *up, const float *dy, size_t count, float *d_gate,           \
     float *d_up),                                                                               \
    (gate, up, dy, count, d_gate, d_up))                                                         \
  K(add_scaled, void, (const float *x, size_t count, float scale, float *y),                     \
    (x, count, scale, y))                                                                        \
  K(add_column_sums, void,                                                                       \
    (const float *x, size_t rows, size_t columns, size_t stride, float *sums),                   \
    (x, rows, columns, stride, sums))                                                            \
  K(index_of_largest, size_t, (const float *x, size_t count), (x, count))                        \
  K(weights, double, (const float *x, size_t count, float inverse, float *weights, float *sums), \
    (x, count, inverse, weights, sums))                                                          \
  K(log_sum_exp, double, (const float *x, size_t count), (x, count))                             \
  K(log_probability_gradient, void, (float *x, size_t count, size_t target, float slope),        \
    (x, count, target, slope))                                                                   \
  K(soft_max_piece, float,                                                                       \
    (float *x, size_t count, float *top, double *total, float *sums, size_t width),              \
    (x, count, top, total, sums, width))                                                         \
  K(round_to_bfloat, void, (const float *x, size_t count, uint16_t *out), (x, count, out))       \
  K(float_from_bfloat, void, (const uint16_t *x, size_t count, float *out), (x, count, out))     \
  K(sum_of_squares, double, (const float *x, size_t count), (x, count))                          \
  K(adamw, void,                                                                                 \
    (float *parameters, const float *gradient, float *m, float *v, size_t count,                 \
     const struct ck_adamw *step),                                                               \
    (parameters, gradient, m, v, count, step))                                                   \
  K(attention_rows, void,                                                                        \
    (const float *q, size_t q_stride, const struct ck_pages *pages, const struct ck_attention *a, \
     float *scratch, float *out, size_t out_stride, float *log_sums, size_t log_stride),         \
    (q, q_stride, pages, a, scratch, out, out_stride, log_sums, log_stride))                     \
  K(attention_store, void,                                                                       \
    (const float *k, const float *v, size_t size, size_t token, int format, void *keys,          \
     void *values, size_t stride),                                                               \
    (k, v, size, token, format, keys, values, stride))                                           \
  K(attention_rows_backward, void,                                                               \
    (const struct ck_attention_back *b, const struct ck_attention *a, float *scratch),           \
    (b, a, scratch))

#define CK_FIELD(name, result, parameters, arguments) result(*name) parameters;
struct ck_table {
  CK_EACH_KERNEL(CK_FIELD)
};
#undef CK_FIELD

// Names a path's own functions in the table's order.
#define CK_ENTRY(name, result, parameters, arguments) name,

extern const struct ck_table ck_portable;
#if defined(__x86_64__)
extern const struct ck_table ck_avx2, ck_avx_vnni, ck_avx512_vnni;
#elif defined(__aarch64__)
extern const struct ck_table ck_neon;
#endif
