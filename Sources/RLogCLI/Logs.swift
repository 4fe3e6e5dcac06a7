import ArgumentParser
import Foundation
import RecordLog

/// The logs that a verb looks at.
struct Logs: ParsableArguments {
  @Argument(help: "The logs, files or folders; - is standard input.", completion: .file())
  var logs: [String] = ["-"]

  /// Looks at one log after the other. Trouble with one is told and does not keep the others from
  /// being looked at; the first trouble gives the exit code.
  func each(
    salvaging salvage: Bool = false, patience: Duration? = nil,
    _ look: (RecordLogReader) throws -> ExitKind
  ) throws {
    var result = ExitKind.good
    for path in logs {
      let kind: ExitKind
      do {
        kind = try look(open(path, salvaging: salvage, patience: patience))
      } catch let error as RecordLogError {
        complain("\(error)")
        kind = ExitKind(error.category)
      }
      if result == .good { result = kind }
    }
    if result != .good { throw result }
  }
}

/// Opens a log in the mode that tells a torn tail from damage, or in the one that reads on behind
/// it.
/// - Parameter patience: how long a stream may be silent.
func open(
  _ path: String, salvaging salvage: Bool = false, patience: Duration? = nil
) throws -> RecordLogReader {
  var options = ReadOptions(mode: salvage ? .salvage() : .tailTolerant)
  options.patience = patience
  options.usesAllCores = true
  guard path == "-" else { return try RecordLogReader(path: path, options: options) }
  return try RecordLogReader(
    descriptor: STDIN_FILENO, name: "standard input", options: options)
}

/// Says how a log ended where that is worth a word.
/// - Parameter told: how many of its events were told before.
func tellEnding(_ reader: RecordLogReader, told: Int = 0) -> ExitKind {
  for event in reader.events.dropFirst(told) {
    switch event {
    case .tornTail(let error): complain("torn tail: \(error)")
    case .indexUnusable(let error): complain("index not used: \(error)")
    case .damage(let region): complain("\(reader.path): \(region)")
    }
  }
  switch reader.ending {
  case .aborted(let reason): complain("\(reader.path): its writer gave up: \(reason)")
  case .unsealed: complain("\(reader.path): not sealed: its writer has not finished")
  case .sealed, .torn, nil: break
  }
  let isDamaged = reader.regions.contains { !$0.isTornTail }
  return isDamaged ? .damage : ExitKind(reader.ending)
}

/// A ratio with two decimals: what was packed to what it takes.
func ratio(_ raw: UInt64, _ stored: UInt64) -> Double {
  stored == 0 ? 0 : (Double(raw) / Double(stored) * 100).rounded() / 100
}

/// Microseconds since 1970 as a date that sorts as text.
func date(_ microseconds: UInt64) -> String? {
  guard microseconds > 0 else { return nil }
  return Date(timeIntervalSince1970: Double(microseconds) / 1e6).formatted(.iso8601)
}

func typeName(_ type: UInt16, in description: LogDescription?) -> String {
  switch type {
  case 0: "bytes"
  case .max: "mixed"
  default: description?.type(type)?.name ?? "type \(type)"
  }
}
