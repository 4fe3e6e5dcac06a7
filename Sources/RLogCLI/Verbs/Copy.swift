import ArgumentParser
import Bytes
import RecordLog

struct Copy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cp", abstract: "Copies a log, also one that is being written.",
    discussion: """
      Everything is verified before it is copied, byte for byte. Of a log that is being written the \
      copy ends at the durable offset, behind a whole chunk; it opens like a log after a crash. A \
      folder becomes a folder.
      """)

  @Argument(help: "The log, a file or a folder.", completion: .file()) var log: String
  @Argument(help: "The copy, which must not exist.", completion: .file()) var copy: String
  @Flag(help: "Also take whole chunks that nothing says to be durable.") var undurable = false
  @Flag(help: "One JSON object.") var json = false

  private struct Line: Encodable {
    var path: String
    var files: Int
    var bytes: UInt64
    var records: UInt64
    var sealed: Bool
  }

  func run() throws {
    let result = try LogBackup.make(of: log, at: copy, includesUndurable: undurable)
    guard json else {
      let end = result.isSealed ? "" : ", not sealed"
      return complain("\(result.records) records, \(result.bytes) bytes copied to \(copy)\(end)")
    }
    let output = try Output()
    try output.json(
      Line(
        path: copy, files: result.files, bytes: result.bytes, records: result.records,
        sealed: result.isSealed))
    try output.flush()
  }
}

struct Rechunk: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A copy of a log with its records packed into chunks anew.",
    discussion: """
      For logs of many small chunks, or to trade size against random reads. Records keep their \
      numbers; cursors stay with the last record of each chunk.
      """)

  @Argument(help: "The log.", completion: .file()) var log: String
  @Option(name: .shortAndLong, help: "The copy, which must not exist.", completion: .file())
  var output: String
  @Option(help: "Record bytes per chunk, such as 256KiB.") var chunkBytes = "256KiB"
  @Flag(help: "One JSON object.") var json = false

  func validate() throws {
    guard let chunk = ByteCount(parsing: chunkBytes), chunk.bytes > 0, chunk <= .mebibytes(64)
    else { throw ValidationError("--chunk-bytes takes 1 to 64MiB, not \(chunkBytes).") }
  }

  func run() throws {
    var rewriting = LogRewriting()
    rewriting.chunk = ByteCount(parsing: chunkBytes)
    _ = try rewriting.run(from: log, to: output)
    try tellMade(output, json: json, "is packed anew")
  }
}
