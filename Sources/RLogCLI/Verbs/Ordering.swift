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

/// Logs that do not come to the same barriers.
struct UnalignedBarrier: Error, CustomStringConvertible {
  var number: UInt64
  /// The log that has the barrier, and one that does not.
  var path: String
  var other: String
  var description: String {
    "\(other): has no barrier \(number), which \(path) has, so that it has no place in the merged log; "
      + "use --without-barriers"
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
