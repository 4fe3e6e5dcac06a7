// Activations → int8 codes.
#pragma once

#include "lanes.h"
#include "table.h"

typedef int8_t b16x __attribute__((ext_vector_type(16), aligned(1)));

// The largest magnitude; NaN where there is one, because its bits are the largest.
CK_INLINE float largest_magnitude(f16x a, f16x b) {
  i16x x = (i16x)a & 0x7fffffff, y = (i16x)b & 0x7fffffff, top = x > y ? x : y;
  __typeof__(top.lo) t8 = top.lo > top.hi ? top.lo : top.hi;
  __typeof__(t8.lo) t4 = t8.lo > t8.hi ? t8.lo : t8.hi;
  __typeof__(t4.lo) t2 = t4.lo > t4.hi ? t4.lo : t4.hi;
  int32_t bits = t2.x > t2.y ? t2.x : t2.y;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

CK_INLINE i16x codes_of(f16x x, float inverse) {
  const f16x shift = splat(0x1.8p23f);  // adding it rounds to a whole number, ties to even
  f16x code = (x * splat(inverse) + shift) - shift;
  code = smaller(code, splat(127));  // NaN, too
  return __builtin_convertvector(larger(code, splat(-127)), i16x);
}

CK_INLINE int32_t sum_of_codes(i16x x) {
  __typeof__(x.lo) a = x.lo + x.hi;
  __typeof__(a.lo) b = a.lo + a.hi;
  __typeof__(b.lo) c = b.lo + b.hi;
  return c.x + c.y;
}

CK_INLINE void quantize_block(f16x a, f16x b, int8_t *codes, float *scale, int32_t *correction) {
  float top = largest_magnitude(a, b);
  if (top < 1e-30f) {  // 127 / top would not be finite
    memset(codes, 0, CK_BLOCK);
    *scale = 0;
    *correction = 0;
    return;
  }
  float inverse = 127 / top;
  i16x first = codes_of(a, inverse), second = codes_of(b, inverse);
  *(b16x *)codes = __builtin_convertvector(first, b16x);
  *(b16x *)(codes + 16) = __builtin_convertvector(second, b16x);
  *scale = top / 127;
  *correction = -128 * sum_of_codes(first + second);
}

// At most a block of numbers, zeros after.
CK_INLINE void quantize_some(const float *x, size_t count, int8_t *codes, float *scale,
                             int32_t *correction) {
  f16x a = load_up_to(x, count);
  f16x b = count > 16 ? load_up_to(x + 16, count - 16) : splat(0);
  quantize_block(a, b, codes, scale, correction);
}

static void quantize_rest(const float *x, size_t x_stride, size_t rows, size_t columns,
                          const int8_t *codes, const float *scales, int8_t *rest_codes,
                          float *rest_scales, int32_t *rest_corrections) {
  for (size_t k = 0; k < columns; k += CK_BLOCK)
    for (size_t r = 0; r < rows; r++) {
      const float *from = x + r * x_stride + k;
      size_t count = columns - k;
      f16x a = load_up_to(from, count);
      f16x b = count > 16 ? load_up_to(from + 16, count - 16) : splat(0);
      f16x scale = splat(-*scales++);
      a = multiply_add(__builtin_convertvector(*(const b16x *)codes, f16x), scale, a);
      b = multiply_add(__builtin_convertvector(*(const b16x *)(codes + 16), f16x), scale, b);
      quantize_block(a, b, rest_codes, rest_scales++, rest_corrections++);
      codes += CK_BLOCK;
      rest_codes += CK_BLOCK;
    }
}

static void quantize_rows(const float *x, size_t x_stride, size_t rows, size_t columns,
                          int8_t *codes, float *scales, int32_t *corrections) {
  for (size_t k = 0; k < columns; k += CK_BLOCK)
    for (size_t r = 0; r < rows; r++) {
      quantize_some(x + r * x_stride + k, columns - k, codes, scales++, corrections++);
      codes += CK_BLOCK;
    }
}
