#include "CChecksum.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

// What this thread is reading, and the way back; count is 0 while nothing is being read.
static _Thread_local struct {
  uintptr_t from;
  volatile size_t count;
  sigjmp_buf back;
} guard;

static struct sigaction previous;

static void on_sigbus(int signal_number, siginfo_t *info, void *context) {
  if ((uintptr_t)info->si_addr - guard.from < guard.count) siglongjmp(guard.back, 1);
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal_number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal_number);
  } else {
    // Returning repeats the faulting instruction, which now has its usual end.
    signal(signal_number, SIG_DFL);
  }
}

static pthread_once_t installed = PTHREAD_ONCE_INIT;

static void install(void) {
  // Without SA_NODEFER the signal would stay blocked after the jump, which restores no mask.
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

// Runs `work` with the guard up for `count` bytes from `mapped` on. A macro, as the frame that
// sigsetjmp returned to must still stand when the signal comes.
#define GUARDED(mapped, count_, work)          \
  do {                                         \
    pthread_once(&installed, install);         \
    if (sigsetjmp(guard.back, 0)) {            \
      guard.count = 0;                         \
      return EIO;                              \
    }                                          \
    guard.from = (uintptr_t)(mapped);          \
    guard.count = (count_);                    \
    __atomic_signal_fence(__ATOMIC_SEQ_CST);   \
    work;                                      \
    __atomic_signal_fence(__ATOMIC_SEQ_CST);   \
    guard.count = 0;                           \
    return 0;                                  \
  } while (0)

int cck_guarded_copy(void *into, const void *mapped, size_t count) {
  GUARDED(mapped, count, memcpy(into, mapped, count));
}

int cck_guarded_crc32c(uint32_t *crc, const void *mapped, size_t count) {
  GUARDED(mapped, count, *crc = cck_crc32c(*crc, mapped, count));
}

int cck_guarded_unpack(
    cck_unpack unpack, int *result, const void *mapped, int count, void *into, int room) {
  GUARDED(mapped, (size_t)count, *result = unpack(mapped, into, count, room));
}
