// Attention of one position. Sums over a head's entries run in their order, sums over tokens in
// the order of tokens (the soft-max's denominator in 16 lanes by token modulo 16), so that a
// result does not depend on which rows are computed together.
#pragma once

#include "rowwise.h"

// out[h, block, lane] = Σ_i q[h, i] · keys[block, i, lane]
CK_INLINE void score_tile(const float *q, size_t size, const float *keys, float *out, size_t stride,
                          const int heads, const int blocks) {
  f16x total[4][4];
  for (int h = 0; h < heads; h++)
    for (int b = 0; b < blocks; b++) total[h][b] = splat(0);
  for (size_t i = 0; i < size; i++)
    for (int b = 0; b < blocks; b++) {
      f16x key = load(keys + (b * size + i) * 16);
      for (int h = 0; h < heads; h++)
        total[h][b] = multiply_add(key, splat(q[h * size + i]), total[h][b]);
    }
  for (int h = 0; h < heads; h++)
    for (int b = 0; b < blocks; b++) store(out + h * stride + b * 16, total[h][b]);
}

CK_INLINE void score_blocks(const float *q, size_t size, const float *keys, size_t blocks,
                            float *out, size_t stride, const int heads, const int together) {
  size_t b = 0;
  for (; b + together <= blocks; b += together)
    score_tile(q, size, keys + b * size * 16, out + b * 16, stride, heads, together);
  for (; b < blocks; b++)
    score_tile(q, size, keys + b * size * 16, out + b * 16, stride, heads, 1);
}

static void score_heads(const float *q, size_t heads, size_t size, const float *keys, size_t blocks,
                        float *out, size_t stride) {
  for (; heads >= 4; heads -= 4, q += 4 * size, out += 4 * stride)
    score_blocks(q, size, keys, blocks, out, stride, 4, 1);
  for (; heads >= 2; heads -= 2, q += 2 * size, out += 2 * stride)
    score_blocks(q, size, keys, blocks, out, stride, 2, 2);
  if (heads) score_blocks(q, size, keys, blocks, out, stride, 1, 4);
}

// Scores → exp(score · scale − top), zero outside first ..< end; their sum, and log Σ exp.
static float soften(float *scores, size_t blocks, size_t first, size_t end, float scale,
                    float *log_sum) {
  for (size_t j = 0; j < first; j++) scores[j] = -INFINITY;
  for (size_t j = end; j < blocks * 16; j++) scores[j] = -INFINITY;
  f16x peak = splat(-INFINITY), total = splat(0);
  for (size_t j = 0; j < blocks * 16; j += 16) peak = larger(load(scores + j) * splat(scale), peak);
  float top = largest(peak);
  for (size_t j = 0; j < blocks * 16; j += 16) {
    f16x power = exponential(load(scores + j) * splat(scale) - splat(top));
    store(scores + j, power);
    total = total + power;
  }
  float denominator = sum(total);
  if (log_sum) *log_sum = (float)((double)top + log((double)denominator));
  return denominator;
}

// out[h, i] = Σ_j powers[h, j] · values[j, i] / denominators[h]
CK_INLINE void mix_tile(const float *powers, size_t power_stride, const float *denominators,
                        const float *values, size_t stride, size_t count, size_t rest, size_t size,
                        float *out, const int heads, const int vectors) {
  f16x total[2][4];
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++) total[h][v] = splat(0);
  for (size_t j = 0; j < count; j++)
    for (int v = 0; v < vectors; v++) {
      f16x value = load(values + j * stride + v * 16);
      for (int h = 0; h < heads; h++)
        total[h][v] = multiply_add(value, splat(powers[h * power_stride + j]), total[h][v]);
    }
  for (int h = 0; h < heads; h++)
    for (int v = 0; v < vectors; v++)
      store_up_to(out + h * size + v * 16, rest - v * 16,
                  total[h][v] * splat(1 / denominators[h]));
}

CK_INLINE void mix_heads(const float *powers, size_t power_stride, const float *denominators,
                         const float *values, size_t stride, size_t count, size_t size, float *out,
                         const int heads) {
  size_t i = 0;
  for (; i + 64 <= stride; i += 64)
    mix_tile(powers, power_stride, denominators, values + i, stride, count, size - i, size, out + i,
             heads, 4);
  for (; i < stride; i += 16)
    mix_tile(powers, power_stride, denominators, values + i, stride, count, size - i, size, out + i,
             heads, 1);
}

static void attention_row(const float *q, size_t heads, size_t size, const float *keys,
                          const float *values, size_t stride, size_t first, size_t end, float scale,
                          float *scores, size_t score_stride, float *out, float *log_sums) {
  size_t before = first / 16 * 16, blocks = (end - before + 15) / 16;
  score_heads(q, heads, size, keys + before * size, blocks, scores, score_stride);
  const float *seen = values + first * stride;
  for (size_t h = 0; h < heads; h += 2) {
    float denominators[2];
    int pair = heads - h >= 2;
    for (size_t k = h; k < h + 1 + pair; k++)
      denominators[k - h] = soften(scores + k * score_stride, blocks, first - before, end - before,
                                   scale, log_sums ? log_sums + k : 0);
    const float *powers = scores + h * score_stride + (first - before);
    if (pair)
      mix_heads(powers, score_stride, denominators, seen, stride, end - first, size, out + h * size,
                2);
    else
      mix_heads(powers, score_stride, denominators, seen, stride, end - first, size, out + h * size,
                1);
  }
}

// A row copied to whole vectors, zeros after.
static void pad(const float *x, size_t size, float *padded) {
  for (size_t i = 0; i < size; i += 16) store(padded + i, load_up_to(x + i, size - i));
}

// dq = Σ_j slope_j · k_j;  dk_j += slope_j · q;  dv_j += power_j · d_out, for some columns.
CK_INLINE void spread_tile(const float *q, const float *d_out, const float *powers,
                           const float *slopes, size_t count, const float *keys, size_t stride,
                           float *dq, float *dk, float *dv, const int vectors) {
  f16x from_q[4], from_out[4], total[4];
  for (int v = 0; v < vectors; v++) {
    from_q[v] = load(q + v * 16);
    from_out[v] = load(d_out + v * 16);
    total[v] = splat(0);
  }
  for (size_t j = 0; j < count; j++, keys += stride, dk += stride, dv += stride) {
    f16x slope = splat(slopes[j]), power = splat(powers[j]);
    for (int v = 0; v < vectors; v++) {
      total[v] = multiply_add(load(keys + v * 16), slope, total[v]);
      store(dk + v * 16, multiply_add(from_q[v], slope, load(dk + v * 16)));
      store(dv + v * 16, multiply_add(from_out[v], power, load(dv + v * 16)));
    }
  }
  for (int v = 0; v < vectors; v++) store(dq + v * 16, total[v]);
}

// powers: scores → probabilities p;  slopes: d_out · v_j → p · (d_out · v_j − d_out · out) · scale.
static void score_slopes(float *powers, float *slopes, size_t blocks, size_t first, size_t end,
                         float scale, float log_sum, float mean) {
  for (size_t j = 0; j < first; j++) powers[j] = -INFINITY;
  for (size_t j = end; j < blocks * 16; j++) powers[j] = -INFINITY;
  for (size_t j = 0; j < blocks * 16; j += 16) {
    f16x power = exponential(load(powers + j) * splat(scale) - splat(log_sum));
    store(powers + j, power);
    store(slopes + j, power * (load(slopes + j) - splat(mean)) * splat(scale));
  }
}

static void attention_row_backward(const float *q, const float *out, const float *d_out,
                                   float log_sum, size_t size, const float *key_blocks,
                                   const float *value_blocks, const float *key_rows, size_t stride,
                                   size_t first, size_t end, float scale, float *scratch,
                                   size_t score_stride, float *dq, float *dk, float *dv) {
  float padded_q[CK_LONGEST_HEAD], padded_out[CK_LONGEST_HEAD], padded_dq[CK_LONGEST_HEAD];
  size_t before = first / 16 * 16, blocks = (end - before + 15) / 16, skipped = first - before;
  float *powers = scratch, *slopes = scratch + score_stride;
  pad(q, size, padded_q);
  pad(d_out, size, padded_out);
  score_heads(q, 1, size, key_blocks + before * size, blocks, powers, score_stride);
  score_heads(d_out, 1, size, value_blocks + before * size, blocks, slopes, score_stride);
  score_slopes(powers, slopes, blocks, skipped, end - before, scale, log_sum,
               dot(out, d_out, size));
  powers += skipped;
  slopes += skipped;
  key_rows += first * stride;
  dk += first * stride;
  dv += first * stride;
  size_t i = 0, count = end - first;
  for (; i + 64 <= stride; i += 64)
    spread_tile(padded_q + i, padded_out + i, powers, slopes, count, key_rows + i, stride,
                padded_dq + i, dk + i, dv + i, 4);
  for (; i < stride; i += 16)
    spread_tile(padded_q + i, padded_out + i, powers, slopes, count, key_rows + i, stride,
                padded_dq + i, dk + i, dv + i, 1);
  for (size_t k = 0; k < size; k += 16) store_up_to(dq + k, size - k, load(padded_dq + k));
}
