import Dispatch
import Foundation

/// The thread behind ``GroupCommitLog``, and what others hand to it.
///
/// Sendable because all of it is touched under the lock only, but for the writer and the batch
/// underway, which are the thread's own.
final class Committer: @unchecked Sendable {
  typealias Outcome = Result<LogPositions, RecordLogError>
  private typealias Waiter = (sequence: UInt64, resume: (Outcome) -> Void)
  /// Something to be done with the writer. Gets an error instead where records before it could not
  /// be written.
  private typealias Errand = (SegmentedLogWriter, RecordLogError?) -> Void

  private let condition = NSCondition()
  private var queue = RecordBatch()
  private var waiters: [Waiter] = []
  private var errands: [Errand] = []
  private var description: LogDescription
  private let limits: AppendLimits
  private var nextSequence: UInt64
  private var durable: UInt64
  /// Records below this were in a commit that succeeded.
  private var committed: UInt64
  /// Whether something came since the thread last looked.
  private var isPoked = false
  private var failure: RecordLogError?
  /// No more records are taken: the log is being finished.
  private var isClosing = false
  private var isEnded = false
  private var isStopped = false

  private let path: String
  private let ended = DispatchSemaphore(value: 0)

  // The thread's own.
  private var writer: SegmentedLogWriter?
  private var batch = RecordBatch()
  private let interval: Duration?
  private var lastCommit = monotonicNow()

  init(_ writer: SegmentedLogWriter, _ options: RecordLogOptions) {
    self.writer = writer
    path = writer.path
    description = writer.description
    limits = writer.limits
    (nextSequence, durable) = (writer.positions.appended, writer.positions.durable)
    committed = durable
    if case .interval(let pause) = options.sync { interval = pause } else { interval = nil }
  }

  func start() {
    let thread = Thread {
      if let writer = self.writer.take() { self.run(writer) }
      self.ended.signal()
    }
    thread.name = "log committer"
    thread.start()
  }

  /// Returns when the thread has let go of the log.
  func stop() {
    condition.withLock {
      isStopped = true
      condition.broadcast()
    }
    ended.wait()
  }
}

// MARK: For everybody

extension Committer {
  var positions: LogPositions {
    condition.withLock { LogPositions(appended: nextSequence, durable: durable) }
  }

  func append(
    _ record: RawSpan, type: UInt16?, cursor: UInt64?
  ) throws(RecordLogError) -> UInt64 {
    condition.lock()
    defer { condition.unlock() }
    let type = type ?? description.types.first?.id ?? 0
    try take(record, type, isLine: isLine(type), cursor)
    return nextSequence - 1
  }

  /// - Parameter cursor: the position before the first line.
  func append(lines: RawSpan, type: UInt16?, cursor: UInt64?) throws(RecordLogError) -> Int {
    condition.lock()
    defer { condition.unlock() }
    let type = type ?? description.types.first?.id ?? 0
    guard try isLine(type) else { throw refusal(.unknownType(type)) }
    var (count, at) = (0, 0)
    while at < lines.byteCount {
      let rest = lines.extracting(droppingFirst: at)
      let end = unsafe rest.withUnsafeBytes { unsafe newlineOffset($0) }.map { $0 + 1 }
      let size = end ?? rest.byteCount
      count += 1
      try take(rest.extracting(first: size), type, isLine: true, cursor.map { $0 + UInt64(count) })
      at += size
    }
    return count
  }

  /// Takes a record in, once there is room.
  private func take(
    _ record: RawSpan, _ type: UInt16, isLine: Bool, _ cursor: UInt64?
  ) throws(RecordLogError) {
    guard let isOpen = isLine ? record.isOpenLine : false else { throw refusal(.notOneLine) }
    let size = record.byteCount + (isOpen ? 1 : 0)
    guard size <= limits.record else {
      throw refusal(.tooLarge(.record, bytes: UInt64(size), limit: UInt64(limits.record)))
    }
    try waitForRoom()
    queue.append(record, type: type, cursor: cursor)
    nextSequence += 1
    poke()
  }

  private func isLine(_ type: UInt16) throws(RecordLogError) -> Bool {
    guard type != 0 else { return false }
    guard let declared = description.type(type) else { throw refusal(.unknownType(type)) }
    return declared.encoding == .json
  }

  private func waitForRoom() throws(RecordLogError) {
    while queue.byteCount >= GroupCommitLog.queueLimit {
      if let failure {
        // The next one may find that it works again.
        poke()
        throw failure
      }
      condition.wait()
    }
    guard !isClosing else { throw refusal(.alreadyEnded) }
  }

  private func refusal(_ problem: RecordLogError.Problem) -> RecordLogError {
    RecordLogError(problem, path: path, sequence: nextSequence)
  }

  private func poke() {
    guard !isPoked else { return }
    isPoked = true
    condition.broadcast()
  }

  /// Has `resume` called once record `sequence` was in a commit, or a commit failed.
  func whenCommitted(_ sequence: UInt64, _ resume: @escaping (Outcome) -> Void) {
    condition.lock()
    precondition(sequence < nextSequence, "record \(sequence) was not appended")
    let isThere = sequence < committed
    let outcome: Outcome? =
      isThere
      ? .success(LogPositions(appended: nextSequence, durable: durable))
      : isEnded ? .failure(refusal(.alreadyEnded)) : nil
    if outcome == nil {
      waiters.append((sequence, resume))
      poke()
    }
    condition.unlock()
    if let outcome { resume(outcome) }
  }

  func wait(for sequence: UInt64) throws(RecordLogError) -> LogPositions {
    var outcome: Outcome?
    let done = DispatchSemaphore(value: 0)
    whenCommitted(sequence) {
      outcome = $0
      done.signal()
    }
    done.wait()
    guard let outcome else { throw RecordLogError(.alreadyEnded, path: path) }
    return try outcome.get()
  }

  /// Has `body` done by the thread, behind all that was appended so far, and waits for it.
  ///
  /// - Parameter isLast: whether nothing may follow where it succeeds.
  func perform<R>(
    isLast: Bool = false, _ body: @escaping (SegmentedLogWriter) throws(RecordLogError) -> R
  ) throws(RecordLogError) -> R {
    var result: Result<R, RecordLogError>?
    let done = DispatchSemaphore(value: 0)
    condition.lock()
    guard !isEnded else {
      defer { condition.unlock() }
      throw refusal(.alreadyEnded)
    }
    if isLast { isClosing = true }
    errands.append { [self] writer, error in
      let outcome = Result { () throws(RecordLogError) in
        if let error { throw error }
        return try body(writer)
      }
      if isLast { close(outcome) }
      // Who is told of a new type may append one the next moment.
      condition.withLock { description = writer.description }
      result = outcome
      done.signal()
    }
    poke()
    condition.unlock()
    done.wait()
    guard let result else { throw RecordLogError(.alreadyEnded, path: path) }
    let value = try result.get()
    if isLast {
      // The log may be opened again at once, so the thread has to let go of it first.
      ended.wait()
      ended.signal()
    }
    return value
  }

  private func close<R>(_ outcome: Result<R, RecordLogError>) {
    condition.withLock {
      if case .success = outcome { isEnded = true } else { isClosing = false }
    }
  }
}

// MARK: The thread

extension Committer {
  private func run(_ writer: SegmentedLogWriter) {
    condition.lock()
    while !isStopped, !isEnded {
      guard isPoked || isDue else {
        rest()
        continue
      }
      let round = takeRound()
      condition.unlock()
      let isCommit = !round.waiters.isEmpty || round.isDue
      let error = carryOut(round.errands, committing: isCommit, with: writer)
      condition.lock()
      let told = settle(round.waiters, error, writer)
      condition.unlock()
      for (resume, outcome) in told { resume(outcome) }
      condition.lock()
    }
    condition.unlock()
  }

  /// Under ``SyncPolicy/interval(_:)``: whether it is time for a commit.
  private var isDue: Bool {
    guard let interval, committed < nextSequence else { return false }
    return monotonicNow() - lastCommit >= interval
  }

  /// Waits until something comes or is due.
  private func rest() {
    guard let interval, committed < nextSequence else { return condition.wait() }
    let left = interval - (monotonicNow() - lastCommit)
    _ = condition.wait(until: Date(timeIntervalSinceNow: max(left / .seconds(1), 0.001)))
  }

  private func takeRound() -> (waiters: [Waiter], errands: [Errand], isDue: Bool) {
    defer {
      isPoked = false
      waiters = []
      errands = []
    }
    // What could not be written goes first.
    if batch.isEmpty {
      swap(&batch, &queue)
      condition.broadcast()
    }
    return (waiters, errands, isDue)
  }

  private func carryOut(
    _ errands: [Errand], committing: Bool, with writer: SegmentedLogWriter
  ) -> RecordLogError? {
    if committing { lastCommit = monotonicNow() }
    do throws(RecordLogError) {
      try batch.write(to: writer)
      takeRest()
      try batch.write(to: writer)
    } catch {
      for errand in errands { errand(writer, error) }
      return error
    }
    for errand in errands { errand(writer, nil) }
    guard committing else { return nil }
    do throws(RecordLogError) {
      try writer.commit()
      return nil
    } catch {
      return error
    }
  }

  /// What came while the batch was being written, or behind one that had failed.
  private func takeRest() {
    condition.withLock {
      swap(&batch, &queue)
      condition.broadcast()
    }
  }

  /// - Returns: who is to be told what.
  private func settle(
    _ waiters: [Waiter], _ error: RecordLogError?, _ writer: SegmentedLogWriter
  ) -> [((Outcome) -> Void, Outcome)] {
    let positions = writer.positions
    description = writer.description
    durable = positions.durable
    failure = error
    committed = max(committed, durable)
    if error == nil, !waiters.isEmpty { committed = max(committed, positions.appended) }
    let late = self.waiters.filter { $0.sequence < committed }
    self.waiters.removeAll { $0.sequence < committed }
    condition.broadcast()
    let now = LogPositions(appended: nextSequence, durable: durable)
    return (waiters + late).map { waiter in
      let isThere = waiter.sequence < committed
      return (waiter.resume, isThere ? .success(now) : .failure(error ?? refusal(.alreadyEnded)))
    }
  }
}

/// Records on their way from many threads to one.
struct RecordBatch {
  private var bytes: [UInt8] = []
  private var entries: [(size: Int, type: UInt16, cursor: UInt64?)] = []
  /// The next one to be written, and where it begins.
  private var next = 0
  private var start = 0

  var isEmpty: Bool { next == entries.count }
  var byteCount: Int { bytes.count }

  mutating func append(_ record: RawSpan, type: UInt16, cursor: UInt64?) {
    unsafe record.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    entries.append((record.byteCount, type, cursor))
  }

  /// Appends the records to `writer`. Where one fails, it and those behind it stay.
  mutating func write(to writer: SegmentedLogWriter) throws(RecordLogError) {
    while next < entries.count {
      try writeNext(to: writer)
      start += entries[next].size
      next += 1
    }
    bytes.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    (next, start) = (0, 0)
  }

  private func writeNext(to writer: SegmentedLogWriter) throws(RecordLogError) {
    let entry = entries[next]
    let record = bytes.rawSpan.extracting(start..<start + entry.size)
    try writer.append(record, type: entry.type, cursor: entry.cursor)
  }
}
