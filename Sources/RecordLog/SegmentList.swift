import Bytes
import Foundation

/// The segments of a folder in order, each checked to follow upon the one before.
struct SegmentList {
  private(set) var segments: [SegmentFile] = []
  /// Sealed files without a record that a later opening has begun anew.
  private(set) var superseded: [String] = []

  /// Whether a log at `path` is a folder of segments.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && (status.st_mode & S_IFMT) == S_IFDIR
  }

  /// Looks again where a segment was renamed between listing and opening.
  init(folder: String, limits: ReadLimits = .init()) throws(RecordLogError) {
    for _ in 0..<10 {
      do throws(RecordLogError) {
        self = try SegmentList(lookingInto: folder, limits)
        return
      } catch {
        guard case .file(let failure) = error.problem, failure.code == ENOENT else { throw error }
      }
    }
    self = try SegmentList(lookingInto: folder, limits)
  }

  private init(lookingInto folder: String, _ limits: ReadLimits) throws(RecordLogError) {
    for name in try SegmentList.names(in: folder) {
      let segment = try SegmentFile(path: folder + "/" + name, limits: limits)
      guard segment.prologue.firstSequence == SegmentName.sequence(name) else {
        throw segment.failure(.malformed(.prologue, "another first record than in the file's name"))
      }
      if let last = segments.last, last.seal?.records == 0, segment.hasOpenName,
        last.prologue.segment == segment.prologue.segment
      {
        superseded.append(last.path)
        segments.removeLast()
      }
      segments.append(segment)
    }
    try check(limits)
  }

  private static func names(in folder: String) throws(RecordLogError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw RecordLogError(.file(FileError(.open, path: folder, code: ENOENT)), path: folder)
    }
    return names.filter { SegmentName.sequence($0) != nil }.sorted()
  }

  private mutating func check(_ limits: ReadLimits) throws(RecordLogError) {
    guard let first = segments.first else { return }
    guard first.prologue.segment == 0 else { throw first.failure(.missingSegment(0)) }
    for index in segments.indices.dropLast() {
      try segments[index].link(to: segments[index + 1], limits: limits)
    }
  }

  /// Where record `target` is, if anywhere.
  func index(of target: UInt64) -> Int {
    segments.lastIndex { $0.prologue.firstSequence <= target } ?? 0
  }

  /// The sums over all segments; nil unless every one is sealed and none was to follow.
  var summary: SegmentSummary? {
    let seals = segments.compactMap(\.seal)
    guard seals.count == segments.count, segments.last?.continues == false else { return nil }
    return seals.dropFirst().reduce(seals.first) { $0?.followed(by: $1) }
  }
}

extension SegmentSummary {
  /// What two neighbouring segments add up to. Of the places in a file none is left, and the
  /// fingerprint is that of the two fingerprints.
  func followed(by next: SegmentSummary) -> SegmentSummary {
    var sum = self
    let times = [self, next].filter { $0.dataChunks > 0 }
    (sum.indexOffset, sum.indexLength, sum.indexHeaderChecksum) = (0, 0, 0)
    sum.dataChunks &+= next.dataChunks
    sum.records &+= next.records
    sum.rawBytes &+= next.rawBytes
    sum.storedBytes &+= next.storedBytes
    sum.nextSequence = next.nextSequence
    sum.earliest = times.map(\.earliest).min() ?? 0
    sum.latest = times.map(\.latest).max() ?? 0
    let joined = Fingerprint()
    joined.add(fingerprint.rawSpan)
    joined.add(next.fingerprint.rawSpan)
    sum.fingerprint = joined.digest()
    sum.largestRecord = max(largestRecord, next.largestRecord)
    sum.largestChunk = max(largestChunk, next.largestChunk)
    return sum
  }
}
