// Numeric loops over raw rows. No allocation; the only state is which path was chosen.
//
// Every function exists once per path (instruction set), and every path gives the same result, to
// the bit: sums run in 16 fixed lanes with fused multiply-add, whatever the registers' width. The
// portable path is the truth that tests compare with.
//
// Shapes are row-major. `x [rows, columns]` with `x_stride` means rows that lie x_stride floats
// apart. Unless said otherwise, rows without a stride are dense, and buffers must not overlap.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Paths

enum {
  CK_PORTABLE,
  CK_AVX2,         // AVX2, FMA, F16C
  CK_AVX_VNNI,     // the same with dot products of bytes
  CK_AVX512_VNNI,  // AVX-512 F, BW, VL, VNNI
  CK_NEON,         // Arm's Advanced SIMD with dot products of bytes
  CK_PATHS
};

// Whether this build and this CPU have a path.
int ck_supported(int path);
// Makes all later calls take a supported path. Without it, the best path is taken.
void ck_select(int path);
// The path that calls take now.
int ck_selected(void);
const char *ck_path_name(int path);

// Tells the CPU that the caller waits in a loop.
static inline void ck_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// int8 panels
//
// A panel holds 32 output rows. Per block of 32 columns it has 32 fp16 scales and then 8 groups of
// 4 columns; a group is 2 halves of 16 rows; a row's 4 codes are neighbours. A code is the signed
// 8-bit weight + 128. One block takes CK_PANEL_BLOCK bytes.

enum { CK_PANEL_ROWS = 32, CK_BLOCK = 32, CK_PANEL_BLOCK = 64 + 1024, CK_Q8_0_BLOCK = 34 };

// x [rows, columns] → per row and block of 32 columns: signed codes, their scale (the block's
// largest magnitude / 127; 0 below 1e-30) and −128 · the sum of codes.
// Block by block, so that what a tile of rows wants of a block lies together: codes [blocks, rows,
// 32], scales and corrections [blocks, rows]. Ties round to even. A NaN or an infinity makes its
// block's scale so.
void ck_quantize_rows(const float *x, size_t x_stride, size_t rows, size_t columns, int8_t *codes,
                      float *scales, int32_t *corrections);

// The same of what codes and scales leave of x: x − code · scale.
void ck_quantize_rest(const float *x, size_t x_stride, size_t rows, size_t columns,
                      const int8_t *codes, const float *scales, int8_t *rest_codes,
                      float *rest_scales, int32_t *rest_corrections);

// y[r, p · 32 + n] = Σ over blocks of (weight scale · row scale) · Σ weight code · row code,
// one fused multiply-add per block, in order. Writes `columns` columns, at most 32 · panel_count.
// Codes as ck_quantize_rows leaves them for code_rows rows, the first `rows` of which are read.
void ck_panel_product(const uint8_t *panels, size_t panel_count, size_t blocks, size_t code_rows,
                      const int8_t *codes, const float *scales, const int32_t *corrections,
                      size_t rows, float *y, size_t y_stride, size_t columns);

// out[k, n] = the weight of row n and column k, for whole blocks of columns and whole panels.
// Panels lie panel_bytes apart; `panels` points at the first block that is wanted.
void ck_panel_unpack(const uint8_t *panels, size_t panel_bytes, size_t panel_count,
                     size_t block_count, float *out, size_t out_stride);

// One row (0...31) of a panel as floats.
void ck_panel_row(const uint8_t *panel, size_t row, size_t columns, float *out);

// The panel of the transposed weights for one block of 32 columns: its rows are these columns, its
// blocks the panel_count panels, which lie panel_bytes apart. Weights are rounded anew, by a scale
// for each column and panel. out takes panel_count · CK_PANEL_BLOCK bytes.
void ck_panel_turn(const uint8_t *panels, size_t panel_bytes, size_t panel_count, uint8_t *out);

// y[r, i] += x[r, i]
void ck_add_rows(const float *x, size_t rows, size_t columns, float *y, size_t y_stride);

// What this CPU can do at best

// Runs independent chains of `rounds` dot products of bytes, or of fused multiply-adds of floats, in
// registers alone. → operations that were done, a multiplication and an addition counting as two.
double ck_dot_peak(size_t rounds);
double ck_fma_peak(size_t rounds);
// Reads `count` bytes, a multiple of 256, and makes something of them.
uint32_t ck_read_bytes(const void *bytes, size_t count);

// Dense float

// y[t, n] = scale · Σ_k x[t, k] · w[n, k], or that added to y.
void ck_rows_product(const float *x, size_t x_stride, size_t rows, const float *w, size_t w_stride,
                     size_t outputs, size_t columns, float *y, size_t y_stride, float scale,
                     int adds);
// y[t, n] = scale · Σ_k x[t, k] · w[k, n] over `inner` k, or that added to y.
void ck_outer_product(const float *x, size_t x_stride, size_t rows, const float *w, size_t w_stride,
                      size_t inner, size_t columns, float *y, size_t y_stride, float scale,
                      int adds);

// Row by row

// y = x / sqrt(mean(x²) + epsilon) · weight. y may be x.
void ck_rms_norm(const float *x, size_t rows, size_t columns, const float *weight, float epsilon,
                 float *y);
// Adds the gradient to dx; leaves 1 / sqrt(mean(x²) + epsilon) of each row in inverse.
void ck_rms_norm_backward(const float *x, size_t rows, size_t columns, const float *weight,
                          float epsilon, const float *dy, float *dx, float *inverse);
// sums[j] += Σ_r dy[r, j] · x[r, j] · inverse[r], rows in order.
void ck_rms_norm_weight_gradient(const float *x, const float *dy, const float *inverse, size_t rows,
                                 size_t columns, size_t stride, float *sums);

// Turns the pairs (i, i + half) of each of `heads` heads by the angle whose cosines and sines are
// given [half]; sign is 1 or −1.
void ck_rotate(float *x, size_t heads, size_t half, const float *cosines, const float *sines,
               float sign);

// y = gate · sigmoid(gate) · up, and its gradients.
void ck_swiglu(const float *gate, const float *up, size_t count, float *y);
void ck_swiglu_backward(const float *gate, const float *up, const float *dy, size_t count,
                        float *d_gate, float *d_up);

// y += scale · x
void ck_add_scaled(const float *x, size_t count, float scale, float *y);
// sums[j] += Σ_r x[r, j], rows in order.
void ck_add_column_sums(const float *x, size_t rows, size_t columns, size_t stride, float *sums);

// log Σ exp(x)
double ck_log_sum_exp(const float *x, size_t count);
// x = slope · (onehot(target) − softmax(x)), in place.
void ck_log_probability_gradient(float *x, size_t count, size_t target, float slope);

// A soft-max over a row that comes piece by piece: x becomes exp(x − the largest so far). *top and
// *total, at first −∞ and 0, are the largest so far and Σ exp; when a piece has a larger one, *total
// and `sums` [width] are scaled down. → by what.
float ck_soft_max_piece(float *x, size_t count, float *top, double *total, float *sums,
                        size_t width);

// Floats rounded to their upper 16 bits, ties to even, and back. bfloat buffers hold a multiple of
// 16 numbers.
void ck_round_to_bfloat(const float *x, size_t count, uint16_t *out);
void ck_float_from_bfloat(const uint16_t *x, size_t count, float *out);

double ck_sum_of_squares(const float *x, size_t count);

// One step of AdamW with decoupled decay:
//   g = gradient · gradient_scale;  m += (g − m) · (1 − β1);  v = v · β2 + (1 − β2) · g²
//   p = p · keep − step_size · m / (sqrt(v) / root_correction2 + epsilon)
struct ck_adamw {
  float gradient_scale, one_minus_beta1, beta2, one_minus_beta2;
  float keep, step_size, root_correction2, epsilon;
};
void ck_adamw(float *parameters, const float *gradient, float *m, float *v, size_t count,
              const struct ck_adamw *step);

// Choosing tokens

// The first of the largest.
size_t ck_index_of_largest(const float *x, size_t count);

// weights = exp((x − largest x) · inverse); sums[i] is that of the i-th CK_WEIGHT_CHUNK of them, and
// the result the sum of sums in order.
enum { CK_WEIGHT_CHUNK = 256 };
double ck_weights(const float *x, size_t count, float inverse, float *weights, float *sums);

// Counts and sums weights of at most 1 by their class, which grows as weights get smaller: 16 classes
// for each power of two. Weights below about 2⁻³² are in none. Adds to counts and sums. The same on
// every path.
enum { CK_WEIGHT_CLASSES = 512 };
void ck_count_weights(const float *weights, size_t count, uint32_t *counts, double *sums);
// The class of a weight; CK_WEIGHT_CLASSES for one that is in none.
size_t ck_weight_class(float weight);

// Attention
//
// Keys and values of one key head lie in pages of 16 tokens. A page's keys are transposed, [size,
// 16]; its values are 16 rows of `stride` numbers, a multiple of 16, zero past size. Size is at most
// CK_LONGEST_HEAD.
//
// As int8, every 32 entries of a token's key or value have codes and a float scale, as
// ck_quantize_rows makes them. Scales follow their page's codes: those of keys [blocks, 16], those
// of values [16, blocks].

enum { CK_LONGEST_HEAD = 256, CK_PAGE_TOKENS = 16 };
enum { CK_FLOAT32, CK_FLOAT16, CK_INT8 };

struct ck_pages {
  const void *keys, *values;     // of page 0
  size_t key_step, value_step;   // bytes from one page to the next
  const int32_t *numbers;        // the sequence's page i is page numbers[i]; null: page i
  int format;                    // of their numbers
};

// `rows` rows that follow each other in one sequence; the first sees `end` tokens, itself included,
// and each further row one more; where window is not 0, only the last `window` of them. Each row has
// `heads` queries [size].
struct ck_attention {
  size_t rows, heads, size, stride, end, window;
  float scale;
};

// Queries q [rows, heads · size] → what they gather, in rows out_stride apart. scratch holds
// CK_SCRATCH_QUERIES · (end + rows + 30) floats. log_sums [rows, heads] may be null.
enum { CK_SCRATCH_QUERIES = 8 };
void ck_attention_rows(const float *q, size_t q_stride, const struct ck_pages *pages,
                       const struct ck_attention *a, float *scratch, float *out, size_t out_stride,
                       float *log_sums, size_t log_stride);

// Stores one token's key and value [size] in its page. The values' row is written up to the next
// multiple of 16.
void ck_attention_store(const float *k, const float *v, size_t size, size_t token, int format,
                        void *keys, void *values, size_t stride);

// Puts the rows of x [rows, size], which lie x_stride apart, into key blocks from `token` on.
void ck_attention_pack(const float *x, size_t x_stride, size_t rows, size_t size, size_t token,
                       float *blocks);

// What the way back takes and adds to. q, out, d_out and dq are rows [rows, heads · size] that lie
// row_stride apart, log_sums [rows, heads]. Blocks are what ck_attention_pack leaves of keys and
// values; key_rows, dk and dv are rows of `stride`, one for each token.
struct ck_attention_back {
  const float *q, *out, *d_out, *log_sums;
  size_t row_stride, log_stride;
  const float *key_blocks, *value_blocks, *key_rows;
  float *dq, *dk, *dv;
};

// Adds to dq, dk and dv; dk and dv in the order of rows and heads. scratch holds
// 2 · CK_SCRATCH_QUERIES · (end + rows + 30) floats.
void ck_attention_rows_backward(const struct ck_attention_back *b, const struct ck_attention *a,
                                float *scratch);

// Q8_0 and panels; the same on every path
//
// A Q8_0 block is an fp16 scale and 32 signed codes.

// The rule: d = largest magnitude / 127, code = x · (1/d) with halves rounded away from zero.
void ck_q8_0_quantize(const float *x, size_t blocks, uint8_t *out);
// rows · blocks Q8_0 blocks, row-major → panels; absent rows of the last panel become zeros.
void ck_panels_from_q8_0(const uint8_t *q8_0, size_t rows, size_t blocks, uint8_t *panels);
// One row of a panel as Q8_0 blocks.
void ck_q8_0_from_panel(const uint8_t *panel, size_t row, size_t blocks, uint8_t *out);
