#pragma once

// What we use of libFuzzer, which ships with the compiler but without a header.

#include <stddef.h>
#include <stdint.h>

// Takes the command line and calls `run` for one input after the other.
int LLVMFuzzerRunDriver(
    int *_Nonnull argc, char *_Nullable *_Nullable *_Nonnull argv,
    int (*_Nonnull run)(const uint8_t *_Nullable bytes, size_t count));

// Changes the input in place as libFuzzer would by itself; gives its new length.
size_t LLVMFuzzerMutate(uint8_t *_Nonnull bytes, size_t count, size_t capacity);
