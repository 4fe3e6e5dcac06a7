// Loops that show what a core can do at best: independent chains in registers, as many as fit.
#pragma once

#include "lanes.h"
#include "table.h"

#ifndef CK_FLOAT_CHAINS
#define CK_FLOAT_CHAINS 5
#endif

static double fma_peak(size_t rounds) {
  f16x total[CK_FLOAT_CHAINS], x = splat(0.5f), y = splat(0.25f);
  for (int c = 0; c < CK_FLOAT_CHAINS; c++) total[c] = splat((float)c);
  for (size_t i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
    for (int c = 0; c < CK_FLOAT_CHAINS; c++) total[c] = multiply_add(total[c], x, y);
  }
  float all = 0;
  for (int c = 0; c < CK_FLOAT_CHAINS; c++) all += sum(total[c]);
  return (double)rounds * CK_FLOAT_CHAINS * 16 * 2 + (all < 0);  // never negative, but needed
}

static uint32_t read_bytes(const void *bytes, size_t count) {
  typedef uint32_t words __attribute__((ext_vector_type(16), aligned(1)));
  words total[4] = {0, 0, 0, 0};
  const uint8_t *p = bytes;
  for (size_t i = 0; i < count; i += 256)
    for (int n = 0; n < 4; n++) total[n] ^= *(const words *)(p + i + 64 * n);
  words all = total[0] ^ total[1] ^ total[2] ^ total[3];
  uint32_t result = 0;
  for (int n = 0; n < 16; n++) result ^= all[n];
  return result;
}
