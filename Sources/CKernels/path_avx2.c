#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "attention.h"
#include "dense.h"
#include "panel_product_portable.h"
#include "panels.h"
#include "quantize.h"
#include "rowwise.h"

const struct ck_table ck_avx2 = {CK_EACH_KERNEL(CK_ENTRY)};
#pragma clang attribute pop
#endif
