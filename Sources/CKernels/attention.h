// Attention. Sums over a head's entries run in their order, sums over tokens in the order of tokens
// (the soft-max's denominator in 16 lanes by token modulo 16), so that a result does not depend on
// which rows are computed together.
#pragma once

#include "quantize.h"
#include "rowwise.h"

// Queries that share the registers with blocks of keys, and with value columns: a path with larger
// registers says more.
#ifndef CK_SCORE_QUERIES
#define CK_SCORE_QUERIES 4
#define CK_SCORE_SUMS 4
#define CK_MIX_QUERIES 2
#define CK_MIX_VECTORS 2
#endif

// Sixteen numbers from element `index` of a page; codes are multiplied by their scales.
CK_INLINE f16x load_entry(const uint8_t *page, size_t index, f16x scales, const int format) {
  if (format == CK_INT8)
    return __builtin_convertvector(*(const b16x *)(page + index), f16x) * scales;
  if (format == CK_FLOAT16) return load_half((const uint16_t *)page + index);
  return load((const float *)page + index);
}

// Scales of sixteen keys' codes from entry `i`, and of a value's from `column`.
CK_INLINE f16x key_scales(const uint8_t *page, size_t size, size_t i, const int format) {
  if (format != CK_INT8) return splat(1);
  return load((const float *)(page + 16 * size) + i / CK_BLOCK * 16);
}

CK_INLINE f16x value_scale(const uint8_t *page, size_t stride, size_t lane, size_t column,
                           const int format) {
  if (format != CK_INT8) return splat(1);
  size_t blocks = (stride + CK_BLOCK - 1) / CK_BLOCK;
  return splat(((const float *)(page + 16 * stride))[lane * blocks + column / CK_BLOCK]);
}

CK_INLINE const uint8_t *page_of(const void *first, size_t step, const int32_t *numbers,
                                 size_t page) {
  return (const uint8_t *)first + step * (numbers ? (size_t)numbers[page] : page);
}

CK_INLINE const uint8_t *key_page(const struct ck_pages *at, size_t page) {
  return page_of(at->keys, at->key_step, at->numbers, page);
}

CK_INLINE const uint8_t *value_page(const struct ck_pages *at, size_t page) {
  return page_of(at->values, at->value_step, at->numbers, page);
}

// out[h, page, lane] = Σ_i q[i, h] · keys[page, i, lane], for queries that lie CK_SCORE_QUERIES
// apart by entries.
CK_INLINE void score_tile(const float *q, size_t size, const struct ck_pages *at, size_t page,
                          float *out, size_t stride, const int queries, const int pages,
                          const int format) {
  f16x total[CK_SCORE_QUERIES][4];
  const uint8_t *keys[4];
  for (int b = 0; b < pages; b++) keys[b] = key_page(at, page + b);
  for (int h = 0; h < queries; h++)
    for (int b = 0; b < pages; b++) total[h][b] = splat(0);
  for (size_t i = 0, stop; i < size; i = stop) {
    f16x scales[4];
    stop = format == CK_INT8 && size - i > CK_BLOCK ? i + CK_BLOCK : size;
    for (int b = 0; b < pages; b++) scales[b] = key_scales(keys[b], size, i, format);
    for (size_t n = i; n < stop; n++)
      for (int b = 0; b < pages; b++) {
        f16x key = load_entry(keys[b], n * 16, scales[b], format);
        for (int h = 0; h < queries; h++)
          total[h][b] = multiply_add(key, splat(q[n * CK_SCORE_QUERIES + h]), total[h][b]);
      }
  }
  for (int h = 0; h < queries; h++)
    for (int b = 0; b < pages; b++) store(out + h * stride + b * 16, total[h][b]);
}

CK_INLINE void score_pages(const float *q, size_t size, const struct ck_pages *at, size_t first,
                           size_t end, float *out, size_t stride, const int queries,
                           const int format) {
  const int fit = CK_SCORE_SUMS / queries, together = fit < 1 ? 1 : fit > 4 ? 4 : fit;
  size_t page = first;
  for (; page + together <= end; page += together, out += 16 * together)
    score_tile(q, size, at, page, out, stride, queries, together, format);
  for (; page < end; page++, out += 16)
    score_tile(q, size, at, page, out, stride, queries, 1, format);
}

// Scores of up to CK_SCORE_QUERIES queries with the keys of pages first ..< end.
CK_INLINE void score(const float *q, size_t queries, size_t size, const struct ck_pages *at,
                     size_t first, size_t end, float *out, size_t stride, const int format) {
#define SCORE(n) score_pages(q, size, at, first, end, out, stride, n, format)
  switch (queries) {
    case 1: SCORE(1); break;
    case 2: SCORE(2); break;
    case 3: SCORE(3); break;
    case 4: SCORE(4); break;
    default: SCORE(CK_SCORE_QUERIES);
  }
#undef SCORE
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

// A query: the tokens first ..< end that it sees, their powers from token `base` on, and where the
// mean of their values goes.
struct attention_query {
  size_t first, end;
  const float *powers;
  float denominator;
  float *out;
};

struct mix_place {
  const struct ck_pages *at;
  size_t stride, base, column;
};

// total[h] += Σ_j powers[h, j] · values[j], for tokens first ..< end and some queries.
CK_INLINE void mix_tokens(const struct mix_place *place, const struct attention_query *queries,
                          size_t first, size_t end, f16x total[][CK_MIX_VECTORS], const int count,
                          const int vectors, const int format) {
  for (size_t j = first; j < end;) {
    const uint8_t *page = value_page(place->at, j / 16);
    size_t stop = (j / 16 + 1) * 16 < end ? (j / 16 + 1) * 16 : end;
    for (; j < stop; j++)
      for (int v = 0; v < vectors; v++) {
        size_t column = place->column + v * 16;
        f16x scale = value_scale(page, place->stride, j % 16, column, format);
        f16x value = load_entry(page, j % 16 * place->stride + column, scale, format);
        for (int h = 0; h < count; h++)
          total[h][v] = multiply_add(value, splat(queries[h].powers[j - place->base]), total[h][v]);
      }
  }
}

// Tokens that all of the queries see are mixed for all at once, those before and after for each.
CK_INLINE void mix_tile(const struct mix_place *place, const struct attention_query *queries,
                        size_t size, const int count, const int vectors, const int format) {
  f16x total[CK_MIX_QUERIES][CK_MIX_VECTORS];
  size_t first = 0, end = SIZE_MAX;
#pragma clang loop unroll(full)
  for (int h = 0; h < count; h++) {
    for (int v = 0; v < vectors; v++) total[h][v] = splat(0);
    first = queries[h].first > first ? queries[h].first : first;
    end = queries[h].end < end ? queries[h].end : end;
  }
  if (end < first) end = first;
#pragma clang loop unroll(full)
  for (int h = 0; h < count; h++) {
    size_t stop = queries[h].end < first ? queries[h].end : first;
    mix_tokens(place, queries + h, queries[h].first, stop, total + h, 1, vectors, format);
  }
  mix_tokens(place, queries, first, end, total, count, vectors, format);
#pragma clang loop unroll(full)
  for (int h = 0; h < count; h++) {
    mix_tokens(place, queries + h, end, queries[h].end, total + h, 1, vectors, format);
    f16x inverse = splat(1 / queries[h].denominator);
    for (int v = 0; v < vectors; v++) {
      size_t i = place->column + v * 16;
      store_up_to(queries[h].out + i, size - i, total[h][v] * inverse);
    }
  }
}

CK_INLINE void mix_columns(struct mix_place place, const struct attention_query *queries,
                           size_t size, const int count, const int format) {
  for (; place.column + 16 * CK_MIX_VECTORS <= place.stride; place.column += 16 * CK_MIX_VECTORS)
    mix_tile(&place, queries, size, count, CK_MIX_VECTORS, format);
  for (; place.column < place.stride; place.column += 16)
    mix_tile(&place, queries, size, count, 1, format);
}

// One tile of queries, number `start` ..< `start` + `count` of all rows' heads.
CK_INLINE void attend_tile(const float *q, size_t q_stride, const struct ck_pages *at,
                           const struct ck_attention *a, size_t start, size_t count, float *scores,
                           float *out, size_t out_stride, float *log_sums, size_t log_stride,
                           const int format) {
  float turned[CK_LONGEST_HEAD * CK_SCORE_QUERIES];
  struct attention_query queries[CK_SCORE_QUERIES];
  for (size_t h = 0; h < count; h++) {
    size_t row = (start + h) / a->heads, head = (start + h) % a->heads, end = a->end + row;
    const float *from = q + row * q_stride + head * a->size;
    for (size_t i = 0; i < a->size; i++) turned[i * CK_SCORE_QUERIES + h] = from[i];
    queries[h].first = a->window && end > a->window ? end - a->window : 0;
    queries[h].end = end;
    queries[h].out = out + row * out_stride + head * a->size;
  }
  size_t page = queries[0].first / 16, pages = (queries[count - 1].end + 15) / 16 - page;
  size_t score_stride = pages * 16;
  score(turned, count, a->size, at, page, page + pages, scores, score_stride, format);
  for (size_t h = 0; h < count; h++) {
    size_t row = (start + h) / a->heads, head = (start + h) % a->heads;
    float *log_sum = log_sums ? log_sums + row * log_stride + head : 0;
    queries[h].powers = scores + h * score_stride;
    queries[h].denominator =
        soften(scores + h * score_stride, pages, queries[h].first - page * 16,
               queries[h].end - page * 16, a->scale, log_sum);
  }
  struct mix_place place = {at, a->stride, page * 16, 0};
  size_t h = 0;
  for (; h + CK_MIX_QUERIES <= count; h += CK_MIX_QUERIES)
    mix_columns(place, queries + h, a->size, CK_MIX_QUERIES, format);
  for (; h < count; h++) mix_columns(place, queries + h, a->size, 1, format);
}

// How many of the queries that are left make the next tile: `score` knows no others.
CK_INLINE size_t tile_of(size_t left) {
  return left >= CK_SCORE_QUERIES ? CK_SCORE_QUERIES : left > 4 ? 4 : left;
}

static void attention_rows(const float *q, size_t q_stride, const struct ck_pages *pages,
                           const struct ck_attention *a, float *scores, float *out,
                           size_t out_stride, float *log_sums, size_t log_stride) {
  size_t all = a->rows * a->heads, count;
  for (size_t start = 0; start < all; start += count) {
    count = tile_of(all - start);
#define ATTEND(format)                                                                       \
  attend_tile(q, q_stride, pages, a, start, count, scores, out, out_stride, log_sums, log_stride, \
              format)
    switch (pages->format) {
      case CK_FLOAT16: ATTEND(CK_FLOAT16); break;
      case CK_INT8: ATTEND(CK_INT8); break;
      default: ATTEND(CK_FLOAT32);
    }
#undef ATTEND
  }
}

// One token's key and value → codes and scales in its page.
static void attention_store_codes(const float *k, const float *v, size_t size, size_t lane,
                                  int8_t *keys, int8_t *values, size_t stride) {
  float *key_scales = (float *)(keys + 16 * size), *value_scales = (float *)(values + 16 * stride);
  size_t blocks = (size + CK_BLOCK - 1) / CK_BLOCK;
  for (size_t i = 0, block = 0; i < size; i += CK_BLOCK, block++) {
    size_t count = size - i < CK_BLOCK ? size - i : CK_BLOCK;
    int8_t codes[CK_BLOCK];
    int32_t correction;
    quantize_some(k + i, count, codes, key_scales + block * 16 + lane, &correction);
    for (size_t n = 0; n < count; n++) keys[(i + n) * 16 + lane] = codes[n];
    quantize_some(v + i, count, codes, value_scales + lane * blocks + block, &correction);
    memcpy(values + lane * stride + i, codes, count > 16 ? CK_BLOCK : 16);
  }
}

// One token's key and value → its place in its page.
static void attention_store(const float *k, const float *v, size_t size, size_t token, int format,
                            void *keys, void *values, size_t stride) {
  size_t lane = token % 16;
  if (format == CK_INT8) {
    attention_store_codes(k, v, size, lane, keys, values, stride);
    return;
  }
  for (size_t i = 0; i < size; i += 16) {
    size_t count = size - i < 16 ? size - i : 16;
    f16x key = load_up_to(k + i, count), value = load_up_to(v + i, count);
    if (format == CK_FLOAT16) {
      uint16_t entries[16];
      store_half(entries, key);
      for (size_t n = 0; n < count; n++) ((uint16_t *)keys)[(i + n) * 16 + lane] = entries[n];
      store_half((uint16_t *)values + lane * stride + i, value);
    } else {
      for (size_t n = 0; n < count; n++) ((float *)keys)[(i + n) * 16 + lane] = k[i + n];
      store((float *)values + lane * stride + i, value);
    }
  }
}

// A row copied to whole vectors, zeros after.
static void pad(const float *x, size_t size, float *padded) {
  for (size_t i = 0; i < size; i += 16) store(padded + i, load_up_to(x + i, size - i));
}

// sums[j] += Σ_h weights[h, j] · rows[h], h in order, for some tokens and columns.
CK_INLINE void spread_tile(const float *weights, size_t weight_stride, const float *rows,
                           size_t count, float *sums, size_t stride, const int tokens,
                           const int vectors) {
  f16x total[CK_MIX_QUERIES][CK_MIX_VECTORS];
  for (int j = 0; j < tokens; j++)
    for (int v = 0; v < vectors; v++) total[j][v] = load(sums + j * stride + v * 16);
  for (size_t h = 0; h < count; h++, rows += stride, weights += weight_stride)
    for (int v = 0; v < vectors; v++) {
      f16x row = load(rows + v * 16);
      for (int j = 0; j < tokens; j++)
        total[j][v] = multiply_add(row, splat(weights[j]), total[j][v]);
    }
  for (int j = 0; j < tokens; j++)
    for (int v = 0; v < vectors; v++) store(sums + j * stride + v * 16, total[j][v]);
}

CK_INLINE void spread_columns(const float *weights, size_t weight_stride, const float *rows,
                              size_t count, float *sums, size_t stride, const int tokens) {
  size_t i = 0;
  for (; i + 16 * CK_MIX_VECTORS <= stride; i += 16 * CK_MIX_VECTORS)
    spread_tile(weights, weight_stride, rows + i, count, sums + i, stride, tokens, CK_MIX_VECTORS);
  for (; i < stride; i += 16)
    spread_tile(weights, weight_stride, rows + i, count, sums + i, stride, tokens, 1);
}

// The same for all columns of `tokens` tokens. `rows` [count, stride].
static void spread(const float *weights, size_t weight_stride, const float *rows, size_t count,
                   float *sums, size_t stride, size_t tokens) {
  size_t j = 0;
  for (; j + CK_MIX_QUERIES <= tokens; j += CK_MIX_QUERIES)
    spread_columns(weights + j, weight_stride, rows, count, sums + j * stride, stride,
                   CK_MIX_QUERIES);
  for (; j < tokens; j++)
    spread_columns(weights + j, weight_stride, rows, count, sums + j * stride, stride, 1);
}

// dq[h] += Σ_j slopes[h, j] · keys[j], j in order, for some queries and columns.
CK_INLINE void collect_tile(const float *slopes, size_t slope_stride, size_t tokens,
                            const float *keys, size_t stride, float *const *dq, size_t column,
                            size_t size, const int queries, const int vectors) {
  f16x total[CK_MIX_QUERIES][CK_MIX_VECTORS];
  for (int h = 0; h < queries; h++)
    for (int v = 0; v < vectors; v++) total[h][v] = splat(0);
  for (size_t j = 0; j < tokens; j++)
    for (int v = 0; v < vectors; v++) {
      f16x key = load(keys + j * stride + column + v * 16);
      for (int h = 0; h < queries; h++)
        total[h][v] = multiply_add(key, splat(slopes[h * slope_stride + j]), total[h][v]);
    }
  for (int h = 0; h < queries; h++)
    for (int v = 0; v < vectors; v++) {
      size_t i = column + v * 16;
      if (i < size)
        store_up_to(dq[h] + i, size - i, load_up_to(dq[h] + i, size - i) + total[h][v]);
    }
}

CK_INLINE void collect(const float *slopes, size_t slope_stride, size_t tokens, const float *keys,
                       size_t stride, float *const *dq, size_t size, const int queries) {
  size_t i = 0;
  for (; i + 16 * CK_MIX_VECTORS <= stride; i += 16 * CK_MIX_VECTORS)
    collect_tile(slopes, slope_stride, tokens, keys, stride, dq, i, size, queries, CK_MIX_VECTORS);
  for (; i < stride; i += 16)
    collect_tile(slopes, slope_stride, tokens, keys, stride, dq, i, size, queries, 1);
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

// The queries of a tile, padded, and turned for `score`.
struct back_tile {
  float q[CK_SCORE_QUERIES * CK_LONGEST_HEAD], d_out[CK_SCORE_QUERIES * CK_LONGEST_HEAD];
  float turned_q[CK_LONGEST_HEAD * CK_SCORE_QUERIES], turned_out[CK_LONGEST_HEAD * CK_SCORE_QUERIES];
  float *dq[CK_SCORE_QUERIES];
  float log_sum[CK_SCORE_QUERIES], mean[CK_SCORE_QUERIES];
  size_t first[CK_SCORE_QUERIES], end[CK_SCORE_QUERIES];
};

static void fill_back_tile(const struct ck_attention_back *b, const struct ck_attention *a,
                           size_t start, size_t count, struct back_tile *tile) {
  for (size_t h = 0; h < count; h++) {
    size_t row = (start + h) / a->heads, head = (start + h) % a->heads, end = a->end + row;
    size_t place = row * b->row_stride + head * a->size;
    pad(b->q + place, a->size, tile->q + h * a->stride);
    pad(b->d_out + place, a->size, tile->d_out + h * a->stride);
    for (size_t i = 0; i < a->size; i++) {
      tile->turned_q[i * CK_SCORE_QUERIES + h] = b->q[place + i];
      tile->turned_out[i * CK_SCORE_QUERIES + h] = b->d_out[place + i];
    }
    tile->dq[h] = b->dq + place;
    tile->log_sum[h] = b->log_sums[row * b->log_stride + head];
    tile->mean[h] = dot(b->out + place, b->d_out + place, a->size);
    tile->first[h] = a->window && end > a->window ? end - a->window : 0;
    tile->end[h] = end;
  }
}

// p = exp(q · k · scale − log_sum);  ds = p · (d_out · v − d_out · out) · scale
//   dq = Σ_j ds_j · k_j;  dk_j += ds_j · q;  dv_j += p_j · d_out
static void backward_tile(const struct ck_attention_back *b, const struct ck_attention *a,
                          size_t start, size_t count, float *powers) {
  struct back_tile tile;
  fill_back_tile(b, a, start, count, &tile);
  size_t first = tile.first[0], tokens = tile.end[count - 1] - first, page = first / 16;
  size_t pages = (tile.end[count - 1] + 15) / 16 - page, stride = pages * 16, before = page * 16;
  float *slopes = powers + count * stride;
  struct ck_pages blocks = {b->key_blocks, 0, 16 * a->size * sizeof(float), 0, 0, 0};
  score(tile.turned_q, count, a->size, &blocks, page, page + pages, powers, stride,
        CK_FLOAT32);
  blocks.keys = b->value_blocks;
  score(tile.turned_out, count, a->size, &blocks, page, page + pages, slopes, stride,
        CK_FLOAT32);
  for (size_t h = 0; h < count; h++)
    score_slopes(powers + h * stride, slopes + h * stride, pages, tile.first[h] - before,
                 tile.end[h] - before, a->scale, tile.log_sum[h], tile.mean[h]);
  powers += first - before;
  slopes += first - before;
  spread(powers, stride, tile.d_out, count, b->dv + first * a->stride, a->stride, tokens);
  spread(slopes, stride, tile.q, count, b->dk + first * a->stride, a->stride, tokens);
  const float *keys = b->key_rows + first * a->stride;
  size_t h = 0;
  for (; h + CK_MIX_QUERIES <= count; h += CK_MIX_QUERIES)
    collect(slopes + h * stride, stride, tokens, keys, a->stride, tile.dq + h, a->size,
            CK_MIX_QUERIES);
  for (; h < count; h++)
    collect(slopes + h * stride, stride, tokens, keys, a->stride, tile.dq + h, a->size, 1);
}

static void attention_rows_backward(const struct ck_attention_back *b,
                                    const struct ck_attention *a, float *scratch) {
  size_t all = a->rows * a->heads, count;
  for (size_t start = 0; start < all; start += count) {
    count = tile_of(all - start);
    backward_tile(b, a, start, count, scratch);
  }
}
