import Bytes
import Foundation
import RecordLog

/// A line that is no record, under `--strict`.
struct RefusedLine: Error, CustomStringConvertible {
  var input: String
  var line: UInt64
  var reason: String
  var description: String { "\(input), line \(line): \(reason)" }
}

/// Turns lines into records, and sets aside what is none.
final class LineImporter {
  private(set) var tally = ImportTally()
  private let writer: RecordLogWriter
  private let type: UInt16
  private let aside: String?
  private let isStrict: Bool
  private let limit: Int
  private let skipping: UInt64
  private var quarantine: OpenFile?

  init(
    to writer: RecordLogWriter, type: UInt16, aside: String?, isStrict: Bool, limit: Int,
    skipping: UInt64
  ) {
    self.writer = writer
    self.type = type
    self.aside = aside
    self.isStrict = isStrict
    self.limit = limit
    self.skipping = skipping
  }

  func take(_ path: String) throws {
    var input = try LineInput(path, limit: limit)
    var number: UInt64 = 0
    while let lines = try input.nextLines() {
      var rest = lines
      if number == 0, rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
      try take(rest, &number, of: input.name)
    }
  }

  /// Takes lines from one piece of the input; those that are good one after the other go to the log
  /// together.
  private func take(
    _ lines: ArraySlice<UInt8>, _ number: inout UInt64, of input: String
  ) throws {
    var good = lines.startIndex..<lines.startIndex
    var cursor = tally.lines
    while good.upperBound < lines.endIndex {
      let end = lineEnd(lines, from: good.upperBound)
      let line = lines[good.upperBound..<end]
      number += 1
      if isNew(), try isRecord(line, number, of: input) {
        good = good.lowerBound..<end
      } else {
        try append(lines[good], behind: cursor)
        cursor = tally.lines
        good = end..<end
      }
    }
    try append(lines[good], behind: cursor)
  }

  /// Behind the line feed of the line that begins at `start`.
  private func lineEnd(_ lines: ArraySlice<UInt8>, from start: Int) -> Int {
    unsafe lines[start...].withUnsafeBytes { rest in
      guard let base = rest.baseAddress else { return start }
      guard let found = unsafe memchr(base, 10, rest.count) else { return start + rest.count }
      return start + (unsafe UnsafeRawPointer(found) - base) + 1
    }
  }

  /// Counts a line; whether no earlier import took it.
  private func isNew() -> Bool {
    tally.lines += 1
    if tally.lines <= skipping { tally.skipped += 1 }
    return tally.lines > skipping
  }

  /// Sets a line aside if it is no record.
  private func isRecord(
    _ whole: ArraySlice<UInt8>, _ number: UInt64, of input: String
  ) throws -> Bool {
    let line = whole.last == 10 ? whole.dropLast() : whole
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
      tally.blank += 1
    } else if let reason = whyRefused(line) {
      try setAside(RefusedLine(input: input, line: number, reason: reason), line)
    } else {
      return true
    }
    return false
  }

  /// - Parameter cursor: the number of lines before these.
  private func append(_ lines: ArraySlice<UInt8>, behind cursor: UInt64) throws {
    guard !lines.isEmpty else { return }
    let before = writer.nextSequence
    defer { tally.records += writer.nextSequence - before }
    try writer.append(lines: unsafe lines.span.bytes, type: type, cursor: cursor)
  }

  /// - Parameter asBytes: whether the records are bytes, else JSON.
  func takeTFRecords(_ path: String, asBytes: Bool) throws {
    var input = TFRecordReader(try OpenFile(path: path), limit: ByteCount(limit))
    var number: UInt64 = 0
    while let record = try input.next() {
      number += 1
      guard isNew() else { continue }
      if asBytes {
        try writer.append(record, type: 0, cursor: tally.lines)
        tally.records += 1
      } else if record.contains(10) {
        let reason = "holds a line feed, see --binary"
        try setAside(RefusedLine(input: path, line: number, reason: reason), record[...])
      } else if try isRecord(record[...], number, of: path) {
        try writer.append(record, type: type, cursor: tally.lines)
        tally.records += 1
      }
    }
  }

  private func whyRefused(_ line: ArraySlice<UInt8>) -> String? {
    // The line feed counts, too.
    guard line.count < limit else { return "longer than \(ByteCount(limit)), see --largest-record" }
    return unsafe JSONSyntax.fault(in: line.span.bytes).map { "\($0)" }
  }

  private struct Quarantined: Encodable {
    var input: String
    var line: UInt64
    var reason: String
    var text: String
  }

  private func setAside(_ refused: RefusedLine, _ line: ArraySlice<UInt8>) throws {
    guard !isStrict else { throw refused }
    tally.quarantined += 1
    guard let aside else { return complain("\(refused)") }
    if quarantine == nil {
      quarantine = try OpenFile(path: aside, flags: O_WRONLY | O_CREAT | O_APPEND)
    }
    // Enough to find the line by.
    let text = String(decoding: line.prefix(64 << 10), as: UTF8.self)
    let entry = Quarantined(
      input: refused.input, line: refused.line, reason: refused.reason, text: text)
    let bytes = Array((try jsonText(entry) + "\n").utf8)
    try unsafe quarantine?.write(bytes.span.bytes)
  }

  func close() throws {
    try quarantine?.sync()
    if tally.quarantined > 0, let aside { complain("lines that are not JSON are in \(aside)") }
  }
}
