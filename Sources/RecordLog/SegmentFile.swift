import Bytes
import Glibc

/// One segment of a folder.
struct SegmentFile {
  let path: String
  let prologue: Prologue
  /// What its name says. The seal is the truth, and a crash may have come before the renaming.
  let hasOpenName: Bool
  let byteCount: UInt64
  /// How many bytes count. Where a sync had failed the next segment begins anew with what came
  /// after the last one that did not.
  private(set) var end: UInt64
  private(set) var seal: SegmentSummary?
  /// Where the seal stands.
  private(set) var sealOffset: UInt64 = 0
  /// Whether its seal says that there was more to come.
  private(set) var continues = false
  private var sealChecksum: UInt32 = 0

  init(path: String, limits: ReadLimits) throws(RecordLogError) {
    let input: LogInput
    do throws(FileError) { input = try LogInput(path: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    let walk = try SegmentWalk(input, limits: limits)
    self.path = path
    prologue = walk.chain.prologue
    hasOpenName = path.hasSuffix(SegmentName.openSuffix)
    byteCount = input.byteCount ?? 0
    end = byteCount
    guard let (summary, header) = walk.sealAtEnd() else { return }
    seal = summary
    sealOffset = header.offset
    continues = header.flags.contains(.continues)
    sealChecksum = header.checksum
  }

  func failure(_ problem: RecordLogError.Problem, at offset: UInt64? = nil) -> RecordLogError {
    RecordLogError(problem, path: path, offset: offset, sequence: prologue.firstSequence)
  }

  /// Checks that `next` follows upon this segment, and takes from it where this one ends.
  mutating func link(to next: SegmentFile, limits: ReadLimits) throws(RecordLogError) {
    guard next.prologue.logID == prologue.logID else { throw next.failure(.foreignSegment) }
    guard next.prologue.segment == prologue.segment + 1 else {
      throw next.failure(
        next.prologue.segment > prologue.segment
          ? .missingSegment(prologue.segment + 1)
          : .brokenChain(
            "the segment number", expected: prologue.segment + 1, found: next.prologue.segment))
    }
    guard next.prologue.previousTag == prologue.fileID.tag else {
      throw next.failure(
        .brokenChain(
          "the previous segment's tag", expected: prologue.fileID.tag,
          found: next.prologue.previousTag))
    }
    try cut(to: next.prologue.previousLength)
    let (checksum, sequence) = try lastHeader(limits)
    try same(
      "the last header's checksum", next.prologue.previousHeaderChecksum, checksum)
    try same("the sequence number at the end", next.prologue.firstSequence, sequence)
  }

  private func same(
    _ what: String, _ expected: some FixedWidthInteger, _ found: some FixedWidthInteger
  ) throws(RecordLogError) {
    guard UInt64(expected) == UInt64(found) else {
      throw failure(
        .brokenChain(what, expected: UInt64(expected), found: UInt64(found)), at: end)
    }
  }

  private mutating func cut(to length: UInt64) throws(RecordLogError) {
    guard byteCount >= length else {
      throw failure(.truncated(wanted: length, present: byteCount), at: byteCount)
    }
    guard byteCount > length else { return }
    guard hasOpenName else { throw failure(.trailingGarbage, at: length) }
    end = length
    seal = nil
  }

  /// The last header's checksum, and the sequence number after it.
  private func lastHeader(_ limits: ReadLimits) throws(RecordLogError) -> (UInt32, UInt64) {
    if let seal { return (sealChecksum, seal.nextSequence) }
    let input: LogInput
    do throws(FileError) { input = try LogInput(path: path, end: end) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    var walk = try SegmentWalk(input, limits: limits)
    do throws(RecordLogError.Problem) {
      while try walk.readHeader() != nil { walk.accept() }
    } catch {
      throw walk.failure(error)
    }
    return (walk.chain.previousHeaderChecksum, walk.chain.nextSequence)
  }

  /// How the log goes on behind this sealed segment.
  func successor(limits: ReadLimits) throws(RecordLogError) -> SegmentStart {
    let input: LogInput
    do throws(FileError) { input = try LogInput(path: path) } catch {
      throw RecordLogError(.file(error), path: path)
    }
    var walk = try SegmentWalk(input, limits: limits)
    do throws(RecordLogError.Problem) {
      while let header = try walk.readHeader() {
        if header.kind == .meta { try walk.describe(walk.readTable(header)) }
        walk.accept()
      }
    } catch {
      throw walk.failure(error)
    }
    guard let description = walk.description else {
      throw failure(.malformed(.meta, "none in the segment"))
    }
    return SegmentStart(after: SegmentEnd(walk.chain), description: description)
  }

  /// Whether the index is what the seal says. They were written together, and a power cut may have
  /// kept the seal alone.
  func hasSoundIndex(limits: ReadLimits) -> Bool {
    guard let seal, let input = try? LogInput(path: path),
      let walk = try? SegmentWalk(input, limits: limits)
    else { return false }
    return (try? walk.readIndex(seal)) != nil
  }
}

/// `seg-<20 digits of the first sequence number>.rlg`, and `.open` behind that until it is sealed.
enum SegmentName {
  static let suffix = ".rlg"
  static let openSuffix = ".rlg.open"
  /// Of a segment that is being created: nobody was told of anything in it.
  static let partSuffix = ".rlg.open.new"

  static func stem(_ sequence: UInt64) -> String {
    let digits = String(sequence)
    return "seg-" + String(repeating: "0", count: 20 - digits.count) + digits
  }

  /// The first sequence number that a name states; nil where it is no segment's.
  static func sequence(_ name: String) -> UInt64? {
    let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].hasPrefix("seg-"), parts[0].utf8.count == 24,
      [suffix, openSuffix].contains("." + parts[1])
    else { return nil }
    return UInt64(parts[0].dropFirst(4))
  }
}
