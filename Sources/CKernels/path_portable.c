// Whatever the compiler assumes of every CPU of this architecture.
#include "lanes.h"
//
#include "attention.h"
#include "dense.h"
#include "panel_product_portable.h"
#include "panels.h"
#include "peaks.h"
#include "quantize.h"
#include "rowwise.h"
#include "turn.h"

const struct ck_table ck_portable = {CK_EACH_KERNEL(CK_ENTRY)};
