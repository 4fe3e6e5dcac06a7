import ArgumentParser
import RecordLog

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "One line per chunk, or per record.")

  @OptionGroup var logs: Logs
  @Flag(help: "List records instead of chunks.") var records = false
  @Flag(help: "One JSON object per line.") var json = false

  @Flag(help: "Walk on behind damage; each damaged region gets a line of its own.")
  var salvage = false

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each(salvaging: salvage) { reader in
      // What was read before damage shows before the message about it.
      defer { try? output.flush() }
      if records {
        try listRecords(reader, to: output)
      } else {
        try listChunks(reader, to: output)
      }
      try output.flush()
      return tellEnding(reader, told: salvage ? reader.events.count : 0)
    }
  }

  private func listChunks(_ reader: RecordLogReader, to output: Output) throws {
    if !json { try output.line(ChunkLine.heading) }
    var told = 0
    while let header = try reader.nextHeader(verifying: salvage ? .stored : .headers) {
      try tellDamage(of: reader, &told, to: output)
      let line = ChunkLine(
        header, type: typeName(header.type, in: reader.description),
        segment: reader.prologue.segment, barrier: reader.lastBarrier)
      if json { try output.json(line) } else { try output.line(line.text) }
    }
    try tellDamage(of: reader, &told, to: output)
  }

  private func listRecords(_ reader: RecordLogReader, to output: Output) throws {
    if !json { try output.line(RecordLine.heading) }
    var told = 0
    while let chunk = try reader.nextChunk() {
      try tellDamage(of: reader, &told, to: output)
      for index in 0..<chunk.count {
        let line = RecordLine(
          seq: chunk.sequence(index), type: typeName(chunk.type(index), in: reader.description),
          bytes: chunk.range(index).count, offset: chunk.header.offset)
        if json { try output.json(line) } else { try output.line(line.text) }
      }
    }
    try tellDamage(of: reader, &told, to: output)
  }

  /// What was passed over since the last line.
  private func tellDamage(
    of reader: RecordLogReader, _ told: inout Int, to output: Output
  ) throws {
    let regions = reader.regions
    for region in regions.dropFirst(told) {
      if json { try output.json(RegionLine(region)) } else { try output.line("!  \(region)") }
    }
    told = regions.count
  }
}

private struct ChunkLine: Encodable {
  var offset: UInt64
  var kind: String
  var seq: UInt64
  var records: UInt32
  var stored: UInt64
  var raw: UInt32
  var ratio: Double
  var type: String
  var durable: UInt64
  var cursor: UInt64
  var time: UInt64
  var segment: UInt64
  /// The number of the barrier that stands here.
  var barrier: UInt64?

  static let heading = row(
    ["offset", "kind", "seq", "records", "stored", "raw", "ratio", "type", "durable", "cursor"])

  init(_ header: ChunkHeader, type: String, segment: UInt64, barrier: Barrier?) {
    self.segment = segment
    if header.isBarrier { self.barrier = barrier?.number }
    offset = header.offset
    kind = header.kind.map { "\($0)" } ?? "kind \(header.kindCode)"
    seq = header.firstSequence
    records = header.recordCount
    stored = header.length
    raw = header.valuesRaw
    ratio = RLogCLI.ratio(UInt64(header.valuesRaw), header.length)
    self.type = header.kind == .data ? type : "-"
    durable = header.durableOffset
    cursor = header.inputCursor
    time = header.time
  }

  var text: String {
    row([
      "\(offset)", barrier.map { "barrier \($0)" } ?? kind, "\(seq)", "\(records)", "\(stored)",
      "\(raw)", "\(ratio)", type,
      "\(durable)", "\(cursor)",
    ])
  }
}

private struct RecordLine: Encodable {
  var seq: UInt64
  var type: String
  var bytes: Int
  /// Of the chunk.
  var offset: UInt64

  static let heading = row(["seq", "type", "bytes", "chunk at"])
  var text: String { row(["\(seq)", type, "\(bytes)", "\(offset)"]) }
}

/// Cells under one another.
private func row(_ cells: [String]) -> String {
  let padded = cells.map { String(repeating: " ", count: max(0, 10 - $0.count)) + $0 }
  return padded.joined(separator: " ")
}
