import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Options under which the same records give the same bytes.
func repeatable(chunk: Int = 256 << 10, sync: SyncPolicy = .bytes(.mebibytes(8)))
  -> RecordLogOptions
{
  var options = RecordLogOptions()
  options.fileID = FileID(tag: 0x1716_1514_1312_1110, rest: 0x1F1E_1D1C_1B1A_1918)
  options.logID = 7
  options.clock = { 1_700_000_000_000_000 }
  options.chunk = ByteCount(chunk)
  options.sync = sync
  return options
}

/// JSON lines of varied length, some of them hard to pack.
func lines(_ count: Int) -> [String] {
  (0..<count).map { number in
    let noise = (0..<number % 7 * 5).map { String((number * 7919 + $0 * 104_729) % 977, radix: 36) }
    return #"{"id":\#(number),"text":"\#(noise.joined())"}"#
  }
}

func write(
  _ records: [String], to path: String, options: RecordLogOptions = repeatable(),
  committingEvery count: Int = .max, finishing: Bool = true
) throws {
  let writer = try RecordLogWriter(creating: path, options: options)
  for (number, record) in records.enumerated() {
    try writer.append(record, cursor: UInt64(number + 1))
    if (number + 1) % count == 0 { try writer.commit() }
  }
  if finishing { try writer.finish() } else { try writer.commit() }
}

/// What a reader made of some bytes.
struct Reading: Equatable {
  var records: [String] = []
  var sequences: [UInt64] = []
  var ending: LogEnding?
  var events: [RecordLogEvent] = []
  var error: RecordLogError?
}

func read(_ path: String, _ mode: ReadMode = .strict, mapping: Bool = true) -> Reading {
  var result = Reading()
  do {
    var options = ReadOptions(mode: mode)
    options.mapsSealedFiles = mapping
    let reader = try RecordLogReader(path: path, options: options)
    defer {
      result.ending = reader.ending
      result.events = reader.events
    }
    while let record = try reader.next() {
      result.records.append(String(decoding: record.bytes.dropLast(), as: UTF8.self))
      result.sequences.append(record.sequence)
    }
  } catch {
    result.error = error
  }
  return result
}

func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

/// Overwrites in place: emptying the file first would make many file systems flush it each time.
func put(_ bytes: some Sequence<UInt8>, at path: String) throws {
  let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT)
  let all = Array(bytes)
  try file.write(all.span.bytes)
  if try file.byteCount() > all.count { #expect(ftruncate(file.descriptor, all.count) == 0) }
}

/// What a program printed, and how it ended.
struct Outcome {
  var output: Data
  var complaint: String
  var code: Int32
  var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs a shell line.
func shell(_ line: String) throws -> Outcome {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-c", line]
  let complaint = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  _ = FileManager.default.createFile(atPath: complaint.path, contents: nil)
  defer { try? FileManager.default.removeItem(at: complaint) }
  let output = Pipe()
  process.standardOutput = output
  process.standardError = try FileHandle(forWritingTo: complaint)
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  let text = (try? String(contentsOf: complaint, encoding: .utf8)) ?? ""
  return Outcome(output: data, complaint: text, code: process.terminationStatus)
}

/// Whether a program stands in the search path.
func isInstalled(_ name: String) -> Bool {
  (try? shell("command -v \(name)").code) == 0
}

extension ChunkAssembly {
  /// The assembled chunk.
  var bytes: [UInt8] { withBytes { $0.withUnsafeBytes { [UInt8]($0) } } }
}
