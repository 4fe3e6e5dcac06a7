import ArgumentParser
import Foundation
import RecordLog

struct Meta: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What a log's description says, and copies with other entries in it.",
    discussion: """
      With --set or --remove a copy is made, whose chunks are passed on as they are stored; the log \
      itself is never changed.
      """)

  @Argument(help: "The log; - is standard input.", completion: .file()) var log = "-"
  @Option(help: "An entry to set, KEY=VALUE; a value that is JSON counts as that.")
  var set: [String] = []
  @Option(help: "An entry to take away.") var remove: [String] = []
  @Option(name: .shortAndLong, help: "The copy, which must not exist.", completion: .file())
  var output: String?
  @Flag(help: "One JSON object; what is always printed without --set.") var json = false

  private var isChange: Bool { !set.isEmpty || !remove.isEmpty }

  func validate() throws {
    for entry in set where !entry.dropFirst().contains("=") {
      throw ValidationError("--set takes KEY=VALUE, not \(entry).")
    }
    if isChange, output == nil || log == "-" {
      throw ValidationError("--set and --remove want a file and --output.")
    }
    if !isChange, output != nil { throw ValidationError("--output wants --set or --remove.") }
  }

  func run() throws {
    if let output { return try change(to: output) }
    let reader = try open(log)
    while try reader.nextHeader() != nil {}
    let out = try Output()
    if let description = reader.description { try out.json(description) }
    try out.flush()
    let kind = tellEnding(reader)
    if kind != .good { throw kind }
  }

  private func change(to output: String) throws {
    var rewriting = LogRewriting()
    for key in remove { rewriting.user.updateValue(nil, forKey: key) }
    for entry in set {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      rewriting.user[String(parts[0])] = JSONValue(typed: String(parts[1]))
    }
    _ = try rewriting.run(from: log, to: output)
    try tellMade(output, json: json, "has the new description")
  }
}

extension JSONValue {
  /// What a person typed: JSON where it is, else text.
  fileprivate init(typed text: String) {
    let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    self = value ?? .string(text)
  }
}

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The types of a log's records, and how many records there are of each.",
    discussion: "One line for each: id, name, encoding, records, hash of the schema if it has one.")

  @OptionGroup var logs: Logs
  @Flag(help: "One JSON object per type.") var json = false

  private struct Line: Encodable {
    var path: String
    var id: UInt16
    var name: String
    var encoding: String
    var records: Int
    var schemaHash: String?

    enum CodingKeys: String, CodingKey {
      case path, id, name, encoding, records
      case schemaHash = "schema_hash"
    }
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      var counts: [UInt16: Int] = [:]
      while let chunk = try reader.nextStoredChunk() {
        counts.merge(chunk.countsByType, uniquingKeysWith: +)
      }
      for type in reader.description?.types ?? [] {
        let line = Line(
          path: reader.path, id: type.id, name: type.name, encoding: type.encoding.rawValue,
          records: counts[type.id] ?? 0, schemaHash: type.schemaHash)
        let text = "\(line.id)\t\(line.name)\t\(line.encoding)\t\(line.records)"
        if json { try output.json(line) } else { try output.line(text) }
      }
      return tellEnding(reader)
    }
  }
}

struct Cursor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How far the writer of a log had read its own input.",
    discussion: """
      Of the last whole chunk: the cursor, the number of the next record, and the offset up to which \
      the log says of itself that it is durable.
      """)

  @OptionGroup var logs: Logs
  @Flag(help: "One JSON object per log.") var json = false

  private struct Line: Encodable {
    var path: String
    var cursor: UInt64
    var inputTag: UInt32
    var nextSequence: UInt64
    var durableOffset: UInt64

    enum CodingKeys: String, CodingKey {
      case path, cursor
      case inputTag = "input_tag"
      case nextSequence = "next_sequence"
      case durableOffset = "durable_offset"
    }
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each { reader in
      var line = Line(path: reader.path, cursor: 0, inputTag: 0, nextSequence: 0, durableOffset: 0)
      while let header = try reader.nextHeader() {
        if header.inputTag != 0 { line.inputTag = header.inputTag }
        line.durableOffset = max(line.durableOffset, header.durableOffset)
      }
      line.cursor = reader.lastCursor
      line.nextSequence = reader.nextSequence
      if json { try output.json(line) } else { try output.line("\(line.cursor)") }
      return tellEnding(reader)
    }
  }
}
