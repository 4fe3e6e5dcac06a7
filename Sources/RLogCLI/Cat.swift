import ArgumentParser
import Bytes
import Foundation
import RecordLog

/// Which records are wanted, and in what form.
struct Selection: ParsableArguments {
  @Option(help: "Only records of this type.") var type: String?
  @Option(help: "Begin at this sequence number.") var fromSeq: UInt64?
  @Option(help: "Stop before this sequence number.") var toSeq: UInt64?

  @Flag(
    name: [.customLong("envelope"), .customLong("json")],
    help: "Wrap each record: {seq, type, segment, offset, record}.")
  var envelope = false

  @Flag(help: "Records as they are, nothing between them; not to a terminal.")
  var raw = false

  func validate() throws {
    if raw, envelope { throw ValidationError("--raw and --envelope exclude each other.") }
    if raw, Output.isTerminal { throw ValidationError("--raw does not write to a terminal.") }
  }

  /// Whether whole chunks can go out as they are.
  var takesAll: Bool { type == nil && fromSeq == nil && toSeq == nil && !envelope }
}

struct Cat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The records: JSON as it is, one on a line; others as {\"$b64\": …}.")

  @OptionGroup var logs: Logs
  @OptionGroup var selection: Selection
  @Option(help: "Stop after this many records.") var limit: Int?

  @Flag(help: "Read on behind damage, and tell what was passed over.")
  var salvage = false

  func run() throws {
    let printer = RecordPrinter(selection, to: try Output(), limit: limit)
    defer { try? printer.output.flush() }
    try logs.each(salvaging: salvage) { reader in
      defer { try? printer.output.flush() }
      let isDone = try printer.printAll(reader)
      try printer.output.flush()
      return isDone ? .good : tellEnding(reader)
    }
  }
}

struct Head: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "The first records of a log.")

  @OptionGroup var logs: Logs
  @OptionGroup var selection: Selection
  @Option(name: [.customShort("n"), .customLong("count")], help: "How many records.")
  var count = 10

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      let printer = RecordPrinter(selection, to: output, limit: count)
      let isDone = try printer.printAll(reader)
      try output.flush()
      return isDone ? .good : tellEnding(reader)
    }
  }
}

/// Prints the selected records of one log after the other.
final class RecordPrinter {
  let output: Output
  private(set) var count = 0
  private let selection: Selection
  private let limit: Int?
  private let asTFRecords: Bool

  init(
    _ selection: Selection, to output: Output, limit: Int? = nil, asTFRecords: Bool = false
  ) {
    self.asTFRecords = asTFRecords
    self.selection = selection
    self.output = output
    self.limit = limit
  }

  /// Prints all records that it is given to standard output.
  convenience init(enveloping envelope: Bool) throws {
    try self.init(Selection.parse(envelope ? ["--envelope"] : []), to: Output())
  }

  /// True where everything wanted was printed before the log's end.
  func printAll(_ reader: RecordLogReader) throws -> Bool {
    if let first = selection.fromSeq, first > reader.prologue.firstSequence,
      reader.options.mode == .tailTolerant
    {
      do throws(RecordLogError) { try reader.seek(toSequence: first) } catch {
        guard error.problem == .noSuchRecord else { throw error }
      }
      return try printEach(reader)
    }
    guard selection.takesAll, limit == nil, !asTFRecords else { return try printEach(reader) }
    while let chunk = try reader.nextChunk() {
      if selection.raw || chunk.header.flags.contains(.newline) {
        try output.write(whole: chunk.bytes)
        count += chunk.count
      } else {
        for index in 0..<chunk.count { try printOne(chunk, index, of: reader) }
      }
    }
    return false
  }

  private func printEach(_ reader: RecordLogReader) throws -> Bool {
    while count < limit ?? .max {
      guard let record = try reader.next() else { return false }
      if let last = selection.toSeq, record.sequence >= last { return true }
      guard isWanted(record, in: reader) else { continue }
      try print(record, in: reader)
    }
    return true
  }

  private func isWanted(_ record: Record, in reader: RecordLogReader) -> Bool {
    if let first = selection.fromSeq, record.sequence < first { return false }
    guard let type = selection.type else { return true }
    return typeName(record.type, in: reader.description) == type
  }

  private func printOne(_ chunk: RecordChunk, _ index: Int, of reader: RecordLogReader) throws {
    let record = Record(
      sequence: chunk.sequence(index), type: chunk.type(index),
      bytes: Array(chunk.bytes[chunk.range(index)]))
    try print(record, in: reader)
  }

  func print(_ record: Record, in reader: RecordLogReader) throws {
    try print(record, description: reader.description, segment: reader.prologue.segment)
  }

  func print(_ record: Record, description: LogDescription?, segment: UInt64) throws {
    count += 1
    if selection.raw { return try output.write(record.bytes) }
    let isJSON = description?.type(record.type)?.encoding == .json
    if asTFRecords {
      let bytes = isJSON ? Array(record.bytes.dropLast()) : record.bytes
      return try output.write(unsafe TFRecord.encoded(bytes.span.bytes))
    }
    let line = isJSON ? record.bytes : Array(#"{"$b64":"\#(base64(record.bytes))"}"#.utf8) + [10]
    guard selection.envelope else { return try output.write(line) }
    let type = try jsonText(typeName(record.type, in: description))
    let start =
      #"{"seq":\#(record.sequence),"type":\#(type),"segment":\#(segment),"#
      + #""cursor":\#(record.cursor),"record":"#
    try output.write(Array(start.utf8) + line.dropLast() + Array("}\n".utf8))
  }

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
