#include "CChecksum.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

// What this thread is copying, and the way back; count is 0 while nothing is being copied.
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

static void install(void) {
  // Without SA_NODEFER the signal would stay blocked after the jump, which restores no mask.
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

int cck_guarded_copy(void *into, const void *mapped, size_t count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  if (sigsetjmp(guard.back, 0)) {
    guard.count = 0;
    return EIO;
  }
  guard.from = (uintptr_t)mapped;
  guard.count = count;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  memcpy(into, mapped, count);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  guard.count = 0;
  return 0;
}
