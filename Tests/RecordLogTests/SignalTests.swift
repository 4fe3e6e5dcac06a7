import Foundation
import Synchronization
import Testing

@testable import RecordLog

/// Row 11 of the plan: files that are cut while they are mapped.
struct SignalTests {
  @Test func `cutting a file under four mapped readers is an error for each and nobody's death`()
    throws
  {
    let start = ContinuousClock.now
    let folder = try QuickFolder()
    let original = folder.file("original")
    try write(lines(1500), to: original, options: repeatable(chunk: 2000))
    let whole = try bytes(of: original)
    let expected = lines(1500)
    let rounds = 1000
    var random = SeededGenerator(11)
    let errors = Mutex(0)
    let wrong = Mutex(0)
    for round in 0..<rounds {
      let path = folder.file("mapped-\(round)")
      try put(whole, at: path)
      let length = Int.random(in: 0..<whole.count, using: &random)
      let pause = UInt32.random(in: 0..<400, using: &random)
      DispatchQueue.concurrentPerform(iterations: 5) { number in
        guard number > 0 else {
          usleep(pause)
          if truncate(path, length) != 0 { wrong.withLock { $0 += 1 } }
          return
        }
        // Again and again, so that some reader stands anywhere when the cut comes.
        for _ in 0..<3 {
          let reading = RecordLogTests.read(path)
          let isRight = reading.records == Array(expected.prefix(reading.records.count))
          let isWhole = reading.error == nil && reading.records.count == expected.count
          if !isRight || reading.error == nil && !isWhole { wrong.withLock { $0 += 1 } }
          if reading.error != nil { errors.withLock { $0 += 1 } }
        }
      }
      unlink(path)
    }
    #expect(wrong.withLock { $0 } == 0)
    let told = errors.withLock { $0 }
    #expect(told > rounds)
    report(
      row: 11, since: start,
      """
      \(grouped(rounds)) files cut under 4 mapped readers, \(grouped(told)) readings ended in an \
      error: \(wrong.withLock { $0 }) wrong, 0 died
      """)
  }

  /// The handler is there for the copy alone.
  @Test func `a foreign SIGBUS kills as ever`() throws {
    let start = ContinuousClock.now
    let folder = try QuickFolder()
    let path = folder.file("log")
    try write(lines(100), to: path)
    let foreign = folder.file("foreign")
    try put([UInt8](repeating: 1, count: 8192), at: foreign)
    let rounds = 5
    var deaths = 0
    for _ in 0..<rounds {
      let child = try Forked {
        // Where the runtime reports crashes, nobody wants to read it.
        let nowhere = open("/dev/null", O_WRONLY)
        for descriptor in 1...2 as ClosedRange<Int32> { dup2(nowhere, descriptor) }
        // With the handler installed and after it was used.
        _ = RecordLogTests.read(path)
        let descriptor = open(foreign, O_RDONLY)
        guard let base = mmap(nil, 8192, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED
        else { return 3 }
        _ = truncate(foreign, 0)
        return Int32(base.load(fromByteOffset: 5000, as: UInt8.self))
      }
      if child.wait(atMost: 20) == -SIGBUS { deaths += 1 }
      try put([UInt8](repeating: 1, count: 8192), at: foreign)
    }
    #expect(deaths == rounds)
    report(row: 11, since: start, "\(deaths) of \(rounds) foreign SIGBUS killed their process")
  }
}
