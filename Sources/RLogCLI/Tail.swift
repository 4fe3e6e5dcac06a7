import ArgumentParser
import RecordLog

struct Tail: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The last records of a log, and those to come.",
    discussion: """
      With -f the log is read while it is written, until it is sealed; a folder through all its \
      segments, until the last one is sealed, or for ever with --stay. Records show when all their \
      checksums hold; with --durable-only when they would also survive a power cut. Where nobody \
      writes the log any more, though it has no end, that is told, and a writer to come is waited for.
      """)

  @Argument(help: "The log; - is standard input.", completion: .file())
  var log: String

  @Option(name: [.customShort("n"), .customLong("count")], help: "How many records.")
  var count = 10

  @Flag(name: [.customShort("f"), .customLong("follow")], help: "Wait for more.")
  var follow = false

  @Flag(help: "Only what would survive a power cut.") var durableOnly = false

  @Flag(help: "With -f, of a folder: wait for the log to be opened once more when it is sealed.")
  var stay = false

  @Flag(
    name: [.customLong("envelope"), .customLong("json")],
    help: "Wrap each record: {seq, type, segment, offset, cursor, record}.")
  var envelope = false

  func validate() throws {
    if count < 0 { throw ValidationError("--count takes 0 or more.") }
    if log == "-", follow || durableOnly {
      throw ValidationError("A pipe is followed with cat: -f and --durable-only want a file.")
    }
  }

  func run() throws {
    let printer = try RecordPrinter(enveloping: envelope)
    defer { try? printer.output.flush() }
    if follow || durableOnly { try followFile(printer) } else { try printLast(printer) }
  }

  private func printLast(_ printer: RecordPrinter) throws {
    let reader = try open(log)
    var last = LastRecords(count)
    if log != "-" {
      // Headers tell where the last records begin.
      let scout = try open(log)
      while try scout.nextHeader() != nil {}
      let first = reader.prologue.firstSequence
      let wanted = scout.nextSequence - min(scout.nextSequence, UInt64(count))
      if wanted > first { try reader.seek(toSequence: wanted) }
    }
    var rest = try reader.next()
    while let record = rest {
      last.take(record)
      rest = try reader.next()
    }
    for record in last.records { try printer.print(record, in: reader) }
    try printer.output.flush()
    let kind = tellEnding(reader)
    if kind != .good { throw kind }
  }

  private func followFile(_ printer: RecordPrinter) throws {
    let reader = try open(log)
    while try reader.nextHeader() != nil {}
    let wanted = reader.nextSequence - min(reader.nextSequence, UInt64(count))
    let follower = try LogFollower(
      path: log, durableOnly: durableOnly, from: wanted, staysBehindSeal: stay && follow)
    var last = LastRecords(count)
    while let chunk = try follower.nextPresent() { last.take(chunk) }
    try print(last.records, of: follower, with: printer)
    var watch = WriterWatch()
    while follow, let chunk = try follower.next(while: { watch.look(at: follower) }) {
      var records = LastRecords(chunk.count)
      records.take(chunk)
      try print(records.records, of: follower, with: printer)
    }
    if case .aborted(let reason) = follower.ending {
      complain("\(log): its writer gave up: \(reason)")
    }
    let kind = ExitKind(follower.ending)
    if kind != .good { throw kind }
  }

  private func print(
    _ records: [Record], of follower: LogFollower, with printer: RecordPrinter
  ) throws {
    for record in records {
      try printer.print(record, description: follower.description, segment: follower.segment)
    }
    try printer.output.flush()
  }
}

/// Tells once that the writer of a log that is followed is gone, and that there is one again.
private struct WriterWatch {
  private var wasThere = true
  private var next = ContinuousClock.now + .seconds(1)

  /// Looks every second; true, so that waiting goes on.
  mutating func look(at follower: LogFollower) -> Bool {
    guard ContinuousClock.now >= next, let isThere = follower.hasWriter else { return true }
    next = .now + .seconds(1)
    if isThere != wasThere {
      complain(
        "\(follower.path): \(isThere ? "is written again" : "nobody writes it, waiting for somebody")"
      )
    }
    wasThere = isThere
    return true
  }
}

/// The last few of the records that went by.
private struct LastRecords {
  private(set) var records: [Record] = []
  private let count: Int

  init(_ count: Int) { self.count = count }

  mutating func take(_ record: Record) {
    records.append(record)
    records.removeFirst(max(0, records.count - count))
  }

  mutating func take(_ chunk: RecordChunk) {
    for index in max(0, chunk.count - count)..<chunk.count {
      records.append(
        Record(
          sequence: chunk.sequence(index), type: chunk.type(index),
          bytes: Array(chunk.bytes[chunk.range(index)]), cursor: chunk.header.inputCursor,
          chunkOffset: chunk.header.offset))
    }
    records.removeFirst(max(0, records.count - count))
  }
}
