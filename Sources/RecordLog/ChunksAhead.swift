import Foundation

/// The values of a chunk that a reader has not come to yet.
///
/// Unchecked because ``WorkAhead`` lets one thread at a time touch it. Of the input, which is
/// mapped, only bytes that never change are read.
final class ValuesJob: ChunkJob, @unchecked Sendable {
  let header: ChunkHeader
  let isDecoded: Bool
  /// What the values decode to, where that is wanted.
  var bytes: [UInt8]
  private(set) var problem: RecordLogError.Problem?
  var stage = ChunkJobStage.waiting
  private let place: UInt64
  private let input: LogInput

  /// - Parameters:
  ///   - place: of the chunk in the input.
  ///   - depth: deeper than headers.
  ///   - bytes: memory to decode into.
  init(
    _ header: ChunkHeader, at place: UInt64, of input: LogInput, _ depth: Depth,
    reusing bytes: [UInt8]
  ) {
    self.header = header
    self.place = place
    self.input = input
    self.bytes = bytes
    isDecoded = depth == .decoded
  }

  /// Bytes that it deals with.
  var cost: Int { Int(isDecoded ? header.valuesRaw : header.valuesStored) }

  func perform() {
    do throws(RecordLogError.Problem) {
      guard isDecoded else {
        return try SegmentWalk.verifyValues(header, at: place, of: input)
      }
      try SegmentWalk.decodeValues(header, at: place, of: input, into: &bytes)
    } catch {
      problem = error
    }
  }
}

/// Verifies and decodes, on all cores, the chunks that follow in a mapped file.
///
/// A scout hops over their headers. What it finds is used only when the reader has come to the same
/// header and found it right; whatever stops the scout the reader will meet itself.
struct ChunksAhead {
  private let work = WorkAhead<ValuesJob>(threads: ProcessInfo.processInfo.activeProcessorCount - 1)
  private var jobs: [ValuesJob] = []
  private var spare: [[UInt8]] = []
  private var scout: SegmentWalk?
  private var isScoutStopped = false
  /// Bytes that may be underway, decoded ones where decoding is asked for.
  private static let most = 2 << 20

  /// The finished values of the chunk whose header `walk` has just read; nil where they were not
  /// foreseen.
  mutating func values(
    of header: ChunkHeader, in walk: SegmentWalk, _ depth: Depth
  ) throws(RecordLogError.Problem) -> ValuesJob? {
    guard work.threads > 0 else { return nil }
    let job = foreseen(header, depth)
    if job == nil { start(behind: header, in: walk) }
    lookAhead(depth)
    guard let job else { return nil }
    work.finish(job)
    if let problem = job.problem { throw problem }
    return job
  }

  /// Takes memory back that a job was given.
  mutating func recycle(_ bytes: consuming [UInt8]) {
    guard bytes.capacity > 0, bytes.capacity <= Self.most / max(spare.count, 1) else { return }
    spare.append(bytes)
  }

  private mutating func foreseen(_ header: ChunkHeader, _ depth: Depth) -> ValuesJob? {
    guard let job = jobs.first, job.header == header, job.isDecoded == (depth == .decoded) else {
      return nil
    }
    return jobs.removeFirst()
  }

  private mutating func start(behind header: ChunkHeader, in walk: SegmentWalk) {
    work.cancelWaiting()
    jobs = []
    scout = walk.scout(behind: header)
    isScoutStopped = false
  }

  /// Foresees more chunks where half of what may be underway is done, many at a time.
  private mutating func lookAhead(_ depth: Depth) {
    var underway = jobs.reduce(0) { $0 + $1.cost }
    guard underway <= Self.most / 2 else { return }
    while underway < Self.most, let job = nextJob(depth) {
      guard underway + job.cost <= Self.most || jobs.isEmpty else { return stopScout(before: job) }
      jobs.append(job)
      work.submit(job)
      underway += job.cost
    }
  }

  private mutating func nextJob(_ depth: Depth) -> ValuesJob? {
    while !isScoutStopped, let walk = scout {
      let place = walk.place
      guard let header = try? scout?.readHeader() else {
        isScoutStopped = true
        return nil
      }
      scout?.accept()
      guard header.kind == .data else { continue }
      return ValuesJob(
        header, at: place, of: walk.input, depth, reusing: spare.popLast() ?? [])
    }
    return nil
  }

  /// The chunk is dealt with when its turn comes, and the scout begins anew behind it.
  private mutating func stopScout(before job: ValuesJob) {
    recycle(job.bytes)
    isScoutStopped = true
  }
}
