#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "COpenBLAS.h"

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_function(int order, int transpose_a, int transpose_b, int m, int n, int k,
                            float alpha, const float *a, int lda, const float *b, int ldb,
                            float beta, float *c, int ldc);

static sgemm_function *sgemm;
static const char *core_name = "none";

static const char *best_core_type(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return "SKYLAKEX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_is("amd") ? "ZEN" : "HASWELL";
#endif
  return NULL;
}

static void open_library(void) {
  const char *type = best_core_type();
  if (type) setenv("OPENBLAS_CORETYPE", type, 0);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  sgemm = (sgemm_function *)dlsym(library, "cblas_sgemm");
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  char *(*name)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
  if (set_threads) set_threads(1);
  if (sgemm) core_name = name ? name() : "unknown";
}

static void open_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
}

const char *cob_core_name(void) {
  open_once();
  return core_name;
}

// Without the library: rows of c, built up from rows of b, or dot products where b is transposed.
static void portable_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                           const float *a, int lda, const float *b, int ldb, float beta, float *c,
                           int ldc) {
  for (int i = 0; i < m; i++) {
    float *row = c + (size_t)i * ldc;
    for (int j = 0; j < n; j++) row[j] = beta == 0 ? 0 : beta * row[j];
    for (int p = 0; p < k; p++) {
      float factor = alpha * (transpose_a ? a[(size_t)p * lda + i] : a[(size_t)i * lda + p]);
      if (transpose_b)
        for (int j = 0; j < n; j++) row[j] += factor * b[(size_t)j * ldb + p];
      else
        for (int j = 0; j < n; j++) row[j] += factor * b[(size_t)p * ldb + j];
    }
  }
}

void cob_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
               int lda, const float *b, int ldb, float beta, float *c, int ldc) {
  open_once();
  if (m <= 0 || n <= 0) return;
  if (sgemm && k > 0)
    sgemm(ROW_MAJOR, transpose_a ? TRANSPOSE : NO_TRANSPOSE,
          transpose_b ? TRANSPOSE : NO_TRANSPOSE, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  else
    portable_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
