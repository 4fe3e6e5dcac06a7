import CKernels
import Glibc
import Synchronization

/// The started threads of `Workers` and how they and the caller meet.
///
/// A helper that is awake joins a job while it is open. The caller works, too, closes the job when
/// no unit is left, and waits only for those who joined: a helper that wakes late costs nothing.
///
/// `@unchecked Sendable`: `job`, `sleepers`, `isEnding` and `callerSleeps` are touched only under
/// `mutex`; `helpers` only in `init` and `end`.
@safe
final class Crew: @unchecked Sendable {
  private let mutex = PosixMutex()
  private let turn = PosixMutex()
  private let work = PosixCondition()
  private let done = PosixCondition()
  private let generation = Atomic(0)
  private let joined = Atomic(0)

  private var job: Job?
  private var sleepers = 0
  private var callerSleeps = false
  private var isEnding = false
  private var helpers: [pthread_t] = []

  /// Rounds of looking for work, or for the end of it, before a thread goes to sleep.
  private static let patience = 2000

  init(helpers count: Int) {
    for _ in 0..<count { start() }
  }

  private func start() {
    var thread = pthread_t()
    let me = unsafe Unmanaged.passRetained(self)
    let problem = unsafe pthread_create(&thread, nil, helperMain, me.toOpaque())
    if problem == 0 { helpers.append(thread) } else { unsafe me.release() }
  }

  /// Ends the threads. No job may be running.
  func end() {
    mutex.locked {
      isEnding = true
      work.wakeAll()
    }
    for helper in helpers { pthread_join(helper, nil) }
  }

  func run(_ units: Int, _ body: @Sendable (Int) -> Void) {
    turn.locked {
      withoutActuallyEscaping(body) { body in
        let job = Job(units: units, body: body)
        open(job)
        ThreadMark.isSet = true
        job.takePart()
        ThreadMark.isSet = false
        close()
      }
    }
  }

  private func open(_ job: Job) {
    mutex.locked {
      self.job = job
      generation.add(1, ordering: .releasing)
      if sleepers > 0 { work.wakeAll() }
    }
  }

  private func close() {
    mutex.locked { job = nil }
    for _ in 0..<Self.patience {
      if joined.load(ordering: .acquiring) == 0 { return }
      ck_relax()
    }
    mutex.locked {
      callerSleeps = true
      while joined.load(ordering: .acquiring) > 0 { done.wait(mutex) }
      callerSleeps = false
    }
  }

  /// What a helper does from birth to end.
  fileprivate func help() {
    ThreadMark.isSet = true
    var seen = 0
    while awaitJob(after: &seen) {
      guard joinAndWork() else { continue }
      if joined.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        mutex.locked { if callerSleeps { done.wakeAll() } }
      }
    }
  }

  /// False when there will be no more jobs.
  private func awaitJob(after seen: inout Int) -> Bool {
    for _ in 0..<Self.patience {
      if generation.load(ordering: .relaxed) != seen { break }
      ck_relax()
    }
    return mutex.locked {
      sleepers += 1
      while generation.load(ordering: .relaxed) == seen && !isEnding { work.wait(mutex) }
      sleepers -= 1
      seen = generation.load(ordering: .relaxed)
      return !isEnding
    }
  }

  /// False if the job was closed before. The job is let go of before this returns.
  @inline(never)
  private func joinAndWork() -> Bool {
    let job = mutex.locked {
      if self.job != nil { joined.add(1, ordering: .relaxed) }
      return self.job
    }
    job?.takePart()
    return job != nil
  }
}

private func helperMain(_ crew: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let crew = unsafe crew { unsafe Unmanaged<Crew>.fromOpaque(crew).takeRetainedValue().help() }
  return nil
}

/// Units that are handed out one by one.
private final class Job: Sendable {
  private let units: Int
  private let body: @Sendable (Int) -> Void
  private let next = Atomic(0)

  init(units: Int, body: @escaping @Sendable (Int) -> Void) {
    self.units = units
    self.body = body
  }

  func takePart() {
    while true {
      let unit = next.add(1, ordering: .relaxed).oldValue
      guard unit < units else { return }
      body(unit)
    }
  }
}

/// Whether the current thread is computing a unit of some job.
enum ThreadMark {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    unsafe pthread_key_create(&key, nil)
    return key
  }()

  static var isSet: Bool {
    get { unsafe pthread_getspecific(key) != nil }
    set { unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue ? 1 : 0)) }
  }
}

/// `@unchecked Sendable`: threads meet on it; that is what it is for.
@safe
private final class PosixMutex: @unchecked Sendable {
  let handle = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { unsafe pthread_mutex_init(handle, nil) }

  deinit {
    unsafe pthread_mutex_destroy(handle)
    unsafe handle.deallocate()
  }

  func locked<R>(_ body: () -> R) -> R {
    unsafe pthread_mutex_lock(handle)
    defer { unsafe pthread_mutex_unlock(handle) }
    return body()
  }
}

/// `@unchecked Sendable`: as `PosixMutex`.
@safe
private final class PosixCondition: @unchecked Sendable {
  private let handle = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() { unsafe pthread_cond_init(handle, nil) }

  deinit {
    unsafe pthread_cond_destroy(handle)
    unsafe handle.deallocate()
  }

  func wait(_ mutex: PosixMutex) { unsafe pthread_cond_wait(handle, mutex.handle) }
  func wakeAll() { unsafe pthread_cond_broadcast(handle) }
}
