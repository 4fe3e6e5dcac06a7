#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(                                                             \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), \
    apply_to = function)
#define CK_DENSE_ROWS 2
#define CK_OUTER_ROWS 4
#define CK_OUTER_ROWS_OF_ONE 8
#define CK_FLOAT_CHAINS 10
#define CK_HAS_HALVES 512
#define CK_SCORE_QUERIES 8
#define CK_SCORE_SUMS 16
#define CK_MIX_QUERIES 4
#define CK_MIX_VECTORS 4
#include "attention.h"
#include "dense.h"
#include "panel_product_avx512.h"
#include "panels.h"
#include "peaks.h"
#include "quantize.h"
#include "rowwise.h"
#include "turn.h"

const struct ck_table ck_avx512_vnni = {CK_EACH_KERNEL(CK_ENTRY)};
#pragma clang attribute pop
#endif
