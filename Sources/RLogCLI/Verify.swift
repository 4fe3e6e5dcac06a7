import ArgumentParser
import RecordLog

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Whether a log is whole, and where it is not.",
    discussion: """
      Without options every stored byte is checked against its checksum, the chain of chunks, the \
      index and the seal against the chunks.
      """)

  @OptionGroup var logs: Logs
  @Flag(help: "Headers and their chain only.") var quick = false
  @Flag(help: "What is done without options.") var full = false
  @Flag(help: "Also decode everything and parse every JSON record.") var deep = false
  @Flag(help: "Go on behind damage and list all of it.") var salvage = false
  @Flag(help: "One JSON object per log.") var json = false

  func validate() throws {
    guard [quick, full, deep].count(where: { $0 }) < 2 else {
      throw ValidationError("--quick, --full and --deep exclude each other.")
    }
  }

  private struct Verdict: Encodable {
    var path: String
    var state: String
    var records: UInt64
    var chunks: Int
    var error: String?
    var offset: UInt64?
    var chunk: UInt32?
    var sequence: UInt64?
    var regions: [RegionLine]?
    var setAside: [SetAsideSegment]?

    enum CodingKeys: String, CodingKey {
      case path, state, records, chunks, error, offset, chunk, sequence, regions
      case setAside = "set_aside"
    }
  }

  func run() throws {
    let output = try Output()
    defer { try? output.flush() }
    try logs.each(salvaging: salvage) { reader in
      let (verdict, kind) = verify(reader)
      if json {
        try output.json(verdict)
      } else {
        let name = "\(verdict.path): \(verdict.state)"
        try output.line("\(name), \(verdict.records) records in \(verdict.chunks) chunks")
        for region in reader.regions { complain("\(reader.path): \(region)") }
        if let error = verdict.error { complain(error) }
      }
      return kind
    }
  }

  private func verify(_ reader: RecordLogReader) -> (Verdict, ExitKind) {
    var verdict = Verdict(path: reader.path, state: "", records: 0, chunks: 0)
    var kind: ExitKind
    var trouble: RecordLogError?
    do throws(RecordLogError) {
      try walk(reader, into: &verdict)
      kind = ExitKind(reader.ending)
      verdict.state = stateName(reader.ending)
      for event in reader.events {
        switch event {
        case .tornTail(let error): trouble = error
        case .indexUnusable(let error):
          trouble = error
          kind = .damage
          verdict.state = "damaged index"
        case .damage(let region) where region.isTornTail: break
        case .damage:
          kind = .damage
          verdict.state = "damaged"
        }
      }
    } catch {
      trouble = error
      kind = ExitKind(error.category)
      verdict.state = error.category == .damage ? "damaged" : "unreadable"
    }
    verdict.setAside = reader.description?.setAside
    if salvage { verdict.regions = reader.regions.map { RegionLine($0) } }
    verdict.error = trouble.map { "\($0)" }
    verdict.offset = trouble?.offset
    verdict.chunk = trouble?.chunk
    verdict.sequence = trouble?.sequence
    return (verdict, kind)
  }

  private func walk(
    _ reader: RecordLogReader, into verdict: inout Verdict
  ) throws(RecordLogError) {
    guard deep else {
      while let header = try reader.nextHeader(verifying: quick ? .headers : .stored) {
        verdict.records += UInt64(header.recordCount)
        verdict.chunks += header.kind == .data ? 1 : 0
      }
      return
    }
    while let chunk = try reader.nextChunk() {
      verdict.records += UInt64(chunk.count)
      verdict.chunks += 1
      for index in 0..<chunk.count { try parse(index, of: chunk, in: reader) }
    }
  }

  private func parse(
    _ index: Int, of chunk: RecordChunk, in reader: RecordLogReader
  ) throws(RecordLogError) {
    guard reader.description?.type(chunk.type(index))?.encoding == .json,
      let fault = JSONSyntax.fault(in: chunk.record(index))
    else { return }
    throw RecordLogError(
      .malformed(.record, "\(fault)"), path: reader.path, offset: chunk.header.offset,
      chunk: chunk.header.chunkIndex, sequence: chunk.sequence(index))
  }
}
