import Foundation
import Synchronization

/// How much of a test is run.
///
/// `SYNPO_TEST_VOLUME=full` asks for everything, which takes minutes; `tools/torture` sets it. A
/// number such as 0.01 asks for that share of everything. Else what is too slow for every day is run
/// in part.
enum Volume {
  private static let wanted = ProcessInfo.processInfo.environment["SYNPO_TEST_VOLUME"]

  static func of(_ short: Int, full: Int) -> Int {
    if wanted == "full" { return full }
    guard let share = wanted.flatMap({ Double($0) }) else { return short }
    return max(1, Int(Double(full) * share))
  }

  /// Whether a test that began at `start`, and has done as many rounds as it must, should go on:
  /// `SYNPO_TEST_SECONDS` asks those of threads to last that long.
  static func wantsMore(since start: ContinuousClock.Instant) -> Bool {
    let seconds = ProcessInfo.processInfo.environment["SYNPO_TEST_SECONDS"].flatMap { Double($0) }
    return ContinuousClock.now - start < .seconds(seconds ?? 0)
  }
}

/// Runs `body` in `count` threads of their own, with the number of each. `concurrentPerform` has no
/// more threads than there are cores.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let done = DispatchSemaphore(value: 0)
  for number in 0..<count {
    Thread.detachNewThread {
      body(number)
      done.signal()
    }
  }
  for _ in 0..<count { done.wait() }
}

/// Says how much a row of the plan for testing the log came to. `tools/torture` collects these lines.
func report(row: Int, since start: ContinuousClock.Instant, _ text: String) {
  let parts = (ContinuousClock.now - start).components
  let tenths = parts.seconds * 10 + parts.attoseconds / 100_000_000_000_000_000
  print("row \(row): \(text) (\(tenths / 10).\(tenths % 10) s)")
}

/// A number as people read it: 2,104,320.
func grouped(_ number: Int) -> String {
  let digits = String(number)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return text
}

/// Cases that were tried, summed up over all threads.
struct Tally {
  var cases = 0
  var complaints: [String] = []
  var complaintCount = 0

  /// Only the first complaints are kept: one mistake makes thousands.
  mutating func complain(_ what: @autoclosure () -> String) {
    complaintCount += 1
    if complaints.count < 5 { complaints.append(what()) }
  }

  mutating func add(_ other: Tally) {
    cases += other.cases
    complaintCount += other.complaintCount
    complaints = Array((complaints + other.complaints).prefix(5))
  }

  var verdict: String { complaintCount == 0 ? "" : "\(complaintCount): \(complaints)" }
}

/// Runs `body` on every core, with the number of the core and how many there are.
func onAllCores<T: Sendable>(_ body: @escaping @Sendable (Int, Int) throws -> T) throws -> [T] {
  let cores = max(2, ProcessInfo.processInfo.activeProcessorCount)
  let results = Mutex<[Result<T, any Error>]>([])
  DispatchQueue.concurrentPerform(iterations: cores) { core in
    let result = Result { try body(core, cores) }
    results.withLock { $0.append(result) }
  }
  return try results.withLock { try $0.map { try $0.get() } }
}

/// Random numbers that come out the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
