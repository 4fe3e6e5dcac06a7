import Bytes
import Glibc

/// One segment of a folder.
struct SegmentFile {
  private(set) var path: String
  private(set) var prologue: Prologue
  /// Whether a writer has set it aside.
  var isDamaged: Bool { path.hasSuffix(SegmentName.damagedSuffix) }
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
  /// Whether the prologue could not be read, and is made up of other signs.
  private(set) var isLearnt = false

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

  /// A segment of which the prologue may be damaged: what it said is learnt from the first whole
  /// header then, and from the file's name. Nil where nothing in the file belongs to a log.
  init?(salvaging path: String, limits: ReadLimits) throws(RecordLogError) {
    do throws(RecordLogError) {
      try self.init(path: path, limits: limits)
      return
    } catch {
      guard error.category == .damage else { throw error }
    }
    guard let input = try? LogInput(path: path),
      let walk = try? Salvage.learn(from: 0, of: input, ReadOptions())
    else { return nil }
    self.init(path: path, walk: walk, byteCount: input.byteCount ?? 0)
  }

  /// The file of which nothing can be read but its name.
  init(unreadable path: String) {
    var prologue = Prologue(fileID: FileID(tag: 0, rest: 0), logID: 0, created: 0)
    prologue.firstSequence = SegmentName.sequence(fileName(path)) ?? 0
    self.path = path
    self.prologue = prologue
    hasOpenName = path.hasSuffix(SegmentName.openSuffix)
    (byteCount, end) = (0, 0)
    isLearnt = true
  }

  private init(path: String, walk: SegmentWalk, byteCount: UInt64) {
    self.path = path
    var prologue = walk.chain.prologue
    let named = SegmentName.sequence(fileName(path)) ?? .max
    prologue.firstSequence = min(prologue.firstSequence, named)
    self.prologue = prologue
    hasOpenName = path.hasSuffix(SegmentName.openSuffix)
    self.byteCount = byteCount
    end = byteCount
    isLearnt = true
    guard let (summary, header) = walk.sealAtEnd() else { return }
    seal = summary
    sealOffset = header.offset
    continues = header.flags.contains(.continues)
    sealChecksum = header.checksum
  }

  /// What the segment before and the log are known to be, where the prologue does not say.
  mutating func complete(after last: SegmentFile?, logID: UInt64) {
    guard isLearnt else { return }
    prologue.logID = last?.prologue.logID ?? logID
    prologue.segment = last.map { $0.prologue.segment + 1 } ?? 0
    prologue.previousTag = last?.prologue.fileID.tag ?? 0
  }

  /// Whether the file's name says what its first record is.
  var hasOwnName: Bool { SegmentName.sequence(fileName(path)) == prologue.firstSequence }

  /// The same segment under another name.
  func renamed(_ path: String) -> SegmentFile {
    var copy = self
    copy.path = path
    return copy
  }

  /// Takes from `next`, as far as it says so, where this segment ends.
  mutating func cutForSalvage(before next: SegmentFile) {
    let length = next.prologue.previousLength
    guard next.prologue.previousTag == prologue.fileID.tag, hasOpenName,
      (1..<byteCount).contains(length)
    else { return }
    end = length
    seal = nil
  }

  func failure(_ problem: RecordLogError.Problem, at offset: UInt64? = nil) -> RecordLogError {
    RecordLogError(problem, path: path, offset: offset, sequence: prologue.firstSequence)
  }

  /// Checks that `next` follows upon this segment, and takes from it where this one ends.
  mutating func link(to next: SegmentFile, limits: ReadLimits) throws(RecordLogError) {
    guard next.prologue.logID == prologue.logID || isLearnt else {
      throw next.failure(.foreignSegment)
    }
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
    // Where acknowledged bytes are damaged, nobody knows what its end should be.
    guard !isDamaged, !next.isLearnt else { return }
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

/// `seg-<20 digits of the first sequence number>.rlg`, and `.open` behind that until it is sealed;
/// `.damaged` where acknowledged bytes are.
enum SegmentName {
  static let suffix = ".rlg"
  static let openSuffix = ".rlg.open"
  /// Of a segment that a writer has set aside.
  static let damagedSuffix = ".rlg.damaged"
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
      [suffix, openSuffix, damagedSuffix].contains("." + parts[1])
    else { return nil }
    return UInt64(parts[0].dropFirst(4))
  }
}

extension LogInput {
  /// Opens a segment, which may have been sealed, and given another name, since it was listed.
  convenience init(segment path: String, end: UInt64 = .max) throws(FileError) {
    let file: OpenFile
    do throws(FileError) { file = try OpenFile(path: path) } catch {
      guard error.code == ENOENT, path.hasSuffix(SegmentName.openSuffix) else { throw error }
      let stem = path.dropLast(SegmentName.openSuffix.count)
      file = try OpenFile(path: stem + SegmentName.suffix)
    }
    try self.init(file, end: end)
  }
}
