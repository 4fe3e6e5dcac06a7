#include "CChecksum.h"

#include <string.h>

static uint32_t table[8][256];

__attribute__((constructor)) static void fill_table(void) {
  const uint32_t polynomial = 0x82F63B78;
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    table[0][i] = crc;
  }
  for (int k = 1; k < 8; k++)
    for (int i = 0; i < 256; i++)
      table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xFF];
}

// Eight bytes per step, one table per byte.
uint32_t cck_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint32_t crc = ~seed;
  for (; count >= 8; count -= 8, p += 8) {
    uint32_t low = crc ^ (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^
          table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
  }
  while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *p++) & 0xFF];
  return ~crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FAST __attribute__((target("sse4.2,pclmul")))

static inline uint64_t load(const uint8_t *p) {
  uint64_t value;
  memcpy(&value, p, 8);
  return value;
}

// The state `crc` as it would be after N more zero bytes, for `power` = x^(8N-33) mod P: a
// carry-less product of two reflected halves is short of one bit, and the crc instruction then
// multiplies by x^32 and reduces.
FAST static inline uint32_t shifted(uint64_t crc, uint32_t power) {
  __m128i product = _mm_clmulepi64_si128(
      _mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)power), 0);
  return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

// Three lanes of `lane` bytes side by side hide the latency of the crc instruction; `by_two` and
// `by_one` carry the first two lanes over the lanes that follow them.
FAST static inline const uint8_t *three_lanes(
    uint64_t *state, const uint8_t *p, size_t *count, size_t lane, uint32_t by_two,
    uint32_t by_one) {
  uint64_t a = *state;
  while (*count >= 3 * lane) {
    uint64_t b = 0, c = 0;
    for (size_t i = 0; i < lane; i += 8) {
      a = _mm_crc32_u64(a, load(p + i));
      b = _mm_crc32_u64(b, load(p + lane + i));
      c = _mm_crc32_u64(c, load(p + 2 * lane + i));
    }
    a = shifted(a, by_two) ^ shifted(b, by_one) ^ (uint32_t)c;
    p += 3 * lane;
    *count -= 3 * lane;
  }
  *state = a;
  return p;
}

FAST static uint32_t crc32c_sse42(uint32_t seed, const void *bytes, size_t count) {
  const uint8_t *p = bytes;
  uint64_t crc = (uint32_t)~seed;
  p = three_lanes(&crc, p, &count, 2048, 0x82F89C77, 0xA51B6135);
  p = three_lanes(&crc, p, &count, 256, 0xDD7E3B0C, 0xB9E02B86);
  for (; count >= 8; count -= 8, p += 8) crc = _mm_crc32_u64(crc, load(p));
  while (count--) crc = _mm_crc32_u8((uint32_t)crc, *p++);
  return ~(uint32_t)crc;
}

#define WIDE __attribute__((target("avx512f,vpclmulqdq,sse4.2,pclmul")))

// Sixteen bytes in each of four lanes of `part`, moved over the distance that `powers` stand for
// and laid upon the bytes there.
WIDE static inline __m512i folded(__m512i part, __m512i powers, __m512i bytes) {
  __m512i low = _mm512_clmulepi64_epi128(part, powers, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(part, powers, 0x11);
  return _mm512_ternarylogic_epi64(low, high, bytes, 0x96);
}

// For N bytes of distance: x^(8N+32) mod P for the low half and x^(8N-32) mod P for the high half,
// reflected and one bit up.
WIDE static inline __m512i powers(uint64_t low, uint64_t high) {
  return _mm512_broadcast_i32x4(_mm_set_epi64x((long long)high, (long long)low));
}

// Folds 256 bytes onto the next 256, at last all onto one block of 64, which the crc instruction
// reduces: 64 bytes whose checksum is that of all before.
WIDE static uint32_t crc32c_vpclmul(uint32_t seed, const void *bytes, size_t count) {
  if (count < 512) return crc32c_sse42(seed, bytes, count);
  const __m512i by_256 = powers(0xDCB17AA4, 0xB9E02B86), by_64 = powers(0x740EEF02, 0x9E4ADDF8);
  const uint8_t *p = bytes;
  __m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 64);
  __m512i c = _mm512_loadu_si512(p + 128), d = _mm512_loadu_si512(p + 192);
  a = _mm512_xor_si512(a, _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~seed)));
  for (p += 256, count -= 256; count >= 256; count -= 256, p += 256) {
    a = folded(a, by_256, _mm512_loadu_si512(p));
    b = folded(b, by_256, _mm512_loadu_si512(p + 64));
    c = folded(c, by_256, _mm512_loadu_si512(p + 128));
    d = folded(d, by_256, _mm512_loadu_si512(p + 192));
  }
  d = folded(folded(folded(a, by_64, b), by_64, c), by_64, d);
  for (; count >= 64; count -= 64, p += 64) d = folded(d, by_64, _mm512_loadu_si512(p));
  uint64_t words[8], crc = 0;
  _mm512_storeu_si512(words, d);
  for (int i = 0; i < 8; i++) crc = _mm_crc32_u64(crc, words[i]);
  return crc32c_sse42(~(uint32_t)crc, p, count);
}

cck_crc32c_path cck_crc32c_paths(int index) {
  __builtin_cpu_init();
  int has_sse42 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
  int has_wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
  switch (index) {
    case 0: return cck_crc32c_portable;
    case 1: return has_sse42 ? crc32c_sse42 : NULL;
    case 2: return has_sse42 && has_wide ? crc32c_vpclmul : NULL;
    default: return NULL;
  }
}

#else

cck_crc32c_path cck_crc32c_paths(int index) { return index == 0 ? cck_crc32c_portable : NULL; }

#endif

static cck_crc32c_path fastest = cck_crc32c_portable;

__attribute__((constructor)) static void choose_path(void) {
  for (int index = 0; index < CCK_CRC32C_PATHS; index++) {
    cck_crc32c_path path = cck_crc32c_paths(index);
    if (path) fastest = path;
  }
}

uint32_t cck_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return fastest(seed, bytes, count);
}
