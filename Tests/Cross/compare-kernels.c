// Compares every path of the kernels that this CPU has with the portable one, bit by bit, on random
// data. For machines that the tests in Swift do not run on; see tools/check-neon.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

enum { ROWS = 7, COLUMNS = 96, BLOCKS = COLUMNS / CK_BLOCK, PANELS = 3, OUTPUTS = 75 };
enum { TOKENS = 40, HEADS = 2, SIZE = 32, PAGES = 3 };

static uint32_t state = 1;

static uint32_t next_bits(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static void fill(float *x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = (float)(int32_t)next_bits() * 0x1p-30f;
}

// What a path made, one result after another.
struct results {
  uint8_t *bytes;
  size_t count;
};

static void keep(struct results *r, const void *bytes, size_t count) {
  r->bytes = realloc(r->bytes, r->count + count);
  memcpy(r->bytes + r->count, bytes, count);
  r->count += count;
}

#define KEEP(x) keep(r, x, sizeof(x))

static void products(struct results *r) {
  static float w[PANELS * 32 * COLUMNS], x[ROWS * COLUMNS], y[ROWS * OUTPUTS];
  static uint8_t q8_0[PANELS * 32 * BLOCKS * CK_Q8_0_BLOCK];
  static uint8_t panels[PANELS * BLOCKS * CK_PANEL_BLOCK], turned[PANELS * CK_PANEL_BLOCK];
  static float unpacked[COLUMNS * PANELS * 32];
  int8_t codes[ROWS * COLUMNS], rest[ROWS * COLUMNS];
  float scales[ROWS * BLOCKS], rest_scales[ROWS * BLOCKS];
  int32_t corrections[ROWS * BLOCKS], rest_corrections[ROWS * BLOCKS];
  fill(w, PANELS * 32 * COLUMNS);
  fill(x, ROWS * COLUMNS);
  ck_q8_0_quantize(w, PANELS * 32 * BLOCKS, q8_0);
  ck_panels_from_q8_0(q8_0, PANELS * 32, BLOCKS, panels);
  ck_quantize_rows(x, COLUMNS, ROWS, COLUMNS, codes, scales, corrections);
  KEEP(codes), KEEP(scales), KEEP(corrections);
  ck_quantize_rest(x, COLUMNS, ROWS, COLUMNS, codes, scales, rest, rest_scales, rest_corrections);
  KEEP(rest), KEEP(rest_scales), KEEP(rest_corrections);
  for (size_t rows = 1; rows <= ROWS; rows++) {
    memset(y, 0, sizeof(y));
    ck_panel_product(panels, PANELS, BLOCKS, ROWS, codes, scales, corrections, rows, y, OUTPUTS,
                     OUTPUTS);
    KEEP(y);
  }
  ck_panel_unpack(panels, BLOCKS * CK_PANEL_BLOCK, PANELS, BLOCKS, unpacked, PANELS * 32);
  ck_panel_turn(panels, BLOCKS * CK_PANEL_BLOCK, PANELS, turned);
  KEEP(unpacked), KEEP(turned);
  ck_rows_product(x, COLUMNS, ROWS, w, COLUMNS, OUTPUTS, COLUMNS - 5, y, OUTPUTS, 0.5f, 1);
  ck_outer_product(x, COLUMNS, ROWS, w, COLUMNS, 9, COLUMNS - 5, y, COLUMNS, 0.5f, 1);
  ck_add_rows(x, 5, OUTPUTS, y, OUTPUTS);
  KEEP(y);
}

static void rows(struct results *r) {
  float x[ROWS * COLUMNS], dy[ROWS * COLUMNS], y[ROWS * COLUMNS], weight[COLUMNS], inverse[ROWS];
  float sums[COLUMNS] = {0}, angles[2 * COLUMNS / 2];
  fill(x, ROWS * COLUMNS), fill(dy, ROWS * COLUMNS), fill(weight, COLUMNS), fill(angles, COLUMNS);
  fill(y, ROWS * COLUMNS);
  ck_rms_norm_backward(x, ROWS, COLUMNS, weight, 1e-5f, dy, y, inverse);
  ck_rms_norm_weight_gradient(x, dy, inverse, ROWS, COLUMNS, COLUMNS, sums);
  KEEP(y), KEEP(inverse), KEEP(sums);
  ck_rms_norm(x, ROWS, COLUMNS, weight, 1e-5f, y);
  ck_rotate(y, ROWS, COLUMNS / 2, angles, angles + COLUMNS / 2, -1);
  KEEP(y);
  ck_swiglu(x, dy, ROWS * COLUMNS - 3, y);
  KEEP(y);
  float d_gate[ROWS * COLUMNS] = {0}, d_up[ROWS * COLUMNS] = {0};
  ck_swiglu_backward(x, y, dy, ROWS * COLUMNS - 3, d_gate, d_up);
  ck_add_scaled(x, ROWS * COLUMNS - 3, 0.3f, d_up);
  ck_add_column_sums(x, ROWS, COLUMNS, COLUMNS, sums);
  KEEP(d_gate), KEEP(d_up), KEEP(sums);
  struct ck_adamw step = {0.5f, 0.1f, 0.99f, 0.01f, 0.999f, 1e-3f, 0.5f, 1e-8f};
  fill(dy, ROWS * COLUMNS);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) y[i] = dy[i] * dy[i];
  ck_adamw(x, d_up, dy, y, ROWS * COLUMNS - 3, &step);
  KEEP(x), KEEP(dy), KEEP(y);
  double squares = ck_sum_of_squares(x, ROWS * COLUMNS - 3);
  keep(r, &squares, sizeof(squares));
}

static void chances(struct results *r) {
  float x[700], weights[700], sums[3], row[COLUMNS];
  uint16_t half[ROWS * COLUMNS];
  fill(x, 700), fill(row, COLUMNS);
  double total[] = {ck_weights(x, 700, 1.4f, weights, sums), ck_log_sum_exp(x, 700), 0};
  size_t largest = ck_index_of_largest(x, 700);
  float top = -__builtin_inff(), factor = ck_soft_max_piece(x, 300, &top, total + 2, row, COLUMNS);
  float second = ck_soft_max_piece(x + 300, 395, &top, total + 2, row, COLUMNS);
  float scalars[] = {top, factor, second};
  ck_round_to_bfloat(x, ROWS * COLUMNS, half);
  KEEP(total), KEEP(weights), KEEP(sums), KEEP(x), KEEP(row), KEEP(scalars), KEEP(half);
  ck_float_from_bfloat(half, ROWS * COLUMNS, weights);
  ck_log_probability_gradient(x, 695, 17, 0.25f);
  keep(r, &largest, sizeof(largest));
  KEEP(x), KEEP(weights);
}

static size_t bytes_of(int format) { return format == CK_FLOAT32 ? 4 : format == CK_FLOAT16 ? 2 : 1; }

static void attention(struct results *r, int format) {
  static uint8_t keys[PAGES * 16 * SIZE * 8], values[PAGES * 16 * SIZE * 8];
  static float q[4 * HEADS * SIZE], out[4 * HEADS * SIZE], scratch[CK_SCRATCH_QUERIES * 80];
  float logs[4 * HEADS], k[SIZE], v[SIZE];
  size_t scales = format == CK_INT8 ? 16 * (SIZE / 32) * sizeof(float) : 0;
  size_t step = 16 * SIZE * bytes_of(format) + scales;
  for (size_t t = 0; t < TOKENS; t++) {
    fill(k, SIZE), fill(v, SIZE);
    ck_attention_store(k, v, SIZE, t % 16, format, keys + t / 16 * step, values + t / 16 * step,
                       SIZE);
  }
  fill(q, 4 * HEADS * SIZE);
  struct ck_pages pages = {keys, values, step, step, 0, format};
  for (size_t window = 0; window <= 20; window += 20) {
    struct ck_attention a = {4, HEADS, SIZE, SIZE, TOKENS - 3, window, 0.2f};
    ck_attention_rows(q, HEADS * SIZE, &pages, &a, scratch, out, HEADS * SIZE, logs, HEADS);
    KEEP(out), KEEP(logs);
  }
  keep(r, keys, PAGES * step);
}

static void attention_backward(struct results *r) {
  enum { STEP = HEADS * SIZE };
  static float q[TOKENS * STEP], d_out[TOKENS * STEP], out[TOKENS * STEP], dq[TOKENS * STEP];
  static float k[48 * SIZE], v[48 * SIZE], dk[48 * SIZE], dv[48 * SIZE], logs[TOKENS * HEADS];
  static float key_blocks[48 * SIZE], value_blocks[48 * SIZE];
  static float scratch[2 * CK_SCRATCH_QUERIES * (2 * TOKENS + 30)];
  fill(q, TOKENS * STEP), fill(d_out, TOKENS * STEP), fill(out, TOKENS * STEP);
  fill(k, TOKENS * SIZE), fill(v, TOKENS * SIZE), fill(logs, TOKENS * HEADS);
  memset(dq, 0, sizeof(dq)), memset(dk, 0, sizeof(dk)), memset(dv, 0, sizeof(dv));
  ck_attention_pack(k, SIZE, TOKENS, SIZE, 0, key_blocks);
  ck_attention_pack(v, SIZE, TOKENS, SIZE, 0, value_blocks);
  struct ck_attention_back b = {q,          out,          d_out, logs, STEP, HEADS,
                                key_blocks, value_blocks, k,     dq,   dk,   dv};
  struct ck_attention a = {TOKENS, HEADS, SIZE, SIZE, 1, 0, 0.2f};
  ck_attention_rows_backward(&b, &a, scratch);
  KEEP(dq), KEEP(dk), KEEP(dv);
}

static struct results results_of(int path) {
  struct results found = {0, 0};
  ck_select(path);
  state = 20241006;
  products(&found);
  rows(&found);
  chances(&found);
  for (int format = CK_FLOAT32; format <= CK_INT8; format++) attention(&found, format);
  attention_backward(&found);
  return found;
}

int main(void) {
  struct results truth = results_of(CK_PORTABLE);
  int compared = 0, differ = 0;
  for (int path = CK_PORTABLE + 1; path < CK_PATHS; path++) {
    if (!ck_supported(path)) continue;
    struct results found = results_of(path);
    size_t at = 0;
    while (at < truth.count && found.bytes[at] == truth.bytes[at]) at++;
    int same = found.count == truth.count && at == truth.count;
    if (same)
      printf("%s: %zu bytes of results, all as on the portable path\n", ck_path_name(path), at);
    else
      printf("%s: byte %zu of %zu differs\n", ck_path_name(path), at, truth.count);
    compared++;
    differ += !same;
    free(found.bytes);
  }
  free(truth.bytes);
  printf("%d passed, %d failed\n", compared - differ, differ);
  return differ || !compared;
}
