import RecordLog

extension FuzzTarget {
  /// A log from front to back, as a file and through a pipe, strictly and with a torn tail.
  static let recordLog = FuzzTarget("record-log", repair: LogRepair.repair) { bytes in
    withFile(of: bytes) { path in
      let strict = outcome { () throws(RecordLogError) in try RecordLogReader(path: path) }
      compareWithPipe(bytes, strict)
      seek(in: path, strict)
      return tolerantOutcome(path).error == nil
    }
  }

  /// A writer that continues the file, and what a reader then makes of it: all that was readable
  /// before, and what was appended.
  static let recordLogRecovery = FuzzTarget("record-log-recovery", repair: LogRepair.repair) {
    bytes in
    withFile(of: bytes) { path in
      let before = tolerantOutcome(path)
      guard let writer = try? RecordLogWriter(appendingTo: path),
        (try? writer.append(Array("{}".utf8))) != nil, (try? writer.finish()) != nil,
        before.error == nil
      else { return false }
      let after = outcome { () throws(RecordLogError) in try RecordLogReader(path: path) }
      demand(
        after.error == nil && after.records.dropLast() == before.records[...],
        "before recovery \(before), after it \(after)")
      return true
    }
  }

  /// What reading a log comes to.
  private struct Outcome: Equatable, CustomStringConvertible {
    var records: [Record] = []
    var error: RecordLogError?

    var description: String {
      "\(records.count) records, \(error.map(String.init) ?? "no error")"
    }
  }

  private static func outcome(
    _ open: () throws(RecordLogError) -> RecordLogReader
  ) -> Outcome {
    var outcome = Outcome()
    do throws(RecordLogError) {
      let reader = try open()
      while let record = try reader.next() { outcome.records.append(record) }
    } catch {
      _ = "\(error)"
      outcome.error = error
    }
    return outcome
  }

  private static func tolerantOutcome(_ path: String) -> Outcome {
    outcome { () throws(RecordLogError) in
      try RecordLogReader(path: path, options: ReadOptions(mode: .tailTolerant))
    }
  }

  /// A log that is whole is so whichever way it comes in.
  private static func compareWithPipe(_ bytes: [UInt8], _ strict: Outcome) {
    withPipe(of: bytes) { descriptor in
      let streamed = outcome { () throws(RecordLogError) in
        try RecordLogReader(descriptor: descriptor)
      }
      guard strict.error == nil || streamed.error == nil else { return }
      demand(strict == streamed, "the file gives \(strict), the pipe \(streamed)")
    }
  }

  /// Each record that reading on gave is found by its number, too.
  private static func seek(in path: String, _ known: Outcome) {
    guard let reader = try? RecordLogReader(path: path) else { return }
    let numbers = known.records.map(\.sequence)
    for number in [numbers.last ?? 1, numbers.first ?? 1, 0, .max] {
      guard (try? reader.seek(toSequence: number)) != nil else { continue }
      let found = try? reader.next()
      guard known.error == nil, numbers.contains(number) else { continue }
      demand(found?.sequence == number, "record \(number) is sought, \(found as Any) found")
    }
  }
}
