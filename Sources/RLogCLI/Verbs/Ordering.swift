import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Sort: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A log of the records in order of a key.",
    discussion: """
      Keys order as null, false, true, numbers, strings, arrays, objects; strings by code point. \
      Records with equal keys keep their order. Memory stays bounded: what is more goes to \
      temporary files.
      """)

  @OptionGroup var logs: Logs
  @Option(help: "What to order by, such as .score; see rlog filter --help.") var key: String
  @Flag(help: "The largest key first.") var reverse = false
  @OptionGroup var making: MakingOptions
  @OptionGroup var temporary: TemporaryOptions

  func validate() throws { _ = try RecordExpression.parsed(key, option: "--key") }

  func run() throws {
    let key = try RecordExpression.parsed(self.key, option: "--key")
    try reorder(logs, making, folder: temporary.temporary, isDescending: reverse) { record, _ in
      sortKey(of: try key.value(of: record))
    }
  }
}

struct Shuffle: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A log of the records in random order.",
    discussion: "The same seed and records give the same order. Every order is equally likely.")

  @OptionGroup var logs: Logs
  @Option(help: "Which random order.") var seed: UInt64 = 0
  @OptionGroup var making: MakingOptions
  @OptionGroup var temporary: TemporaryOptions

  func run() throws {
    try reorder(logs, making, folder: temporary.temporary) { _, number in
      randomKey(seed: seed, number: number)
    }
  }
}

/// Makes a log of all records in order of the key that `key` gives for a record and its number.
private func reorder(
  _ logs: Logs, _ making: MakingOptions, folder: String, isDescending: Bool = false,
  by key: (Record, UInt64) throws -> [UInt8]
) throws {
  var tally = Passage()
  let kind = try making.make(of: logs) { maker in
    var order: RecordOrder?
    let kind = try logs.eachRecord { record, reader in
      let there =
        try order
        ?? RecordOrder(
          to: maker.copier(like: reader), folder: folder, isDescending: isDescending)
      order = there
      try there.add(record, of: reader.description, key: key(record, there.count))
    }
    try order?.writeAll()
    tally = Passage(read: order?.count ?? 0, written: order?.count ?? 0, spills: order?.spills)
    return kind
  }
  try making.tell(tally)
  if kind != .good { throw kind }
}

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One log of several that are in order.",
    discussion: """
      Every log must be in order itself. Where records are equal the log named first goes first. \
      Memory grows with the number of logs only, by about 1 MiB each.
      """)

  enum Way: String, ExpressibleByArgument, CaseIterable { case seq, key }

  @OptionGroup var logs: Logs
  @Option(help: "seq: by the records' numbers; key: by --key.") var by: Way?
  @Option(help: "What the logs are in order of, such as .score.") var key: String?
  @OptionGroup var making: MakingOptions

  func validate() throws {
    if by == .key, key == nil { throw ValidationError("--by key wants --key.") }
    if by == .seq, key != nil { throw ValidationError("--by seq and --key exclude each other.") }
    if logs.logs.count > 64 { throw ValidationError("At most 64 logs at once: merge in steps.") }
    if let key { _ = try RecordExpression.parsed(key, option: "--key") }
  }

  private struct Head {
    var key: [UInt8]
    var record: Record
  }

  func run() throws {
    let expression = try key.map { try RecordExpression.parsed($0, option: "--key") }
    let kind = try making.make(of: logs) { maker in
      let readers = try logs.logs.map { try open($0) }
      var heads = try readers.map { try head(of: $0, expression) }
      while let first = earliest(heads) {
        guard let head = heads[first] else { break }
        try maker.append(head.record, from: readers[first])
        heads[first] = try self.head(of: readers[first], expression, after: head)
      }
      let kinds = readers.map { tellEnding($0) }
      try making.tell(Passage(read: maker.count, written: maker.count))
      return kinds.first { $0 != .good } ?? .good
    }
    if kind != .good { throw kind }
  }

  private func earliest(_ heads: [Head?]) -> Int? {
    var best: Int?
    for (index, head) in heads.enumerated() {
      guard let head else { continue }
      guard let there = best.flatMap({ heads[$0] }) else {
        best = index
        continue
      }
      if head.key.lexicographicallyPrecedes(there.key) { best = index }
    }
    return best
  }

  private func head(
    of reader: RecordLogReader, _ expression: RecordExpression?, after last: Head? = nil
  ) throws -> Head? {
    guard let record = try reader.next() else { return nil }
    let key =
      try expression.map { sortKey(of: try $0.value(of: record)) }
      ?? (0..<8).map { UInt8(truncatingIfNeeded: record.sequence >> (56 - 8 * UInt64($0))) }
    if let last, key.lexicographicallyPrecedes(last.key) {
      throw OutOfOrder(path: reader.path, sequence: record.sequence)
    }
    return Head(key: key, record: record)
  }
}

/// A log that is not in the order that merging needs.
struct OutOfOrder: Error, CustomStringConvertible {
  var path: String
  var sequence: UInt64
  var description: String {
    "\(path), record \(sequence): not in order of the key; use rlog sort first"
  }
}
