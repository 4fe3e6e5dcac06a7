public import Bytes

/// Why a log could not be read or written, and where.
public struct RecordLogError: Error, Equatable, Sendable {
  public var problem: Problem
  /// The file, or a name for the stream.
  public var path: String
  /// Bytes from the start of the input.
  public var offset: UInt64?
  /// Chunks of every kind, from 0 in each segment.
  public var chunk: UInt32?
  /// The sequence number of the first record concerned.
  public var sequence: UInt64?

  public init(
    _ problem: Problem, path: String, offset: UInt64? = nil, chunk: UInt32? = nil,
    sequence: UInt64? = nil
  ) {
    self.problem = problem
    self.path = path
    self.offset = offset
    self.chunk = chunk
    self.sequence = sequence
  }

  /// What kind of answer a problem wants from a person or a program.
  public enum Category: Equatable, Sendable {
    case misuse, damage, unfinished, aborted, inputOutput, unsupported, limit
  }

  public enum Problem: Error, Equatable, Sendable {
    // Damage
    case truncated(wanted: UInt64, present: UInt64)
    case notALog
    case textMode
    case zeroes
    case checksum(of: Part, stored: UInt32, computed: UInt32)
    case foreignTag(UInt64)
    case wrongOffset(stated: UInt64)
    case reservedNotZero
    case impossibleLength(of: Part, claimed: UInt64, limit: UInt64)
    case malformed(Part, String)
    case brokenChain(String, expected: UInt64, found: UInt64)
    case contradiction(Part, String)
    case trailingGarbage
    case missingSegment(UInt64)
    /// A segment that a writer set aside, and the records that cannot be read there.
    case damagedSegment(UInt64, lost: [Range<UInt64>])
    // Without an end
    case unterminated
    /// A stream of which nothing came for so many milliseconds.
    case silent(milliseconds: Int)
    case aborted(reason: String)
    // Not for this version
    case unsupported(String, UInt64)
    // Limits
    case tooLarge(Part, bytes: UInt64, limit: UInt64)
    /// More is damaged than salvage was allowed to pass over.
    case budgetExceeded(String)
    // Files
    case file(FileError)
    case consumerGone
    case retired
    case inUse(by: String)
    // Misuse
    case notOneLine
    case unknownType(UInt16)
    case alreadyEnded
    case barrierOutOfOrder(UInt64, last: UInt64)
    case foreignSegment
    case cannotSeek
    case noSuchRecord
  }

  /// The piece of a segment that a problem is about.
  public enum Part: String, Equatable, Sendable {
    case prologue, header, table, pad, values, record, records, index, seal, chunk
    case decoded = "decoded values"
    case meta = "META"
  }

  public var category: Category { problem.category }
}

extension RecordLogError.Problem {
  public var category: RecordLogError.Category {
    switch self {
    case .truncated, .notALog, .textMode, .zeroes, .checksum, .foreignTag, .wrongOffset,
      .reservedNotZero, .impossibleLength, .malformed, .brokenChain, .contradiction,
      .trailingGarbage, .missingSegment, .damagedSegment:
      .damage
    case .unterminated, .silent: .unfinished
    case .aborted: .aborted
    case .unsupported: .unsupported
    case .tooLarge, .budgetExceeded: .limit
    case .file, .consumerGone, .retired, .inUse: .inputOutput
    case .notOneLine, .unknownType, .alreadyEnded, .barrierOutOfOrder, .foreignSegment, .cannotSeek,
      .noSuchRecord:
      .misuse
    }
  }
}

extension RecordLogError: CustomStringConvertible {
  public var description: String {
    var place = path
    if let offset { place += ", byte \(offset)" }
    if let chunk { place += ", chunk \(chunk)" }
    if let sequence { place += ", record \(sequence)" }
    return "\(place): \(problem)"
  }
}

extension RecordLogError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let wanted, let present): "cut short: \(wanted) bytes wanted, \(present) there"
    case .notALog: "not a record log"
    case .textMode: "line ends were converted: transfer the file in binary mode"
    case .zeroes: "zeros where a chunk should be"
    case .checksum(let part, let stored, let computed):
      "the checksum of the \(part.rawValue) is \(hex(computed)), not \(hex(stored)) as stored"
    case .foreignTag(let tag): "a chunk of another file (tag \(hex(tag)))"
    case .wrongOffset(let stated): "a chunk that belongs at offset \(stated)"
    case .reservedNotZero: "reserved bytes are not zero"
    case .impossibleLength(let part, let claimed, let limit):
      "impossible length of the \(part.rawValue): \(claimed) claimed, at most \(limit) possible"
    case .malformed(let part, let reason): "malformed \(part.rawValue): \(reason)"
    case .brokenChain(let what, let expected, let found):
      "\(what) is \(found), expected \(expected)"
    case .contradiction(let part, let what): "the \(part.rawValue) contradicts the chunks: \(what)"
    case .trailingGarbage: "bytes after the end that are no further segment"
    default: otherDescription
    }
  }

  private var otherDescription: String {
    switch self {
    case .missingSegment(let number):
      "segment \(number) of the log is missing: put its file back, or read the others one by one"
    case .damagedSegment(let number, let lost):
      "segment \(number) of the log was damaged and set aside, \(missing(lost)): "
        + "read the rest with --salvage, or repair the log to a new one"
    case .inUse(let holder): "another writer holds the log (\(holder)): wait until it is done"
    case .unterminated: "ends without a seal: its writer did not finish, more may be missing"
    case .silent(let milliseconds):
      "nothing came for \(Double(milliseconds) / 1000) s, no sign of life either: its writer hangs"
    case .aborted(let reason): "its writer gave up: \(reason)"
    case .unsupported(let what, let value): "unsupported \(what) \(value): use a newer program"
    case .tooLarge(let part, let bytes, let limit):
      "the \(part.rawValue) takes \(bytes) bytes, over the limit of \(limit)"
    case .budgetExceeded(let what): "more \(what) than allowed"
    case .file(let error): "\(error)"
    case .consumerGone: "nobody reads the stream any more"
    case .retired: "closed to writing after an earlier failure; open it again to go on"
    case .notOneLine: "a JSON record must be one line: it holds a line feed before its end"
    case .unknownType(let type): "record type \(type) was not declared"
    case .alreadyEnded: "sealed or aborted logs cannot be appended to"
    case .barrierOutOfOrder(let number, let last):
      "barrier \(number) cannot follow barrier \(last): their numbers rise"
    case .foreignSegment: "a segment of another log follows, or records between are missing"
    case .cannotSeek: "a stream cannot go back"
    case .noSuchRecord: "the log holds no such record"
    default: "damaged"
    }
  }
}

/// Which records are missing; of many ranges the first few.
private func missing(_ ranges: [Range<UInt64>]) -> String {
  guard !ranges.isEmpty else { return "no record of it is known to be missing" }
  let shown = ranges.prefix(8).map { "\($0.lowerBound) to \($0.upperBound - 1)" }
  let more = ranges.count > shown.count ? " and \(ranges.count - shown.count) more ranges" : ""
  return "records \(shown.joined(separator: ", "))\(more) are missing"
}

private func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }
