#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define CK_HAS_HALVES 256
#include "attention.h"
#include "dense.h"
#include "panels.h"
#include "peaks.h"
#include "quantize.h"
#include "rowwise.h"
#include "turn.h"

// |w| ≤ 128 and |x| ≤ 127, so that the sum of two products fits in 16 bits: no saturation.
CK_INLINE __m256i dot_of_signed(__m256i sum, __m256i w, __m256i x) {
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#define WIDE_ROWS 2
#define WIDE_START(correction) ((void)(correction), 0)
#define WIDE_WEIGHTS(u) _mm256_xor_si256(u, _mm256_set1_epi8(-128))
#define WIDE_DOT(sum, w, x) dot_of_signed(sum, w, x)
#include "panel_product_256.h"

const struct ck_table ck_avx2 = {CK_EACH_KERNEL(CK_ENTRY)};
#pragma clang attribute pop
#endif
