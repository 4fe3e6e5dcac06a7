import Bytes
import Glibc

/// A whole header with a right checksum, wherever it was found.
struct StrayHeader {
  var header: ChunkHeader
  var place: UInt64

  /// Where the segment would begin if the header stood where it belongs. Wraps below zero.
  var base: UInt64 { place &- header.offset }
  var end: UInt64 { place &+ header.length }
}

/// Where reading can go on behind damage.
enum Landing {
  case chunk(StrayHeader)
  /// A chunk that is older than what is wanted; the right one stands behind it.
  case skip(StrayHeader)
  case segment(Prologue, place: UInt64)
  /// The input ends here, and nothing else was found.
  case end(UInt64)
}

/// Finds the chunk to go on with after a place that cannot be read.
///
/// A chunk where it belongs goes before any that stands elsewhere: the records of a damaged chunk
/// may themselves hold chunks, of this very log even. Chunks elsewhere are believed only where none
/// is in its place, further chunks follow them in step, and they are no part of a whole log, with
/// its prologue, in between.
struct Resynchronization {
  let walk: SegmentWalk
  /// No record behind this one exists, where a seal says so.
  var sequenceLimit = UInt64.max
  private var displaced: StrayHeader?
  private var segment: (Prologue, place: UInt64)?
  private var embeddedBases: Set<UInt64> = []

  init(_ walk: SegmentWalk) { self.walk = walk }

  private var tag: UInt64 { walk.chain.prologue.fileID.tag }
  private var base: UInt64 { walk.chain.base }

  /// - Parameters:
  ///   - ends: where the chunk at the place reached may end.
  ///   - isSound: whether its header is beyond doubt.
  ///   - brokenChain: whether the chunk there is whole and contradicts those before it.
  mutating func land(
    knownEnds ends: [UInt64], isSound: Bool, brokenChain: Bool
  ) throws(RecordLogError.Problem) -> Landing {
    for end in ends {
      guard let next = try walk.stray(at: end), next.base == base, isWanted(next) else { continue }
      return .chunk(next)
    }
    let here = isSound ? nil : try walk.stray(at: walk.place)
    if let here, try isOld(here) { return .skip(here) }
    if let here, brokenChain, here.base == base, isWanted(here), try walk.isVouchedFor(here) {
      return .chunk(here)
    }
    let landing = try scan()
    guard let here, here.base != base, isWanted(here) else { return landing }
    if case .chunk(let other) = landing, other.header.firstSequence <= here.header.firstSequence {
      return landing
    }
    return .chunk(here)
  }

  private func isWanted(_ stray: StrayHeader) -> Bool {
    stray.header.firstSequence >= walk.chain.nextSequence
      && stray.header.nextSequence <= sequenceLimit
      && stray.header.durableOffset <= stray.header.offset
  }

  /// Whether a chunk that came before, in a copy or moved, stands in front of the right one.
  private func isOld(_ stray: StrayHeader) throws(RecordLogError.Problem) -> Bool {
    guard stray.base != base, stray.header.chunkIndex < walk.chain.chunkIndex else { return false }
    return try walk.follows(stray, inStep: false) && walk.isWhole(stray)
  }

  private mutating func scan() throws(RecordLogError.Problem) -> Landing {
    var landing: StrayHeader?
    let lookahead = UInt64(min(walk.limits.chunk.bytes, Int(walk.chain.prologue.largestChunk)))
    let end = try walk.input.findHeaders(from: walk.place + 1) {
      (find, place) throws(RecordLogError.Problem) in
      switch find {
      case .header(let header):
        landing = try consider(StrayHeader(header: header, place: place))
      case .prologue(let prologue):
        consider(prologue, at: place)
      case .window:
        // What a stream has passed cannot be had again, so it is held for as long as a chunk lasts.
        guard let displaced, !walk.input.isSeekable else {
          walk.input.release(before: place)
          return false
        }
        if place > displaced.place + lookahead { landing = displaced }
      }
      return landing != nil
    }
    if let landing { return .chunk(landing) }
    if let displaced, displaced.place < segment?.place ?? .max { return .chunk(displaced) }
    if let segment { return .segment(segment.0, place: segment.place) }
    return .end(end)
  }

  private mutating func consider(
    _ stray: StrayHeader
  ) throws(RecordLogError.Problem) -> StrayHeader? {
    guard stray.header.fileTag == tag, isWanted(stray), walk.isPlausible(stray) else {
      return nil
    }
    if stray.base == base { return stray }
    guard displaced == nil, !embeddedBases.contains(stray.base) else { return nil }
    if try walk.follows(stray, inStep: true) { displaced = stray }
    return nil
  }

  private mutating func consider(_ prologue: Prologue, at place: UInt64) {
    embeddedBases.insert(place)
    let continues =
      prologue.logID == walk.chain.prologue.logID && prologue.fileID.tag != tag
      && prologue.firstSequence >= walk.chain.nextSequence
    if segment == nil, continues { segment = (prologue, place) }
  }
}

extension SegmentWalk {
  /// The whole header of this file at `place`, whatever offset it says it has.
  func stray(at place: UInt64) throws(RecordLogError.Problem) -> StrayHeader? {
    var bytes: [UInt8] = []
    let count = try input.read(at: place, count: ChunkLayout.headerBytes, into: &bytes)
    guard count == ChunkLayout.headerBytes,
      let header = ChunkHeader(anywhere: bytes.rawSpan.extracting(first: count)),
      header.fileTag == chain.prologue.fileID.tag
    else { return nil }
    let stray = StrayHeader(header: header, place: place)
    return isPlausible(stray) ? stray : nil
  }

  func isPlausible(_ stray: StrayHeader) -> Bool {
    let room = input.byteCount.map { $0 - min($0, stray.place) }
    let check: Void? = try? stray.header.checkLengths(
      limits: limits, prologue: chain.prologue, room: room)
    return check != nil
  }

  /// Whether a chunk stands right behind this one, or the input ends there.
  func follows(
    _ stray: StrayHeader, inStep: Bool
  ) throws(RecordLogError.Problem) -> Bool {
    if let next = try self.stray(at: stray.end) { return !inStep || next.base == stray.base }
    var bytes: [UInt8] = []
    return try input.read(at: stray.end, count: 1, into: &bytes) == 0
  }

  /// Whether what is stored in the chunk has the right checksums.
  func isWhole(_ stray: StrayHeader) -> Bool {
    var probe = self
    probe.resume(at: stray)
    guard let header = try? probe.readHeader(), (try? probe.readTable(header)) != nil else {
      return false
    }
    return (try? probe.verifyValues(header)) != nil
  }

  /// Whether the next chunk says that this is the one before it.
  func isVouchedFor(_ stray: StrayHeader) throws(RecordLogError.Problem) -> Bool {
    guard let next = try self.stray(at: stray.end) else { return false }
    return next.base == stray.base && next.header.chunkIndex == stray.header.chunkIndex &+ 1
      && next.header.previousHeaderChecksum == stray.header.checksum
  }

  /// Whether the next chunk, which the one after it vouches for, names another chunk than `header`
  /// as the one before it.
  func isDisowned(_ header: ChunkHeader) throws(RecordLogError.Problem) -> Bool {
    guard let next = try stray(at: place &+ header.length), next.base == chain.base,
      next.header.chunkIndex == header.chunkIndex &+ 1,
      next.header.previousHeaderChecksum != header.checksum
    else { return false }
    return try isVouchedFor(next)
  }
}

extension ChunkHeader {
  /// A header with a right checksum, of any file and at any offset.
  init?(anywhere bytes: RawSpan) {
    guard bytes.byteCount >= ChunkLayout.headerBytes else { return nil }
    let tag = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self)
    let offset = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: 24, as: UInt64.self)
    do throws(RecordLogError.Problem) {
      try self.init(
        decoding: bytes, tag: UInt64(littleEndian: tag), offset: UInt64(littleEndian: offset))
    } catch {
      return nil
    }
  }
}

// MARK: Scanning

/// What a scan comes across.
enum Find {
  case header(ChunkHeader)
  case prologue(Prologue)
  /// Everything in front of the place has been looked at.
  case window
}

extension LogInput {
  /// Looks at every byte from `start` on for whole headers and prologues, in their order, until
  /// `visit` says that it is enough. Returns the end of what was read.
  func findHeaders(
    from start: UInt64, visit: (Find, UInt64) throws(RecordLogError.Problem) -> Bool
  ) throws(RecordLogError.Problem) -> UInt64 {
    let window = isSeekable ? 1 << 20 : ChunkLayout.inputStep
    var bytes: [UInt8] = []
    var at = start
    while true {
      let count = try read(at: at, count: window, into: &bytes)
      for place in syncs(in: bytes.rawSpan.extracting(first: count)) {
        if let find = LogInput.find(bytes.rawSpan.extracting(first: count), sync: place),
          try visit(find.0, at + UInt64(find.at))
        {
          return at + UInt64(count)
        }
      }
      guard count == window else { return at + UInt64(count) }
      at += UInt64(count - ChunkLayout.headerBytes - 32)
      if try visit(.window, at) { return at }
    }
  }

  /// Where the sync bytes stand.
  private func syncs(in bytes: RawSpan) -> [Int] {
    let first = Int32(truncatingIfNeeded: ChunkLayout.sync & 0xFF)
    return unsafe bytes.withUnsafeBytes { all in
      guard let start = all.baseAddress else { return [] }
      var found: [Int] = []
      var from = 0
      while from + 8 <= all.count,
        let hit = unsafe memchr(start + from, first, all.count - 7 - from)
      {
        let place = unsafe UnsafeRawPointer(hit) - start
        let value = unsafe all.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        if UInt64(littleEndian: value) == ChunkLayout.sync { found.append(place) }
        from = place + 1
      }
      return found
    }
  }

  private static func find(_ bytes: RawSpan, sync: Int) -> (Find, at: Int)? {
    if sync >= 8, sync - 8 + ChunkLayout.headerBytes <= bytes.byteCount,
      let header = ChunkHeader(anywhere: bytes.extracting(droppingFirst: sync - 8))
    {
      return (.header(header), sync - 8)
    }
    if sync >= 24, sync - 24 + ChunkLayout.prologueBytes <= bytes.byteCount,
      let prologue = try? Prologue(decoding: bytes.extracting(droppingFirst: sync - 24))
    {
      return (.prologue(prologue), sync - 24)
    }
    return nil
  }
}
