public import Bytes
public import RecordLog

/// Why records could not be read or written.
public enum CorpusError: Error, Equatable, Sendable {
  case file(FileError)
  case log(RecordLogError)
  /// The file holds not a single usable seed. `firstReason` tells why its first line was refused.
  case noSeeds(path: String, lines: Int, firstReason: String?)
  /// A record in a log is not what its type promises.
  case badRecord(path: String, sequence: UInt64, type: String, reason: String)
  /// A log holds records of another type than was asked for.
  case wrongType(path: String, sequence: UInt64, expected: String, found: String)
  /// The record has a value that JSON cannot express, such as a score that is not a number.
  case notJSON(type: String, id: String)
}

extension CorpusError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .log(let error): "\(error)"
    case .noSeeds(let path, let lines, let reason):
      "\(path): no usable seed in \(lines) lines"
        + (reason.map { " (the first was refused: \($0))" } ?? "")
        + ". Each line must be a JSON object with 'messages', with 'prompt' and 'completion', "
        + "with 'prompt', 'chosen' and 'rejected', with 'instruction' and 'output', "
        + "or with 'question' and 'answer'"
    case .badRecord(let path, let sequence, let type, let reason):
      "\(path), record \(sequence): not a \(type): \(reason). "
        + "Check the log with 'rlog verify'; if it is sound, another version wrote it"
    case .wrongType(let path, let sequence, let expected, let found):
      "\(path), record \(sequence): a \(found) where a \(expected) is needed. "
        + "Give the log that an earlier stage wrote for this one"
    case .notJSON(let type, let id):
      "the \(type) \(id) holds a number that JSON cannot express (infinite or not a number)"
    }
  }
}
