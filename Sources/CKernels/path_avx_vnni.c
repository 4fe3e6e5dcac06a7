#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#define CK_HAS_HALVES 256
#include "attention.h"
#include "dense.h"
#include "panels.h"
#include "peaks.h"
#include "quantize.h"
#include "rowwise.h"
#include "turn.h"

#define WIDE_ROWS 3
#define WIDE_START(correction) (correction)
#define WIDE_WEIGHTS(u) (u)
#define WIDE_DOT(sum, w, x) _mm256_dpbusd_avx_epi32(sum, w, x)
#include "panel_product_256.h"

const struct ck_table ck_avx_vnni = {CK_EACH_KERNEL(CK_ENTRY)};
#pragma clang attribute pop
#endif
