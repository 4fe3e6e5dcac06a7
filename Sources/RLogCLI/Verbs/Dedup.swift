import ArgumentParser
import Bytes
import Foundation
import RecordLog

struct Dedup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A log without the records that say again what an earlier one said.",
    discussion: """
      Of records with equal values of the field the first stays. With --near a record goes where \
      it has at least the threshold of its word triples in common with an earlier one that stays, \
      as MinHash of 128 places estimates it. Records without the field stay. Files are gone \
      through twice; a pipe is copied to a temporary file first.
      """)

  @OptionGroup var logs: Logs
  @Option(help: "The field that counts, such as .prompt; . is the whole record.") var field: String
  @Flag(help: "Remove near duplicates, too.") var near = false
  @Option(help: "With --near: from which share on, 0.1 to 1.") var threshold = 0.8
  @OptionGroup var making: MakingOptions
  @OptionGroup var temporary: TemporaryOptions

  func validate() throws {
    _ = try RecordExpression.parsed(field, option: "--field")
    guard (0.1...1).contains(threshold) else {
      throw ValidationError("--threshold takes 0.1 to 1.")
    }
  }

  private struct Tally: Encodable, CustomStringConvertible {
    var read: UInt64
    var written: UInt64
    var duplicates: UInt64
    var withoutField: UInt64

    enum CodingKeys: String, CodingKey {
      case read, written, duplicates
      case withoutField = "without_field"
    }

    var description: String {
      let without = withoutField > 0 ? ", \(withoutField) without the field" : ""
      return "\(written) of \(read) records, \(duplicates) duplicates removed" + without
    }
  }

  func run() throws {
    let field = try RecordExpression.parsed(self.field, option: "--field")
    let folder = temporary.temporary
    let search = try Deduplication(
      by: field, likeness: near ? .near(threshold: threshold) : .equal, folder: folder)
    let sources = try logs.logs.map { try RereadableLog($0, folder: folder) }
    for source in sources { _ = try endless(source) { record, _ in try search.look(at: record) } }
    try search.finish()
    let kind = try making.make(of: logs) { maker in
      let kind = try copy(sources, but: search, to: maker)
      try making.tell(
        Tally(
          read: search.records, written: maker.count, duplicates: search.duplicateCount,
          withoutField: search.withoutField))
      return kind
    }
    if kind != .good { throw kind }
  }

  /// All records, without a word about the end.
  private func endless(
    _ source: RereadableLog, _ take: (Record, RecordLogReader) throws -> Void
  ) throws {
    let reader = try source.open()
    while let record = try reader.next() { try take(record, reader) }
  }

  private func copy(
    _ sources: [RereadableLog], but search: Deduplication, to maker: LogMaker
  ) throws -> ExitKind {
    var number: UInt64 = 0
    var result = ExitKind.good
    for source in sources {
      let kind = try every(source.open(), barrier: maker.pass) { record, reader in
        // What was appended to the log since it was looked at waits for the next time.
        if number < search.records, !search.isDuplicate(number) {
          try maker.append(record, from: reader)
        }
        number += 1
      }
      if result == .good { result = kind }
    }
    return result
  }
}

/// A log that can be read more than once: a pipe goes to a temporary file first.
private final class RereadableLog {
  private let path: String
  private var copy: FileHandle?

  init(_ path: String, folder: String) throws {
    self.path = path
    guard path == "-" else { return }
    let name = "\(folder)/.rlog-input-\(UUID().uuidString)"
    let file = try OpenFile(path: name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    unsafe unlink(name)
    let input = OpenFile(owning: dup(STDIN_FILENO), path: "standard input")
    var bytes = try input.read(upTo: 256 << 10)
    while !bytes.isEmpty {
      try unsafe file.write(bytes.span.bytes)
      bytes = try input.read(upTo: 256 << 10)
    }
    copy = FileHandle(fileDescriptor: dup(file.descriptor), closeOnDealloc: true)
  }

  func open() throws -> RecordLogReader {
    guard let copy else { return try RLogCLI.open(path) }
    return try RecordLogReader(
      descriptor: copy.fileDescriptor, name: "standard input",
      options: ReadOptions(mode: .tailTolerant))
  }
}
