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
#include <nmmintrin.h>
#include <wmmintrin.h>

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

static int has_sse42(void) {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

uint32_t cck_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return has_sse42() ? crc32c_sse42(seed, bytes, count) : cck_crc32c_portable(seed, bytes, count);
}

#else

uint32_t cck_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return cck_crc32c_portable(seed, bytes, count);
}

#endif
