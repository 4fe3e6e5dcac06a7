import ArgumentParser
import RecordLog

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "One line per chunk, or per record.")

  @OptionGroup var logs: Logs
  @Flag(help: "List records instead of chunks.") var records = false
  @Flag(help: "One JSON object per line.") var json = false

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      // What was read before damage shows before the message about it.
      defer { try? output.flush() }
      if records {
        try listRecords(reader, to: output)
      } else {
        try listChunks(reader, to: output)
      }
      try output.flush()
      return tellEnding(reader)
    }
  }

  private func listChunks(_ reader: RecordLogReader, to output: Output) throws {
    if !json { try output.line(ChunkLine.heading) }
    while let header = try reader.nextHeader() {
      let line = ChunkLine(header, type: typeName(header.type, in: reader.description))
      if json { try output.json(line) } else { try output.line(line.text) }
    }
  }

  private func listRecords(_ reader: RecordLogReader, to output: Output) throws {
    if !json { try output.line(RecordLine.heading) }
    while let chunk = try reader.nextChunk() {
      for index in 0..<chunk.count {
        let line = RecordLine(
          seq: chunk.sequence(index), type: typeName(chunk.type(index), in: reader.description),
          bytes: chunk.range(index).count, offset: chunk.header.offset)
        if json { try output.json(line) } else { try output.line(line.text) }
      }
    }
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

  static let heading = row(
    ["offset", "kind", "seq", "records", "stored", "raw", "ratio", "type", "durable", "cursor"])

  init(_ header: ChunkHeader, type: String) {
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
      "\(offset)", kind, "\(seq)", "\(records)", "\(stored)", "\(raw)", "\(ratio)", type,
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
