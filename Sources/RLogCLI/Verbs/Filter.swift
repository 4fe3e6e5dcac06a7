import ArgumentParser
import RecordLog

struct Filter: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A log of the records for which a condition holds.",
    discussion: """
      For example --where '.score > 0.5 and .source == "x"'. Operands are paths into the record \
      (.a.b[0], ."any name"), numbers, strings, true, false, null, and $seq, $type, $bytes of the \
      record itself; == != < <= > >= compare, not, and, or and parentheses join. length(x), \
      contains(x, y), startsWith(x, y) look into values. What is not there is null, which equals \
      null only. Records are numbered anew. Values of different kinds have no order: to ask for \
      one ends with code 1 and the record's number.

      Barriers are passed on behind what was kept of the records before them.

      --type, --from-seq and --to-seq select, too; without --where a chunk of which all is wanted is \
      passed on as it is stored.

      With --append an interrupted run goes on where it stopped: the log made holds how far its \
      input was read.
      """)

  @OptionGroup var logs: Logs
  @Option(name: .customLong("where"), help: "The condition.") var condition: String?
  @OptionGroup var part: Part
  @Flag(help: "Go on with a log that an interrupted run left, or begin one.") var append = false
  @OptionGroup var making: MakingOptions

  func validate() throws {
    if let condition { _ = try RecordExpression.parsed(condition, option: "--where") }
    if condition == nil, part.takesAll {
      throw ValidationError("Give --where, --type, --from-seq or --to-seq.")
    }
    guard append else { return }
    if condition == nil || !part.takesAll { throw ValidationError("--append takes --where only.") }
    if making.output == "-" || logs.logs.count != 1 {
      throw ValidationError("--append takes one log and --output.")
    }
  }

  func run() throws {
    let condition = try self.condition.map { try RecordExpression.parsed($0, option: "--where") }
    var tally = Passage()
    let kind: ExitKind
    if append, let condition {
      kind = try goOn(condition, &tally)
    } else {
      kind = try pass(condition, &tally)
    }
    try making.tell(tally)
    if kind != .good { throw kind }
  }

  private func pass(_ condition: RecordExpression?, _ tally: inout Passage) throws -> ExitKind {
    try making.make(of: logs) { maker in
      let kind = try logs.eachStoredChunk(barrier: maker.pass) { chunk, reader in
        tally.read += UInt64(chunk.count)
        let share = part.share(of: chunk, in: reader.description)
        if share == .all, condition == nil { return try maker.append(chunk, from: reader) }
        guard share != .none else { return }
        for record in try records(of: chunk, reader).all(reader.description)
        where part.contains(record) {
          guard try condition?.holds(for: record) ?? true else { continue }
          try maker.append(record, from: reader)
        }
      }
      tally.written = maker.count
      return kind
    }
  }

  /// The cursor of the log made is the number of the next record to look at.
  private func goOn(_ condition: RecordExpression, _ tally: inout Passage) throws -> ExitKind {
    let reader = try open(logs.logs[0])
    guard let first = try reader.next() else { return tellEnding(reader) }
    var options = outputOptions(like: reader)
    options.packers = making.threading.threads
    let writer = try RecordLogWriter.continuing(making.output, options: options)
    let copier = RecordCopier(to: writer)
    var next: LogItem? = .record(first)
    if writer.lastCursor > first.sequence {
      // A barrier may stand behind the record that was looked at last.
      try reader.seek(toSequence: writer.lastCursor - 1)
      _ = try reader.next()
      next = try reader.nextItem()
    }
    while let item = next {
      switch item {
      case .record(let record):
        tally.read += 1
        if try condition.holds(for: record) {
          try copier.append(record, of: reader.description, cursor: record.sequence + 1)
        }
      case .barrier(let barrier):
        if barrier.number > writer.lastBarrier {
          try writer.barrier(barrier.number, cursor: barrier.sequence)
        }
      }
      next = try reader.nextItem()
    }
    try writer.mark(cursor: reader.nextSequence)
    // An input that still grows is gone on with later.
    let kind = tellEnding(reader)
    if kind == .good { try writer.finish() }
    tally.written = copier.count
    return kind
  }
}
