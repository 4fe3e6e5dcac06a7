#include <lz4.h>
#include <lz4frame.h>

// The first `room` bytes of a block, in the form of LZ4_decompress_safe.
static inline int clz4_decompress_front(const char *from, char *into, int count, int room) {
  return LZ4_decompress_safe_partial(from, into, count, room, room);
}
