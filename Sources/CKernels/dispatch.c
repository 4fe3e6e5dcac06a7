// Chooses a path and hands every call to it.
#include <stdatomic.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "table.h"

int ck_supported(int path) {
#if defined(__x86_64__)
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("f16c");
  switch (path) {
    case CK_AVX2:
      return avx2;
    case CK_AVX_VNNI:
      return avx2 && __builtin_cpu_supports("avxvnni");
    case CK_AVX512_VNNI:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni");
  }
#elif defined(__aarch64__)
  enum { HAS_DOT_PRODUCT = 1 << 20 };  // as the kernel tells in AT_HWCAP
  if (path == CK_NEON) return (getauxval(AT_HWCAP) & HAS_DOT_PRODUCT) != 0;
#endif
  return path == CK_PORTABLE;
}

const char *ck_path_name(int path) {
  static const char *const names[CK_PATHS] = {"portable", "AVX2", "AVX-VNNI",
                                              "AVX-512 VNNI", "NEON"};
  return path >= 0 && path < CK_PATHS ? names[path] : "unknown";
}

static const struct ck_table *table_of(int path) {
#if defined(__x86_64__)
  switch (path) {
    case CK_AVX2:
      return &ck_avx2;
    case CK_AVX_VNNI:
      return &ck_avx_vnni;
    case CK_AVX512_VNNI:
      return &ck_avx512_vnni;
  }
#elif defined(__aarch64__)
  if (path == CK_NEON) return &ck_neon;
#endif
  return &ck_portable;
}

static _Atomic int selected = -1;

void ck_select(int path) {
  if (ck_supported(path)) atomic_store_explicit(&selected, path, memory_order_relaxed);
}

int ck_selected(void) {
  int path = atomic_load_explicit(&selected, memory_order_relaxed);
  if (path >= 0) return path;
  path = CK_PATHS - 1;
  while (!ck_supported(path)) path--;
  atomic_store_explicit(&selected, path, memory_order_relaxed);
  return path;
}

#define CK_FORWARD(name, result, parameters, arguments) \
  result ck_##name parameters { return table_of(ck_selected())->name arguments; }
CK_EACH_KERNEL(CK_FORWARD)

// Moves floats only, so that no path differs.
void ck_attention_pack(const float *x, size_t x_stride, size_t rows, size_t size, size_t token,
                       float *blocks) {
  for (size_t r = 0; r < rows; r++, token++) {
    float *lane = blocks + token / 16 * 16 * size + token % 16;
    for (size_t i = 0; i < size; i++) lane[i * 16] = x[r * x_stride + i];
  }
}

// Counting depends on the weights' bits alone.
size_t ck_weight_class(float weight) {
  uint32_t bits;
  memcpy(&bits, &weight, 4);
  // The exponent and four bits of the fraction.
  uint32_t distance = (0x3f800000u >> 19) - (bits >> 19);
  return distance < CK_WEIGHT_CLASSES ? distance : CK_WEIGHT_CLASSES;
}

void ck_count_weights(const float *weights, size_t count, uint32_t *counts, double *sums) {
  for (size_t i = 0; i < count; i++) {
    size_t c = ck_weight_class(weights[i]);
    if (c == CK_WEIGHT_CLASSES) continue;
    counts[c]++;
    sums[c] += (double)weights[i];
  }
}
