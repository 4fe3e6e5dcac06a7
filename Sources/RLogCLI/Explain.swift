import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What stands at a place in a log, byte by byte, and what is wrong with it.",
    discussion: """
      Shows the prologue, header, table or values around the offset, and names damage: one wrong \
      bit, zeros, converted line ends, a chunk of another file, a duplicate, a cut.
      """)

  @Argument(help: "The log.", completion: .file()) var log: String
  @Argument(help: "Bytes from the start of the file.") var offset: UInt64
  @Flag(help: "One JSON object.") var json = false

  private struct Line: Encodable {
    var structure: String
    var begin: UInt64
    var end: UInt64
    var chunk: UInt64?
    var damage: RegionLine?
    var flippedByte: UInt64?
    var flippedBit: Int?
    var zeroSectors: [UInt64]

    enum CodingKeys: String, CodingKey {
      case structure, begin, end, chunk, damage
      case flippedByte = "flipped_byte"
      case flippedBit = "flipped_bit"
      case zeroSectors = "zero_sectors"
    }
  }

  func run() throws {
    let bytes = try FileWindow(log)
    guard offset < bytes.count else {
      throw ValidationError("The file ends at \(bytes.count).")
    }
    let finding = try Finding(log, offset)
    let flip = try finding.flip(of: log)
    let zeros = try finding.region.map { try bytes.zeroSectors(in: $0.range) } ?? []
    let output = try Output()
    defer { try? output.flush() }
    if json {
      try output.json(
        Line(
          structure: finding.structure, begin: finding.range.lowerBound,
          end: finding.range.upperBound, chunk: finding.chunk,
          damage: finding.region.map { RegionLine($0) }, flippedByte: flip?.place,
          flippedBit: flip?.bit, zeroSectors: zeros))
    } else {
      try show(finding, bytes, to: output)
      if let flip { try output.line("one wrong bit: bit \(flip.bit) of byte \(flip.place)") }
      for sector in zeros { try output.line("a sector of zeros at \(sector)") }
    }
    if finding.region != nil { throw ExitKind.damage }
  }

  private func show(_ finding: Finding, _ bytes: FileWindow, to output: Output) throws {
    let range = finding.range
    try output.line("\(finding.structure), bytes \(range.lowerBound) to \(range.upperBound)")
    if let region = finding.region { try output.line("damaged: \(region)") }
    for field in finding.fields {
      let begin = range.lowerBound + UInt64(field.offset)
      let data = try bytes.read(begin..<min(begin + UInt64(field.count), bytes.count))
      let text = Explain.value(data)
      let name = field.name.padding(toLength: 26, withPad: " ", startingAt: 0)
      try output.line("\(begin)\t\(name)\t\(data.map { hex($0) }.joined(separator: " "))\t\(text)")
    }
    guard finding.fields.isEmpty else { return }
    let begin = max(range.lowerBound, (offset - min(offset, 64)) / 16 * 16)
    for line in stride(from: begin, to: min(range.upperBound, begin + 160), by: 16) {
      let data = try bytes.read(line..<min(line + 16, bytes.count))
      let text = data.map { (0x20..<0x7F).contains($0) ? Character(Unicode.Scalar($0)) : "." }
      try output.line("\(line)\t\(data.map { hex($0) }.joined(separator: " "))\t\(String(text))")
    }
  }

  private static func value(_ bytes: [UInt8]) -> String {
    guard bytes.count <= 8 else { return "" }
    return "\(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })"
  }
}

/// The structure around a place.
private struct Finding {
  var structure = "unknown bytes"
  var range: Range<UInt64>
  /// Where its chunk begins.
  var chunk: UInt64?
  var region: DamagedRegion?
  var fields: [Field] = []

  init(_ path: String, _ offset: UInt64) throws {
    range = offset..<offset + 1
    guard let reader = try Finding.open(path) else {
      prologue()
      return
    }
    var found = try reader.nextHeader(verifying: .decoded)
    while found != nil, reader.place <= offset {
      found = try reader.nextHeader(verifying: .decoded)
    }
    region = reader.regions.first { $0.range.contains(offset) }
    if let region {
      structure = "damaged region"
      range = region.range
      if offset < region.range.lowerBound + 128 { header(at: region.range.lowerBound) }
      if offset < 128 { prologue() }
    } else if offset < 128 {
      prologue()
    } else if let found {
      locate(offset, in: found, at: reader.place - found.length)
    }
  }

  /// Nil where no chunk of a log can be found at all.
  private static func open(_ path: String) throws -> RecordLogReader? {
    do throws(RecordLogError) {
      return try RecordLogReader(path: path, options: ReadOptions(mode: .salvage()))
    } catch {
      guard error.category == .damage else { throw error }
      complain("\(error)")
      return nil
    }
  }

  /// The one wrong bit that explains the damage.
  func flip(of path: String) throws -> BitFlip? {
    guard let region else { return nil }
    return try BitFlip.find(inChunkAt: region.range.lowerBound, of: path)
  }

  private mutating func prologue() {
    structure = "prologue"
    range = 0..<128
    fields = Field.prologue
  }

  private mutating func header(at place: UInt64) {
    structure = "chunk header"
    range = place..<place + 128
    fields = Field.header
  }

  private mutating func locate(_ offset: UInt64, in header: ChunkHeader, at place: UInt64) {
    chunk = place
    let table = place + 128
    let pad = table + UInt64(header.tableStored)
    let values = pad + UInt64(header.padBytes)
    let kind = header.isBarrier ? "barrier" : header.kind.map { "\($0)" } ?? "unknown"
    switch offset {
    case ..<table:
      self.header(at: place)
      structure = "\(kind) chunk header"
    case ..<pad:
      (structure, range) = ("\(kind) table", table..<pad)
      if header.kind == .mark, header.tableStored == 8 { fields = Field.mark }
    case ..<values: (structure, range) = ("\(kind) pad", pad..<values)
    default: (structure, range) = ("\(kind) values", values..<place + header.length)
    }
  }
}

/// A field of the format, for a person to read.
private struct Field {
  var name: String
  var offset: Int
  var count: Int

  static let prologue = lay([
    ("empty LZ4 frame", 11), ("skippable magic", 4), ("skip size", 4), ("zero", 5), ("sync", 8),
    ("major", 2), ("minor", 2), ("header size", 4), ("file tag", 8), ("rest of file id", 8),
    ("log id", 8), ("segment", 8), ("first sequence", 8), ("created", 8), ("previous tag", 8),
    ("previous length", 8), ("previous header checksum", 4), ("largest chunk", 4),
    ("largest record", 4), ("features", 4), ("zero", 4), ("checksum", 4),
  ])

  static let header = lay([
    ("skippable magic", 4), ("skip size", 4), ("sync", 8), ("file tag", 8), ("offset", 8),
    ("first sequence", 8), ("durable offset", 8), ("time", 8), ("input cursor", 8),
    ("input tag", 4), ("chunk index", 4), ("previous length", 4), ("previous header checksum", 4),
    ("records", 4), ("table stored", 4), ("table raw", 4), ("values stored", 4), ("values raw", 4),
    ("table checksum", 4), ("values checksum", 4), ("raw checksum", 4), ("kind", 1), ("codec", 1),
    ("type", 2), ("flags", 2), ("version", 1), ("zero", 5), ("checksum", 4),
  ])

  static let mark = lay([("last barrier", 8)])

  private static func lay(_ fields: [(name: String, count: Int)]) -> [Field] {
    var offset = 0
    return fields.map { field in
      defer { offset += field.count }
      return Field(name: field.name, offset: offset, count: field.count)
    }
  }
}

/// Pieces of a file.
private struct FileWindow {
  let count: UInt64
  private let handle: FileHandle

  init(_ path: String) throws {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw FileError(.open, path: path)
    }
    self.handle = handle
    count = try handle.seekToEnd()
  }

  func read(_ range: Range<UInt64>) throws -> [UInt8] {
    try handle.seek(toOffset: range.lowerBound)
    return [UInt8](try handle.read(upToCount: range.count) ?? Data())
  }

  /// Where sectors of 512 zero bytes stand; the first few.
  func zeroSectors(in range: Range<UInt64>) throws -> [UInt64] {
    var found: [UInt64] = []
    let begin = (range.lowerBound + 511) / 512 * 512
    for sector in stride(from: begin, to: range.upperBound, by: 512) where found.count < 16 {
      let bytes = try read(sector..<min(sector + 512, count))
      if bytes.allSatisfy({ $0 == 0 }) { found.append(sector) }
    }
    return found
  }
}
