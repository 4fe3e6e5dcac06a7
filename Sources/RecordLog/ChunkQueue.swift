/// Closed chunks in the order in which they go to the file.
struct ChunkQueue {
  private var chunks: [ClosedChunk] = []
  /// Bytes of their records, decoded.
  private(set) var byteCount = 0
  private(set) var recordCount: UInt64 = 0
  /// The most bytes that they can come to in a file.
  private(set) var greatestLength: UInt64 = 0

  init() {}

  /// What one segment could not make durable, and what waited behind it.
  init(again kept: [ChunkAssembly], then rest: ChunkQueue) {
    for assembly in kept { append(ClosedChunk(again: assembly)) }
    for chunk in rest.chunks {
      // Every segment begins with a description of its own.
      chunk.meta = nil
      append(chunk)
    }
  }

  var first: ClosedChunk? { chunks.first }

  mutating func append(_ chunk: ClosedChunk) {
    chunks.append(chunk)
    byteCount += chunk.byteCount
    recordCount += chunk.recordCount
    greatestLength += chunk.greatestLength
  }

  mutating func removeFirst() {
    let chunk = chunks.removeFirst()
    byteCount -= chunk.byteCount
    recordCount -= chunk.recordCount
    greatestLength -= min(chunk.greatestLength, greatestLength)
  }
}
