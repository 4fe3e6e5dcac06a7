#define _GNU_SOURCE
#include "CChecksum.h"

#include <fcntl.h>
#include <stdio.h>

int cck_reserve(int descriptor, uint64_t size) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
}

int cck_rename_new(const char *path, const char *new_path) {
  return renameat2(AT_FDCWD, path, AT_FDCWD, new_path, RENAME_NOREPLACE);
}

int cck_widen_pipe(int descriptor, int size) { return fcntl(descriptor, F_SETPIPE_SZ, size); }
