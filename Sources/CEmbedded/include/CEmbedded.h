#pragma once

// The model that ships inside the program: a packed model file, byte for byte.
// tools/make-embedded-model makes embedded-model.bin again.

#include <stddef.h>

// Page-aligned, as a mapped file would be; read-only; lives as long as the program.
extern const unsigned char synpo_embedded_model[];

// The number of its bytes.
extern const size_t synpo_embedded_model_size;

// The same for Swift, which does not import arrays of unknown length.
static inline const void *_Nonnull synpo_embedded_model_bytes(void) {
  return synpo_embedded_model;
}
