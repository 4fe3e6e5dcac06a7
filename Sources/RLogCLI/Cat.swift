import ArgumentParser
import Bytes
import Foundation
import RecordLog

/// Which records are wanted, and in what form.
struct Selection: ParsableArguments {
  @OptionGroup var part: Part

  @Option(
    name: .customLong("where"),
    help: "Only records for which this holds, such as '.score > 0.5'; see rlog filter --help.")
  var condition: String?

  @Flag(
    name: [.customLong("envelope"), .customLong("json")],
    help: "Wrap each record: {seq, type, segment, offset, cursor, record}.")
  var envelope = false

  @Flag(help: "Records as they are, nothing between them; not to a terminal.")
  var raw = false

  @Flag(name: .customShort("0"), help: "Records as they are, a zero byte behind each.")
  var zero = false

  @Flag(
    name: .customLong("len32"),
    help: "Records as they are, their length in front of each, as 4 bytes, lowest first.")
  var prefixed = false

  func validate() throws {
    guard [raw, zero, prefixed, envelope].count(where: { $0 }) < 2 else {
      throw ValidationError("--raw, -0, --len32 and --envelope exclude each other.")
    }
    if raw || zero || prefixed, Output.isTerminal {
      throw ValidationError("--raw, -0 and --len32 do not write to a terminal.")
    }
    if let condition { _ = try RecordExpression.parsed(condition, option: "--where") }
  }

  /// Whether whole chunks can go out as they are.
  var takesAll: Bool { part.takesAll && condition == nil && !envelope && !zero && !prefixed }
}

struct Cat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The records: JSON as it is, one on a line; others as {\"$b64\": …}.")

  @OptionGroup var logs: Logs
  @OptionGroup var selection: Selection
  @Option(help: "Stop after this many records.") var limit: Int?

  @Flag(help: "Read on behind damage, and tell what was passed over.")
  var salvage = false

  @Flag(help: "A log again: whole chunks are passed on as they are stored.")
  var log = false

  func validate() throws {
    guard log else { return }
    let isPlain = !selection.envelope && !selection.raw && !selection.zero && !selection.prefixed
    guard isPlain, selection.condition == nil, limit == nil else {
      throw ValidationError(
        "--log takes --type, --from-seq, --to-seq and --time; else rlog filter.")
    }
    if Output.isTerminal { throw ValidationError("A log is not for a terminal.") }
  }

  /// To standard output, chunk by chunk.
  private func passOn() throws {
    let making = try MakingOptions.parse([])
    let kind = try making.make(of: logs) { maker in
      try logs.eachStoredChunk(salvaging: salvage) { chunk, reader in
        try maker.append(chunk, from: reader, part: selection.part)
      }
    }
    if kind != .good { throw kind }
  }

  func run() throws {
    if log { return try passOn() }
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
  private let condition: RecordExpression?

  init(
    _ selection: Selection, to output: Output, limit: Int? = nil, asTFRecords: Bool = false
  ) {
    self.asTFRecords = asTFRecords
    self.selection = selection
    // What cannot be parsed was refused before.
    condition = selection.condition.flatMap { try? RecordExpression(parsing: $0) }
    self.output = output
    self.limit = limit
  }

  /// Prints all records that it is given to standard output.
  convenience init(enveloping envelope: Bool) throws {
    try self.init(Selection.parse(envelope ? ["--envelope"] : []), to: Output())
  }

  /// True where everything wanted was printed before the log's end.
  func printAll(_ reader: RecordLogReader) throws -> Bool {
    if let first = selection.part.fromSeq, first > reader.prologue.firstSequence,
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
      if let last = selection.part.toSeq, record.sequence >= last { return true }
      guard try isWanted(record, reader) else { continue }
      try print(record, in: reader)
    }
    return true
  }

  private func isWanted(_ record: Record, _ reader: RecordLogReader) throws -> Bool {
    guard selection.part.contains(record) else { return false }
    if let time = selection.part.time, !time.contains(reader.lastTime) { return false }
    return try condition?.holds(for: record) ?? true
  }

  private func printOne(_ chunk: RecordChunk, _ index: Int, of reader: RecordLogReader) throws {
    let record = Record(
      sequence: chunk.sequence(index), type: chunk.type(index),
      bytes: Array(chunk.bytes[chunk.range(index)]), chunkOffset: chunk.header.offset)
    try print(record, in: reader)
  }

  func print(_ record: Record, in reader: RecordLogReader) throws {
    try print(record, description: reader.description, segment: reader.prologue.segment)
  }

  func print(_ record: Record, description: LogDescription?, segment: UInt64) throws {
    count += 1
    if selection.raw { return try output.write(record.bytes) }
    if selection.zero { return try output.write(record.bytes + [0]) }
    if selection.prefixed { return try output.write(lengthPrefixed(record.bytes)) }
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
      + #""offset":\#(record.chunkOffset),"cursor":\#(record.cursor),"record":"#
    try output.write(Array(start.utf8) + line.dropLast() + Array("}\n".utf8))
  }

  private func lengthPrefixed(_ bytes: [UInt8]) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
  }

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
