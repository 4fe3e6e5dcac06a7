/// A chunk that takes no more records, on its way to the file: packed by whoever comes first,
/// written in its turn.
///
/// Unchecked because ``WorkAhead`` lets one thread at a time touch it.
final class ClosedChunk: ChunkJob, @unchecked Sendable {
  /// Why it was closed, which decides what follows its being written.
  enum Reason { case full, flush, commit }

  let reason: Reason
  /// What its end is rounded up to.
  let alignment: Int
  private(set) var assembly: ChunkAssembly
  /// The records, as long as they are not packed.
  private var source: OpenChunk?
  /// A description that goes to the file before it.
  var meta: [UInt8]?
  /// When its oldest record came, where that matters.
  let opened: Duration?
  /// Bytes of memory that its records take while they wait.
  let byteCount: Int
  private let blockSize: BlockSize
  var stage = ChunkJobStage.waiting

  var recordCount: UInt64 { UInt64(assembly.header.recordCount) }

  /// The most bytes that it can come to in a file, its description included.
  var greatestLength: UInt64 {
    let parts = byteCount + LZ4Frame.room(for: byteCount, blockSize: blockSize) + (meta?.count ?? 0)
    return UInt64(parts + 4 * ChunkLayout.commitAlignment) + 8 * recordCount
  }

  /// - Parameter chunk: closed into the header of `assembly`.
  init(
    _ chunk: OpenChunk, in assembly: ChunkAssembly, reason: Reason, alignment: Int,
    blockSize: BlockSize
  ) {
    self.assembly = assembly
    self.reason = reason
    self.alignment = alignment
    self.blockSize = blockSize
    opened = chunk.opened
    byteCount = chunk.byteCount
  }

  /// One that was in a file before.
  init(again assembly: ChunkAssembly) {
    self.assembly = assembly
    reason = .flush
    alignment = ChunkLayout.alignment
    blockSize = .kibibytes64
    opened = nil
    byteCount = 0
    stage = .done
  }

  /// Packs the records at once.
  func pack(_ records: OpenChunk) {
    assembly.pack(records, blockSize: blockSize)
    stage = .done
  }

  /// Has `records` packed by ``perform()``.
  func take(_ records: OpenChunk) { source = records }

  func perform() {
    guard let source else { return }
    assembly.pack(source, blockSize: blockSize)
  }

  /// The chunk that the records were in, to be used again.
  func takeSource() -> OpenChunk? {
    defer { source = nil }
    return source
  }
}
