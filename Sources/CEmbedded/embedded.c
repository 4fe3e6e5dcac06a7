#include "CEmbedded.h"

// #embed is C23; in C17 clang has it as an extension and says so. Unlike an assembler's .incbin it
// tells the build system what it read, so a new model is linked in without further ado.
#pragma clang diagnostic ignored "-Wc23-extensions"

_Alignas(4096) const unsigned char synpo_embedded_model[] = {
#embed "include/embedded-model.bin"
};

const size_t synpo_embedded_model_size = sizeof synpo_embedded_model;
