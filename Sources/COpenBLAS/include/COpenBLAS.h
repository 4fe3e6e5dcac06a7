// Single-precision matrix products, by OpenBLAS where it is installed.
//
// The library is opened at the first call, after the environment has been told which core type its
// kernels shall be for: releases older than a CPU fall back to slow kernels by themselves. It runs
// in the calling thread only; sharing work among threads is the caller's part.
#pragma once

#include <stddef.h>

// c [m, n] = alpha · op(a) op(b) + beta · c, row-major; op(x) is x, or xᵀ if the flag is set.
// With beta = 0, c is written only.
void cob_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
               int lda, const float *b, int ldb, float beta, float *c, int ldc);

// What OpenBLAS computes for, such as "SKYLAKEX"; "none" where the library is missing.
const char *cob_core_name(void);
