// Row-by-row loops. See CKernels.h for what they compute.
#pragma once

#include "lanes.h"
#include "table.h"

static float inverse_rms(const float *x, size_t columns, float epsilon) {
  return 1 / sqrtf(dot(x, x, columns) / (float)columns + epsilon);
}

static void rms_norm(const float *x, size_t rows, size_t columns, const float *weight,
                     float epsilon, float *y) {
  for (size_t r = 0; r < rows; r++, x += columns, y += columns) {
    f16x inverse = splat(inverse_rms(x, columns, epsilon));
    for (size_t i = 0; i < columns; i += 16) {
      size_t count = columns - i;
      f16x scaled = load_up_to(x + i, count) * inverse;
      store_up_to(y + i, count, scaled * load_up_to(weight + i, count));
    }
  }
}

// With n = x · inverse and g = dy · weight:  dx += inverse · (g − n · mean(g · n)).
static void rms_norm_backward_row(const float *x, size_t columns, const float *weight,
                                  const float *dy, float inverse, float *dx) {
  f16x total = splat(0);
  for (size_t i = 0; i < columns; i += 16) {
    size_t count = columns - i;
    f16x g = load_up_to(dy + i, count) * load_up_to(weight + i, count);
    total = multiply_add(g, load_up_to(x + i, count), total);
  }
  f16x pull = splat(sum(total) * inverse * inverse / (float)columns), scale = splat(inverse);
  for (size_t i = 0; i < columns; i += 16) {
    size_t count = columns - i;
    f16x g = load_up_to(dy + i, count) * load_up_to(weight + i, count);
    f16x slope = g - load_up_to(x + i, count) * pull;
    store_up_to(dx + i, count, multiply_add(slope, scale, load_up_to(dx + i, count)));
  }
}

static void rms_norm_backward(const float *x, size_t rows, size_t columns, const float *weight,
                              float epsilon, const float *dy, float *dx, float *inverse) {
  for (size_t r = 0; r < rows; r++) {
    size_t at = r * columns;
    inverse[r] = inverse_rms(x + at, columns, epsilon);
    rms_norm_backward_row(x + at, columns, weight, dy + at, inverse[r], dx + at);
  }
}

static void rms_norm_weight_gradient(const float *x, const float *dy, const float *inverse,
                                     size_t rows, size_t columns, size_t stride, float *sums) {
  for (size_t r = 0; r < rows; r++, x += stride, dy += stride) {
    f16x scale = splat(inverse[r]);
    for (size_t i = 0; i < columns; i += 16) {
      size_t count = columns - i;
      f16x slope = load_up_to(dy + i, count) * load_up_to(x + i, count);
      store_up_to(sums + i, count, multiply_add(slope, scale, load_up_to(sums + i, count)));
    }
  }
}

static void rotate(float *x, size_t heads, size_t half, const float *cosines, const float *sines,
                   float sign) {
  for (size_t h = 0; h < heads; h++, x += 2 * half) {
    for (size_t i = 0; i < half; i += 16) {
      size_t count = half - i;
      f16x c = load_up_to(cosines + i, count), s = load_up_to(sines + i, count) * splat(sign);
      f16x a = load_up_to(x + i, count), b = load_up_to(x + half + i, count);
      store_up_to(x + i, count, a * c - b * s);
      store_up_to(x + half + i, count, a * s + b * c);
    }
  }
}

CK_INLINE f16x sigmoid(f16x x) { return splat(1) / (splat(1) + exponential(-x)); }

static void swiglu(const float *gate, const float *up, size_t count, float *y) {
  for (size_t i = 0; i < count; i += 16) {
    f16x g = load_up_to(gate + i, count - i);
    f16x silu = g / (splat(1) + exponential(-g));
    store_up_to(y + i, count - i, silu * load_up_to(up + i, count - i));
  }
}

// silu' = s + silu · (1 − s) with s = sigmoid(gate).
static void swiglu_backward(const float *gate, const float *up, const float *dy, size_t count,
                            float *d_gate, float *d_up) {
  for (size_t i = 0; i < count; i += 16) {
    size_t rest = count - i;
    f16x g = load_up_to(gate + i, rest), d = load_up_to(dy + i, rest), s = sigmoid(g);
    f16x silu = g * s;
    f16x slope = multiply_add(silu, splat(1) - s, s);
    f16x for_gate = d * load_up_to(up + i, rest) * slope;
    store_up_to(d_up + i, rest, d * silu);
    store_up_to(d_gate + i, rest, for_gate);
  }
}

static void add_scaled(const float *x, size_t count, float scale, float *y) {
  for (size_t i = 0; i < count; i += 16) {
    f16x total = multiply_add(load_up_to(x + i, count - i), splat(scale),
                              load_up_to(y + i, count - i));
    store_up_to(y + i, count - i, total);
  }
}

static void add_column_sums(const float *x, size_t rows, size_t columns, size_t stride,
                            float *sums) {
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < columns; i += 16) {
      size_t count = columns - i;
      f16x total = load_up_to(sums + i, count) + load_up_to(x + r * stride + i, count);
      store_up_to(sums + i, count, total);
    }
}

static float largest_of(const float *x, size_t count) {
  f16x top = splat(-INFINITY);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) top = larger(load(x + i), top);
  if (i < count) top = larger(load_part(x + i, count - i, -INFINITY), top);
  return largest(top);
}

// Σ exp(x − top)
static float sum_of_exponentials(const float *x, size_t count, float top) {
  f16x total = splat(0);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) total = total + exponential(load(x + i) - splat(top));
  if (i < count)
    total = total + exponential(load_part(x + i, count - i, -INFINITY) - splat(top));
  return sum(total);
}

static size_t index_of_largest(const float *x, size_t count) {
  float top = largest_of(x, count);
  for (size_t i = 0; i < count; i++)
    if (x[i] == top) return i;
  return 0;
}

static double weights(const float *x, size_t count, float inverse, float *weights, float *sums) {
  f16x top = splat(largest_of(x, count)), scale = splat(inverse);
  double all = 0;
  for (size_t start = 0; start < count; start += CK_WEIGHT_CHUNK) {
    size_t end = count - start < CK_WEIGHT_CHUNK ? count : start + CK_WEIGHT_CHUNK;
    f16x total = splat(0);
    for (size_t i = start; i < end; i += 16) {
      f16x value = end - i < 16 ? load_part(x + i, end - i, -INFINITY) : load(x + i);
      f16x weight = exponential((value - top) * scale);
      store_up_to(weights + i, end - i, weight);
      total = total + weight;
    }
    *sums = sum(total);
    all += *sums++;
  }
  return all;
}

static double log_sum_exp(const float *x, size_t count) {
  float top = largest_of(x, count);
  return (double)top + log((double)sum_of_exponentials(x, count, top));
}

static void log_probability_gradient(float *x, size_t count, size_t target, float slope) {
  float top = largest_of(x, count);
  f16x scale = splat(-slope / sum_of_exponentials(x, count, top));
  for (size_t i = 0; i < count; i += 16) {
    f16x power = exponential(load_up_to(x + i, count - i) - splat(top));
    store_up_to(x + i, count - i, power * scale);
  }
  x[target] += slope;
}

static float soft_max_piece(float *x, size_t count, float *top, double *total, float *sums,
                            size_t width) {
  float before = *top, now = largest_of(x, count);
  if (!(now > before)) now = before;
  if (now == -INFINITY) {  // nothing yet that counts
    memset(x, 0, count * sizeof(float));
    return 1;
  }
  f16x powers = splat(0);
  for (size_t i = 0; i < count; i += 16) {
    f16x value = count - i < 16 ? load_part(x + i, count - i, -INFINITY) : load(x + i);
    f16x power = exponential(value - splat(now));
    store_up_to(x + i, count - i, power);
    powers = powers + power;
  }
  float factor = exponential(splat(before - now)).x;
  if (factor != 1)
    for (size_t i = 0; i < width; i += 16)
      store_up_to(sums + i, width - i, load_up_to(sums + i, width - i) * splat(factor));
  *top = now;
  *total = *total * (double)factor + (double)sum(powers);
  return factor;
}

typedef uint32_t u16x_bits __attribute__((ext_vector_type(16)));
typedef uint16_t h16x_anywhere __attribute__((ext_vector_type(16), aligned(2)));

static void round_to_bfloat(const float *x, size_t count, uint16_t *out) {
  for (size_t i = 0; i < count; i += 16) {
    f16x value = load_up_to(x + i, count - i);
    u16x_bits bits = (u16x_bits)value;
    u16x_bits rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    u16x_bits not_a_number = bits >> 16 | 0x40;
    rounded = (bits & 0x7fffffff) > 0x7f800000 ? not_a_number : rounded;
    *(h16x_anywhere *)(out + i) = __builtin_convertvector(rounded, h16x_anywhere);
  }
}

static void float_from_bfloat(const uint16_t *x, size_t count, float *out) {
  for (size_t i = 0; i < count; i += 16) {
    u16x_bits bits = __builtin_convertvector(*(const h16x_anywhere *)(x + i), u16x_bits) << 16;
    store_up_to(out + i, count - i, (f16x)bits);
  }
}

static double sum_of_squares(const float *x, size_t count) {
  d16x total = (d16x)0.0;
  for (size_t i = 0; i < count; i += 16) {
    d16x value = __builtin_convertvector(load_up_to(x + i, count - i), d16x);
    total = __builtin_elementwise_fma(value, value, total);
  }
  return sum_double(total);
}

static void adamw(float *parameters, const float *gradient, float *m, float *v, size_t count,
                  const struct ck_adamw *step) {
  f16x toward = splat(step->one_minus_beta1), beta2 = splat(step->beta2);
  f16x fresh = splat(step->one_minus_beta2), correction = splat(step->root_correction2);
  for (size_t i = 0; i < count; i += 16) {
    size_t rest = count - i;
    f16x g = load_up_to(gradient + i, rest) * splat(step->gradient_scale);
    f16x mean = load_up_to(m + i, rest);
    mean = multiply_add(g - mean, toward, mean);
    f16x square = multiply_add(fresh * g, g, load_up_to(v + i, rest) * beta2);
    f16x root = __builtin_elementwise_sqrt(square) / correction + splat(step->epsilon);
    f16x p = load_up_to(parameters + i, rest) * splat(step->keep);
    store_up_to(m + i, rest, mean);
    store_up_to(v + i, rest, square);
    store_up_to(parameters + i, rest, multiply_add(mean / root, splat(-step->step_size), p));
  }
}
