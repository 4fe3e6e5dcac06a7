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
    help: """
      Wrap each record: {seq, type, segment, offset, cursor, record}; barriers between them show as \
      {barrier, seq}.
      """)
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

  @Option(
    help: ArgumentHelp(
      """
      Of a pipe: give up, with code 3, when nothing came for so long; a writer that is alive is heard \
      every second.
      """, valueName: "seconds"))
  var patience: Double?

  @Flag(help: "A log again: whole chunks are passed on as they are stored.")
  var log = false

  func validate() throws {
    guard patience ?? 1 > 0 else { throw ValidationError("--patience must be more than 0.") }
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
      try logs.eachStoredChunk(salvaging: salvage, barrier: maker.pass) { chunk, reader in
        try maker.append(chunk, from: reader, part: selection.part)
      }
    }
    if kind != .good { throw kind }
  }

  func run() throws {
    if log { return try passOn() }
    let printer = RecordPrinter(selection, to: try Output(), limit: limit)
    defer { try? printer.output.flush() }
    try logs.each(salvaging: salvage, patience: patience.map { .seconds($0) }) { reader in
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
  private let form: Export.Form
  private var arrow = ArrowStream()
  private let condition: RecordExpression?

  init(
    _ selection: Selection, to output: Output, limit: Int? = nil, as form: Export.Form = .jsonl
  ) {
    self.form = form
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
    guard selection.takesAll, limit == nil, form == .jsonl else { return try printEach(reader) }
    while let chunk = try reader.nextChunk() {
      if selection.raw || chunk.header.flags.contains(.newline) {
        try output.write(whole: chunk.bytes)
        count += chunk.count
      } else {
        for index in 0..<chunk.count { try printOne(chunk, index, of: reader) }
      }
      // The next chunk of a pipe may have to be waited for.
      try output.flush()
    }
    return false
  }

  private func printEach(_ reader: RecordLogReader) throws -> Bool {
    while count < limit ?? .max {
      guard let item = try reader.nextItem() else { return false }
      guard case .record(let record) = item else {
        if case .barrier(let barrier) = item { try print(barrier) }
        continue
      }
      if let last = selection.part.toSeq, record.sequence >= last { return true }
      if try isWanted(record, reader) { try print(record, in: reader) }
      let isLastOfChunk = record.sequence + 1 == reader.nextSequence
      if isLastOfChunk { try output.flush() }
    }
    return true
  }

  /// Among enveloped records, barriers show.
  private func print(_ barrier: Barrier) throws {
    guard selection.envelope, selection.part.contains(barrier) else { return }
    try output.line(#"{"barrier":\#(barrier.number),"seq":\#(barrier.sequence)}"#)
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
    guard form == .jsonl else {
      let bytes = isJSON ? Array(record.bytes.dropLast()) : record.bytes
      return try print(bytes, of: record, typeName(record.type, in: description))
    }
    let line = isJSON ? record.bytes : Array(#"{"$b64":"\#(base64(record.bytes))"}"#.utf8) + [10]
    guard selection.envelope else { return try output.write(line) }
    let type = try jsonText(typeName(record.type, in: description))
    let start =
      #"{"seq":\#(record.sequence),"type":\#(type),"segment":\#(segment),"#
      + #""offset":\#(record.chunkOffset),"cursor":\#(record.cursor),"record":"#
    try output.write(Array(start.utf8) + line.dropLast() + Array("}\n".utf8))
  }

  private func print(_ bytes: [UInt8], of record: Record, _ type: String) throws {
    let out =
      form == .arrow
      ? unsafe arrow.append(sequence: record.sequence, type: type, record: bytes.span.bytes)
      : unsafe TFRecord.encoded(bytes.span.bytes)
    try output.write(out)
  }

  /// Writes what stands behind the last record.
  func finish() throws {
    if form == .arrow { try output.write(arrow.finish()) }
  }

  private func lengthPrefixed(_ bytes: [UInt8]) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
  }

  private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
