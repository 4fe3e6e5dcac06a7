// IEEE half precision without hardware for it.
#pragma once

#include <stdint.h>
#include <string.h>

static inline float ck_float_from_half(uint16_t half) {
  uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
  uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  float value;
  if (magnitude >= 0x0f800000u) {  // infinity, NaN
    magnitude |= 0x7f800000u;
    if (magnitude & 0x7fffffu) magnitude |= 0x400000u;  // quiet, as hardware makes it
    memcpy(&value, &magnitude, 4);
  } else {
    memcpy(&value, &magnitude, 4);
    value *= 0x1p112f;  // moves the exponent's bias; exact for subnormals, too
  }
  uint32_t bits;
  memcpy(&bits, &value, 4);
  bits |= sign;
  memcpy(&value, &bits, 4);
  return value;
}

// To the nearest half, ties to even.
static inline uint16_t ck_half_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return sign | 0x7e00;
  if (bits >= 0x477ff000u) return sign | 0x7c00;
  if (bits < 0x38800000u) {  // below the least normal half: let float addition round
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;
    memcpy(&bits, &magnitude, 4);
    return sign | (uint16_t)(bits - 0x3f000000u);
  }
  uint32_t odd = bits >> 13 & 1;
  return sign | (uint16_t)((bits - 0x38000000u + 0xfff + odd) >> 13);
}
