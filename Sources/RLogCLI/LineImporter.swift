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
  private let sink: any ImportSink
  private let type: UInt16
  private let aside: String?
  private let isStrict: Bool
  private let limit: Int
  private let skipping: UInt64
  /// After how many records a barrier stands.
  private let barrierEvery: UInt64?
  /// Whether everything is made durable as it comes.
  private let commitsAll: Bool
  private var progress = ImportProgress()
  private var quarantine: OpenFile?

  /// - Parameter skipping: how many lines an earlier import has taken.
  init(
    to sink: any ImportSink, type: UInt16, aside: String?, isStrict: Bool, limit: Int,
    skipping: UInt64, barrierEvery: UInt64?, commitsAll: Bool
  ) {
    self.sink = sink
    self.type = type
    self.aside = aside
    self.isStrict = isStrict
    self.limit = limit
    self.skipping = skipping
    self.barrierEvery = barrierEvery
    self.commitsAll = commitsAll
  }

  func take(_ path: String) throws {
    var input = try LineInput(path, limit: limit)
    var number: UInt64 = 0
    while let lines = try input.nextLines() {
      var rest = lines
      if number == 0, rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
      try take(rest, &number, of: input.name)
      if commitsAll { try sink.commit() }
      progress.show(sink)
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
    var rest = lines
    var cursor = cursor
    while !rest.isEmpty {
      let piece = upToBarrier(rest)
      let before = sink.nextSequence
      defer { tally.records += sink.nextSequence - before }
      cursor += UInt64(
        try sink.append(lines: unsafe piece.span.bytes, type: type, cursor: cursor))
      rest = rest[piece.endIndex...]
      try putBarrier(cursor)
    }
  }

  /// As many of the lines as may come before the next barrier.
  private func upToBarrier(_ lines: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let every = barrierEvery else { return lines }
    var end = lines.startIndex
    var left = every - sink.nextSequence % every
    while left > 0, end < lines.endIndex {
      end = lineEnd(lines, from: end)
      left -= 1
    }
    return lines[..<end]
  }

  /// Puts a barrier where one belongs and none is yet.
  func putBarrier(_ cursor: UInt64) throws {
    guard let every = barrierEvery else { return }
    let (number, rest) = sink.nextSequence.quotientAndRemainder(dividingBy: every)
    if rest == 0, number > sink.lastBarrier { try sink.barrier(number, cursor: cursor) }
  }

  /// - Parameter asBytes: whether the records are bytes, else JSON.
  func takeTFRecords(_ path: String, asBytes: Bool) throws {
    var input = TFRecordReader(try OpenFile(path: path), limit: ByteCount(limit))
    var number: UInt64 = 0
    while let record = try input.next() {
      number += 1
      guard isNew() else { continue }
      if asBytes {
        try append(record, type: 0)
      } else if record.contains(10) {
        let reason = "holds a line feed, see --binary"
        try setAside(RefusedLine(input: path, line: number, reason: reason), record[...])
      } else if try isRecord(record[...], number, of: path) {
        try append(record, type: type)
      }
      progress.show(sink)
    }
    if commitsAll { try sink.commit() }
  }

  private func append(_ record: [UInt8], type: UInt16) throws {
    _ = try sink.append(record, type: type, cursor: tally.lines)
    tally.records += 1
    try putBarrier(tally.lines)
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
    progress.clear()
    try quarantine?.sync()
    if tally.quarantined > 0, let aside { complain("lines that are not JSON are in \(aside)") }
  }
}
