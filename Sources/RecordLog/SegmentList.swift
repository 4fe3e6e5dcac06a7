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

  /// What a list is made for.
  enum Purpose {
    /// Everything must be there and whole.
    case reading
    /// Segments that were set aside are passed over, and the last one may be damaged.
    case writing
    /// All that can be read.
    case salvage
  }

  /// Of salvage: files that are passed over, and names that are not theirs.
  private(set) var findings: [DamagedRegion] = []
  private var isWhole = true

  /// Looks again where a segment was renamed between listing and opening.
  init(
    folder: String, limits: ReadLimits = .init(), for purpose: Purpose = .reading
  ) throws(RecordLogError) {
    for _ in 0..<10 {
      do throws(RecordLogError) {
        self = try SegmentList(lookingInto: folder, limits, purpose)
        return
      } catch {
        guard case .file(let failure) = error.problem, failure.code == ENOENT else { throw error }
      }
    }
    self = try SegmentList(lookingInto: folder, limits, purpose)
  }

  private init(
    lookingInto folder: String, _ limits: ReadLimits, _ purpose: Purpose
  ) throws(RecordLogError) {
    guard purpose != .salvage else {
      try salvage(folder, limits)
      return
    }
    let names = try SegmentList.names(in: folder).filter { SegmentName.sequence($0) != nil }
    for (index, name) in names.enumerated() {
      let path = folder + "/" + name
      let mayBeDamaged =
        path.hasSuffix(SegmentName.damagedSuffix) || purpose == .writing && index == names.count - 1
      let segment =
        mayBeDamaged
        ? try SegmentFile(salvaging: path, limits: limits) ?? SegmentFile(unreadable: path)
        : try SegmentFile(path: path, limits: limits)
      try add(segment)
    }
    try check(limits, purpose)
  }

  private mutating func add(_ file: SegmentFile) throws(RecordLogError) {
    var segment = file
    segment.complete(after: segments.last, logID: 0)
    guard segment.prologue.firstSequence == SegmentName.sequence(fileName(segment.path)) else {
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

  static func names(in folder: String) throws(RecordLogError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw RecordLogError(.file(FileError(.open, path: folder, code: ENOENT)), path: folder)
    }
    return names.sorted()
  }

  private mutating func check(_ limits: ReadLimits, _ purpose: Purpose) throws(RecordLogError) {
    guard let first = segments.first else { return }
    guard first.prologue.segment == 0 else { throw first.failure(.missingSegment(0)) }
    for index in segments.indices {
      let next = index + 1 < segments.count ? segments[index + 1] : nil
      if purpose == .reading, segments[index].isDamaged {
        let known = try DamagedSegment(segments[index], before: next?.prologue.firstSequence)
        throw segments[index].failure(
          .damagedSegment(segments[index].prologue.segment, lost: known.lost))
      }
      if let next { try segments[index].link(to: next, limits: limits) }
    }
  }

  /// Where record `target` is, if anywhere.
  func index(of target: UInt64) -> Int {
    segments.lastIndex { $0.prologue.firstSequence <= target } ?? 0
  }

  /// The sums over all segments; nil unless every one is sealed and none was to follow.
  var summary: SegmentSummary? {
    let seals = segments.compactMap(\.seal)
    guard isWhole, seals.count == segments.count, segments.last?.continues == false else {
      return nil
    }
    return seals.dropFirst().reduce(seals.first) { $0?.followed(by: $1) }
  }
}

// MARK: Salvage

extension SegmentList {
  /// Finds the log's segments by what is in the files, whatever their names are.
  private mutating func salvage(_ folder: String, _ limits: ReadLimits) throws(RecordLogError) {
    isWhole = false
    var found: [SegmentFile] = []
    for name in try SegmentList.salvageableNames(in: folder) {
      let path = folder + "/" + name
      if let segment = try SegmentFile(salvaging: path, limits: limits) {
        found.append(segment)
      } else if SegmentName.sequence(name) != nil || name.hasSuffix(SegmentName.suffix) {
        find(.foreignFile, path, "nothing in it belongs to a log")
      }
    }
    let logID = SegmentList.commonLogID(of: found)
    for var segment in found {
      if segment.prologue.logID == logID || segment.isLearnt {
        segment.complete(after: nil, logID: logID)
        take(segment)
      } else {
        find(.foreignFile, segment.path, "a segment of another log")
      }
    }
    order()
  }

  /// The files of a folder in which there may be something of a log.
  static func salvageableNames(in folder: String) throws(RecordLogError) -> [String] {
    try names(in: folder).filter { name in
      name != "LOCK" && !name.hasSuffix(SegmentName.partSuffix) && isFile("\(folder)/\(name)")
    }
  }

  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && (status.st_mode & S_IFMT) == S_IFREG
  }

  private static func commonLogID(of found: [SegmentFile]) -> UInt64 {
    var votes: [UInt64: Int] = [:]
    for segment in found where !segment.isLearnt { votes[segment.prologue.logID, default: 0] += 1 }
    return votes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
  }

  /// Takes a segment in; of copies the longest, or the one that has the right name.
  private mutating func take(_ segment: SegmentFile) {
    let there = segments.firstIndex { $0.prologue.fileID.tag == segment.prologue.fileID.tag }
    if let there {
      let other = segments[there]
      let isBetter =
        segment.byteCount == other.byteCount
        ? segment.hasOwnName && !other.hasOwnName : segment.byteCount > other.byteCount
      find(.duplicate, isBetter ? other.path : segment.path, "a copy of another file")
      if isBetter { segments[there] = segment }
    } else {
      segments.append(segment)
    }
  }

  private mutating func order() {
    segments.sort { a, b in
      let (first, second) = (a.prologue, b.prologue)
      return (first.firstSequence, first.segment, first.created)
        < (second.firstSequence, second.segment, second.created)
    }
    for index in segments.indices.dropLast() {
      segments[index].cutForSalvage(before: segments[index + 1])
    }
    for segment in segments where !segment.hasOwnName {
      find(.renamed, segment.path, "it holds records from \(segment.prologue.firstSequence) on")
    }
  }

  private mutating func find(_ reason: DamageReason, _ path: String, _ detail: String) {
    var region = DamagedRegion(
      range: 0..<0, reason: reason, firstSequence: 0, lostRecords: 0, detail: detail)
    region.file = fileName(path)
    findings.append(region)
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
