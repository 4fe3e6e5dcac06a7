import ModelFile
import Testing
import Transformer

struct ModelShapeTests {
  /// The keys of a small model, some of them changed.
  private func shape(_ changes: [String: MetadataValue?] = [:]) throws -> ModelShape {
    var metadata = Metadata()
    let keys: [(String, MetadataValue)] = [
      ("general.architecture", .string("llama")), ("llama.block_count", .u32(2)),
      ("llama.embedding_length", .u32(64)), ("llama.feed_forward_length", .u32(96)),
      ("llama.attention.head_count", .u32(4)), ("llama.context_length", .u32(128)),
    ]
    for (key, value) in keys { metadata[key] = value }
    for (key, value) in changes { metadata[key] = value }
    return try ModelShape(metadata: metadata, vocabulary: 10, path: "m")
  }

  @Test func `what a file leaves out is taken as usual`() throws {
    let shape = try shape()
    #expect(shape.headSize == 16 && shape.keyValueHeads == 4)
    #expect(shape.ropeBase == 10_000 && shape.ropeScale == 1 && shape.slidingWindow == nil)
    #expect(!shape.architecture.normalizesHeads)
  }

  @Test(
    arguments: [
      ([("llama.rope.scaling.factor", .f32(4))], 4), ([("llama.rope.scale_linear", .f32(2))], 2),
      ([("llama.rope.scaling.factor", .f32(0))], 1),
      ([("llama.rope.scaling.type", .string("none")), ("llama.rope.scaling.factor", .f32(4))], 1),
      (
        [("llama.rope.scaling.type", .string("linear")), ("llama.rope.scaling.factor", .u32(8))],
        8
      ),
    ] as [([(String, MetadataValue)], Float)])
  func `positions are stretched by the newer key or the older`(
    keys: [(String, MetadataValue)], scale: Float
  ) throws {
    let changes = Dictionary(uniqueKeysWithValues: keys.map { ($0.0, MetadataValue?($0.1)) })
    #expect(try shape(changes).ropeScale == scale)
  }

  @Test func `a shape written as keys is read again`() throws {
    var original = try shape(["llama.attention.sliding_window": .u32(16)])
    original.ropeScale = 4
    var metadata = Metadata()
    for (key, value) in original.metadata { metadata[key] = value }
    #expect(try ModelShape(metadata: metadata, vocabulary: 10, path: "m") == original)
  }

  @Test(
    arguments: [
      ("an architecture that is not known", "general.architecture", .string("mamba")),
      ("no layers", "llama.block_count", .u32(0)),
      ("layers without end", "llama.block_count", .u64(.max)),
      ("no width", "llama.embedding_length", nil),
      ("heads that no kernel is made for", "llama.attention.key_length", .u32(512)),
      ("a head that has no pairs", "llama.attention.key_length", .u32(15)),
      ("key heads that do not divide", "llama.attention.head_count_kv", .u32(3)),
      ("a rope that is stretched another way", "llama.rope.scaling.type", .string("yarn")),
      ("a stretch that is no number", "llama.rope.scaling.factor", .f32(.nan)),
      ("a stretch backwards", "llama.rope.scaling.factor", .f32(-2)),
      ("a stretch without end", "llama.rope.scaling.factor", .f32(.infinity)),
      ("a part of the head that is turned", "llama.rope.dimension_count", .u32(8)),
    ] as [(String, String, MetadataValue?)])
  func `what would not run is refused`(name: String, key: String, value: MetadataValue?) {
    #expect(throws: TransformerError.self) { try shape([key: value]) }
  }
}
