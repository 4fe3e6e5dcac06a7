import Bytes
import Foundation
import RecordLog

/// Standard output or a file, written in large pieces.
final class Output {
  private let file: OpenFile
  private var replacement: FileReplacement?
  private var compressor: Compressor?
  private var waiting: [UInt8] = []
  private static let piece = 256 << 10

  /// - Parameter path: a file, which gets its name in ``close()``, compressed where it ends in `.gz` or
  ///   `.zst`; nil or `-` for standard output.
  init(_ path: String? = nil) throws(FileError) {
    if let path, let compression = Compression(path: path) {
      compressor = try Compressor(path, compression)
    } else if let path, path != "-" {
      replacement = try FileReplacement(path: path)
    }
    file = OpenFile(owning: dup(STDOUT_FILENO), path: "standard output")
    if compressor == nil, replacement == nil { widenPipe(file.descriptor) }
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  func write(_ bytes: some Collection<UInt8>) throws(FileError) {
    waiting.append(contentsOf: bytes)
    if waiting.count >= Self.piece { try flush() }
  }

  /// Writes a large piece at once, without a copy of it.
  func write(whole bytes: [UInt8]) throws(FileError) {
    guard bytes.count >= Self.piece / 4 else { return try write(bytes) }
    try flush()
    try put(bytes)
  }

  func line(_ text: String) throws(FileError) { try write(Array((text + "\n").utf8)) }

  /// One object on a line of its own, its keys in order.
  func json(_ value: some Encodable) throws { try line(jsonText(value)) }

  func flush() throws(FileError) {
    guard !waiting.isEmpty else { return }
    defer { waiting.removeAll(keepingCapacity: true) }
    try put(waiting)
  }

  private func put(_ bytes: [UInt8]) throws(FileError) {
    if let compressor {
      try compressor.write(bytes)
    } else if replacement == nil {
      try unsafe file.write(bytes.span.bytes)
    } else {
      try replacement?.write(bytes)
    }
  }

  /// Writes the rest, and gives a file its name.
  func close() throws(FileError) {
    try flush()
    try compressor?.finish()
    try replacement?.commit()
  }
}

func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
