import Bytes
import Foundation

/// Standard output: what another program may read.
enum Results {
  /// Writes at once, so that a reader on the other side of a pipe need not wait.
  static func write(_ text: String) throws(FileError) {
    guard !text.isEmpty else { return }
    let file = OpenFile(owning: dup(STDOUT_FILENO), path: "standard output")
    let bytes = Array(text.utf8)
    try unsafe file.write(bytes.span.bytes)
  }

  /// One object in a line of its own.
  static func write(json value: some Encodable) throws {
    try write(String(decoding: encoder.encode(value), as: UTF8.self) + "\n")
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return encoder
  }
}
