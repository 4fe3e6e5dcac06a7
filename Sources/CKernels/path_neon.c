#if defined(__aarch64__)
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define CK_HAS_HALVES 128
#include "attention.h"
#include "dense.h"
#include "panel_product_neon.h"
#include "panels.h"
#include "peaks.h"
#include "quantize.h"
#include "rowwise.h"
#include "turn.h"

const struct ck_table ck_neon = {CK_EACH_KERNEL(CK_ENTRY)};
#pragma clang attribute pop
#endif
