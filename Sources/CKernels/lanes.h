// Sixteen floats side by side. Each path's file includes this within its own instruction set; the
// compiler makes of it one, two or four registers. No expression here or in the loops may be fused
// silently: where a fused multiply-add is wanted, it is spelled out.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "half.h"

#pragma clang fp contract(off)
#pragma clang diagnostic ignored "-Wpsabi"

typedef float f16x __attribute__((ext_vector_type(16)));
typedef int32_t i16x __attribute__((ext_vector_type(16)));
typedef double d16x __attribute__((ext_vector_type(16)));
typedef float f16x_anywhere __attribute__((ext_vector_type(16), aligned(4)));

#define CK_INLINE static inline __attribute__((always_inline))

CK_INLINE f16x splat(float x) { return (f16x)x; }
CK_INLINE f16x load(const float *p) { return *(const f16x_anywhere *)p; }
CK_INLINE void store(float *p, f16x x) { *(f16x_anywhere *)p = x; }
CK_INLINE f16x multiply_add(f16x a, f16x b, f16x c) { return __builtin_elementwise_fma(a, b, c); }
CK_INLINE f16x larger(f16x a, f16x b) { return a > b ? a : b; }
CK_INLINE f16x smaller(f16x a, f16x b) { return a < b ? a : b; }

// The first `count` floats, then `rest`.
CK_INLINE f16x load_part(const float *p, size_t count, float rest) {
  float lanes[16];
  for (size_t i = 0; i < 16; i++) lanes[i] = i < count ? p[i] : rest;
  return load(lanes);
}

CK_INLINE void store_part(float *p, size_t count, f16x x) {
  float lanes[16];
  store(lanes, x);
  for (size_t i = 0; i < count; i++) p[i] = lanes[i];
}

// At most sixteen floats from p, zeros after.
CK_INLINE f16x load_up_to(const float *p, size_t count) {
  return count >= 16 ? load(p) : load_part(p, count, 0);
}

CK_INLINE void store_up_to(float *p, size_t count, f16x x) {
  if (count >= 16)
    store(p, x);
  else
    store_part(p, count, x);
}

// Sixteen numbers of half precision. A path with instructions for it has its own pair.
#ifndef CK_HAS_HALVES
CK_INLINE f16x load_half(const uint16_t *p) {
  float lanes[16];
  for (size_t i = 0; i < 16; i++) lanes[i] = ck_float_from_half(p[i]);
  return load(lanes);
}

CK_INLINE void store_half(uint16_t *p, f16x x) {
  float lanes[16];
  store(lanes, x);
  for (size_t i = 0; i < 16; i++) p[i] = ck_half_from_float(lanes[i]);
}
#elif CK_HAS_HALVES == 512
CK_INLINE f16x load_half(const uint16_t *p) {
  return (f16x)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

CK_INLINE void store_half(uint16_t *p, f16x x) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
}
#elif CK_HAS_HALVES == 128
CK_INLINE f16x load_half(const uint16_t *p) {
  float lanes[16];
  for (size_t i = 0; i < 16; i += 4)
    vst1q_f32(lanes + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + i))));
  return load(lanes);
}

CK_INLINE void store_half(uint16_t *p, f16x x) {
  float lanes[16];
  store(lanes, x);
  for (size_t i = 0; i < 16; i += 4)
    vst1_u16(p + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(lanes + i))));
}
#else
CK_INLINE f16x load_half(const uint16_t *p) {
  f16x x;
  x.lo = (__typeof__(x.lo))_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  x.hi = (__typeof__(x.hi))_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)));
  return x;
}

CK_INLINE void store_half(uint16_t *p, f16x x) {
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)x.lo, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph((__m256)x.hi, _MM_FROUND_TO_NEAREST_INT));
}
#endif

// Lanes i and i + 8, then i + 4, i + 2, i + 1.
CK_INLINE float sum(f16x x) {
  __typeof__(x.lo) a = x.lo + x.hi;
  __typeof__(a.lo) b = a.lo + a.hi;
  __typeof__(b.lo) c = b.lo + b.hi;
  return c.x + c.y;
}

CK_INLINE double sum_double(d16x x) {
  __typeof__(x.lo) a = x.lo + x.hi;
  __typeof__(a.lo) b = a.lo + a.hi;
  __typeof__(b.lo) c = b.lo + b.hi;
  return c.x + c.y;
}

CK_INLINE float largest(f16x x) {
  float lanes[16], found;
  store(lanes, x);
  found = lanes[0];
  for (int i = 1; i < 16; i++) found = lanes[i] > found ? lanes[i] : found;
  return found;
}

// eˣ within 2 units in the last place; 0 below −87.3, capped above 88.
CK_INLINE f16x exponential(f16x x) {
  const f16x shift = splat(0x1.8p23f);  // adding it rounds to a whole number, ties to even
  f16x whole = smaller(splat(88.0f), larger(splat(-87.3f), x));  // NaN stays
  f16x r = whole;
  whole = multiply_add(whole, splat(1.44269504f), shift) - shift;
  r = multiply_add(whole, splat(-0.693359375f), r);
  r = multiply_add(whole, splat(2.12194440e-4f), r);
  f16x p = splat(1.9875691500e-4f);
  p = multiply_add(p, r, splat(1.3981999507e-3f));
  p = multiply_add(p, r, splat(8.3334519073e-3f));
  p = multiply_add(p, r, splat(4.1665795894e-2f));
  p = multiply_add(p, r, splat(1.6666665459e-1f));
  p = multiply_add(p, r, splat(5.0000001201e-1f));
  p = multiply_add(p, r * r, r + splat(1));
  i16x power = (__builtin_convertvector(whole, i16x) + 127) << 23;
  f16x result = p * (f16x)power;
  return x < splat(-87.3f) ? splat(0) : result;
}

CK_INLINE float dot(const float *a, const float *b, size_t count) {
  f16x total = splat(0);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) total = multiply_add(load(a + i), load(b + i), total);
  if (i < count)
    total = multiply_add(load_part(a + i, count - i, 0), load_part(b + i, count - i, 0), total);
  return sum(total);
}
