import ArgumentParser
import RecordLog

struct Get: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Single records by their sequence numbers.",
    discussion: "A sealed file is searched by its index. A pipe wants the numbers in rising order.")

  @Argument(help: "The log; - is standard input.", completion: .file())
  var log: String

  @Argument(help: "Sequence numbers.") var sequences: [UInt64]

  @Flag(
    name: [.customLong("envelope"), .customLong("json")],
    help: "Wrap each record: {seq, type, segment, offset, cursor, record}.")
  var envelope = false

  func run() throws {
    let printer = try RecordPrinter(enveloping: envelope)
    defer { try? printer.output.flush() }
    let reader = try open(log)
    var isMissing = false
    for sequence in sequences {
      if let record = try find(sequence, in: reader) {
        try printer.print(record, in: reader)
      } else {
        complain("\(log): record \(sequence): the log holds no such record")
        isMissing = true
      }
    }
    if isMissing { throw ExitKind.usage }
  }

  private func find(_ sequence: UInt64, in reader: RecordLogReader) throws -> Record? {
    do throws(RecordLogError) { try reader.seek(toSequence: sequence) } catch {
      guard error.problem == .noSuchRecord else { throw error }
      return nil
    }
    return try reader.next()
  }
}
