internal import Bytes
public import Corpus
internal import Foundation
internal import Pipeline
internal import RecordLog

/// An element with its place in the log it was read from.
struct Numbered<Element: Sendable>: Sendable {
  /// The number of the record behind it: where to read on once it has been dealt with.
  let cursor: UInt64
  let element: Element
}

/// What a stage reads. At a barrier it finishes everything before, and hands the barrier on before it
/// begins with anything behind.
enum StageInput<Element: Sendable>: Sendable {
  case element(Numbered<Element>)
  case barrier(Barrier)
}

/// What a stage makes of an element: a record, or the same put aside with the reason.
enum StageProduct<Output: CorpusRecord>: Sendable {
  case made(Output)
  case aside(QuarantinedRecord)
  /// Everything before the barrier of this number has been made.
  case barrier(UInt64)
}

extension Numbered {
  /// A barrier as a product, at its place in the input.
  static func barrier<Output>(_ barrier: Barrier) -> Self where Element == StageProduct<Output> {
    Numbered(cursor: barrier.sequence, element: .barrier(barrier.number))
  }
}

/// A stage from log to log that can be killed at any time and run again.
///
/// Made records and those put aside go into the same log, each with the position reached in the
/// input, so that after a crash nothing is done twice and nothing is left out. Barriers of the input
/// stand in the output behind what was made of the records before them.
public struct StageRun<Input: CorpusRecord, Output: CorpusRecord>: Sendable {
  let name: String
  /// Paths; `-` for standard input and output.
  let input: String
  let output: String
  /// Fixes the ids in the output's log, so that the same records give the same bytes.
  let identity: String
  /// Bytes that may wait between two parts of the stage.
  var waiting = 1 << 20
  /// Told after every record: how many of the input's have been dealt with.
  var progress: @Sendable (UInt64) -> Void = { _ in }

  /// Runs `work` between reader and writer; does nothing where the output is complete already.
  func run(
    _ work:
      @escaping @Sendable (
        Channel<StageInput<Input>>, Channel<Numbered<StageProduct<Output>>>
      ) async throws -> Void
  ) async throws -> StageSummary {
    let start = Date()
    if output != "-" { try CorpusWriter.removeStub(output) }
    if let summary = try finishedSummary() { return summary }
    let writer = try CorpusWriter(path: output, reproducibleAs: "\(identity)/\(name)")
    let begin = writer.lastCursor
    var made = StageSummary(stage: name)
    try await withPipeline { line in
      let (input, progress) = (input, progress)
      let elements = line.stage("\(name): read", holding: waiting, weigh: weight) { out in
        try await Self.read(input, from: begin, into: out)
      }
      let products = line.stage("\(name): work", holding: waiting, weigh: weight) { out in
        defer { elements.abandon() }
        try await work(elements, out)
      }
      for try await product in products {
        try Self.write(product, to: writer, counting: &made)
        progress(product.cursor)
      }
    }
    try writer.finish()
    var summary = try finishedSummary() ?? made
    summary.seconds = Date().timeIntervalSince(start)
    return summary
  }

  private static func read(
    _ input: String, from begin: UInt64, into out: Channel<StageInput<Input>>
  ) async throws {
    let reader = try CorpusReader(path: input)
    if begin > 0 { try reader.resume(at: begin) }
    while let item = try reader.nextItem(Input.self, skippingOthers: true) {
      switch item {
      case .record(let record):
        try await out.send(.element(Numbered(cursor: reader.position, element: record)))
      case .barrier(let barrier): try await out.send(.barrier(barrier))
      }
    }
  }

  private static func write(
    _ product: Numbered<StageProduct<Output>>, to writer: CorpusWriter,
    counting summary: inout StageSummary
  ) throws {
    switch product.element {
    case .made(let record): try writer.append(record, cursor: product.cursor)
    case .aside(let record): try writer.append(record, cursor: product.cursor)
    case .barrier(let number):
      // Where the stage goes on at a barrier that its log has already.
      guard number > writer.lastBarrier else { return }
      try writer.barrier(number, cursor: product.cursor)
    }
    summary.count(product.element)
  }

  /// What a sealed output holds; nil where it is not sealed, or no file.
  private func finishedSummary() throws -> StageSummary? {
    guard output != "-" else { return nil }
    return try StageSummary(stage: name, sealedLog: output, of: Output.self)
  }
}

extension StageSummary {
  /// Counts what the sealed log at `path` holds; nil if there is none, or it is not sealed.
  init?<Output: CorpusRecord>(
    stage: String, sealedLog path: String, of _: Output.Type
  ) throws {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let reader = try CorpusReader(path: path, mode: .tailTolerant)
    self.init(stage: stage)
    while let type = try reader.nextType() {
      if type == QuarantinedRecord.typeName {
        guard let record = try reader.next(QuarantinedRecord.self) else { break }
        aside[record.reason, default: 0] += 1
      } else {
        guard try reader.next(Output.self) != nil else { break }
        made += 1
      }
    }
    guard reader.ending == .sealed else { return nil }
  }

  mutating func count<Output>(_ product: StageProduct<Output>) {
    switch product {
    case .made: made += 1
    case .aside(let record): aside[record.reason, default: 0] += 1
    case .barrier: break
    }
  }
}

/// The memory that an element waiting in a channel may take, roughly: its JSON.
private func weight<Input: CorpusRecord>(_ input: StageInput<Input>) -> Int {
  switch input {
  case .element(let numbered): (try? numbered.element.line().count) ?? 256
  case .barrier: barrierWeight
  }
}

private let barrierWeight = 64

private func weight<Output>(_ product: Numbered<StageProduct<Output>>) -> Int {
  switch product.element {
  case .made(let record): (try? record.line().count) ?? 256
  case .aside(let record): (try? record.line().count) ?? 256
  case .barrier: barrierWeight
  }
}
