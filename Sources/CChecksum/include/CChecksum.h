#ifndef CCHECKSUM_H
#define CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// CRC-32C (Castagnoli, reflected). `seed` is the checksum of the bytes before these, 0 at the
// start, so that crc(crc(0, a), b) is crc(0, ab). Picks the fastest path this machine has.
uint32_t cck_crc32c(uint32_t seed, const void *bytes, size_t count);

// The portable path, always present: the truth that tests compare with.
uint32_t cck_crc32c_portable(uint32_t seed, const void *bytes, size_t count);

// All paths, slowest first, for tests to compare; NULL for one that this machine has not.
typedef uint32_t (*cck_crc32c_path)(uint32_t seed, const void *bytes, size_t count);
#define CCK_CRC32C_PATHS 3
cck_crc32c_path cck_crc32c_paths(int index);

// Copies `count` bytes out of a mapped file. Returns 0, or EIO when a page of the range is gone
// because the file was cut (or could not be read): the SIGBUS that this raises is caught, and only
// for this range and this thread; any other SIGBUS goes to whom it went before.
int cck_guarded_copy(void *into, const void *mapped, size_t count);

// Goes on with the checksum `*crc` over `count` bytes of a mapped file, under the same guard.
int cck_guarded_crc32c(uint32_t *crc, const void *mapped, size_t count);

// Unpacks `count` bytes of a mapped file with `unpack`, which takes what LZ4_decompress_safe does
// and must hold nothing that has to be given back, under the same guard. `*result` is what it
// returned.
typedef int (*cck_unpack)(const char *from, char *into, int count, int room);
int cck_guarded_unpack(
    cck_unpack unpack, int *result, const void *mapped, int count, void *into, int room);

// Reserves disk space for the first `size` bytes of a file and leaves its size as it is. Returns 0,
// or -1 with errno set; Swift does not see the GNU calls behind this and the next one.
int cck_reserve(int descriptor, uint64_t size);

// Renames a file if nothing has the new name. Returns 0, or -1 with errno set.
int cck_rename_new(const char *path, const char *new_path);

// Makes a pipe hold `size` bytes. Returns its size by now, or -1 with errno set.
int cck_widen_pipe(int descriptor, int size);

#endif
