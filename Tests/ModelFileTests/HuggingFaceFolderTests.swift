import Foundation
import ModelFile
import TestSupport
import Testing

struct HuggingFaceFolderTests {
  @Test(.enabled(if: Shared.isPresent))
  func `a real folder opens with all its parts`() throws {
    let folder = try HuggingFaceFolder(path: Shared.path("fixtures/llama"))
    #expect(folder.config["model_type"]?.string == "llama")
    #expect(folder.config["rms_norm_eps"]?.number == 1e-5)
    #expect(folder.config["tie_word_embeddings"]?.flag == false)
    #expect(folder.config["pad_token_id"] == nil)
    #expect(folder.config["rope_parameters"]?["rope_theta"]?.integer == 10000)
    #expect(folder.generationConfig?["eos_token_id"]?.integer == 1)
    #expect(folder.tokenizerConfig?.count == 172)
    #expect(folder.specialTokensMap == nil)
    #expect(folder.chatTemplate?.contains("<|im_start|>") == true)
    #expect(try folder.tokenizerJSON().count == 19575)
    #expect(try folder.openTensors().names.count == 30)
  }

  @Test func `shards are one source of tensors`() throws {
    let folder = try sharded(index: ["a": "1.safetensors", "b": "2.safetensors"])
    let tensors = try HuggingFaceFolder(path: folder.path).openTensors()
    #expect(tensors.names == ["a", "b"])
    #expect(try tensors.floats(of: "b", rows: 0..<1) == [3])
    #expect(tensors.tensor("c") == nil)
  }

  @Test(arguments: [
    ["a": "1.safetensors", "c": "2.safetensors"], ["a": "../1.safetensors"],
    ["a": "3.safetensors"], ["a": "passwd"],
  ])
  func `an index that does not fit its folder is refused`(index: [String: String]) throws {
    let folder = try sharded(index: index)
    let opened = try HuggingFaceFolder(path: folder.path)
    #expect(throws: ModelFileError.self) { try opened.openTensors() }
  }

  @Test func `a shard that is missing is named`() throws {
    let folder = try sharded(index: ["a": "1.safetensors", "b": "3.safetensors"])
    #expect(
      throws: ModelFileError.missing(
        file: folder.path, what: "3.safetensors, which its index names")
    ) { try HuggingFaceFolder(path: folder.path).openTensors() }
  }

  @Test func `a tensor in another shard than the index says is refused`() throws {
    let folder = try sharded(index: ["a": "2.safetensors", "b": "1.safetensors"])
    #expect(
      throws: ModelFileError.wrongShard(
        index: folder.file("model.safetensors.index.json"), tensor: "a", named: "2.safetensors",
        found: folder.file("1.safetensors"))
    ) { try HuggingFaceFolder(path: folder.path).openTensors() }
  }

  @Test func `a tensor in two shards is refused`() throws {
    let folder = try sharded(
      index: ["a": "1.safetensors", "b": "2.safetensors"], second: ["b", "a"])
    #expect(
      throws: ModelFileError.inTwoShards(
        tensor: "a", first: folder.file("1.safetensors"), second: folder.file("2.safetensors"))
    ) { try HuggingFaceFolder(path: folder.path).openTensors() }
  }

  @Test func `a shard whose tensors overlap is refused`() throws {
    let folder = try sharded(index: ["a": "1.safetensors", "b": "2.safetensors"])
    let header =
      #"{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
      + #""c":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    try write(
      length + Array(header.utf8) + [0, 0, 0, 0, 0, 0], to: folder.file("2.safetensors"))
    #expect(
      throws: ModelFileError.tensorsOverlap(
        file: folder.file("2.safetensors"), first: "b", second: "c")
    ) { try HuggingFaceFolder(path: folder.path).openTensors() }
  }

  @Test func `missing and broken files are named`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: ModelFileError.missing(file: folder.path, what: "config.json")) {
      try HuggingFaceFolder(path: folder.path)
    }
    try write("{\"model_type\": ".utf8, to: folder.file("config.json"))
    #expect(throws: ModelFileError.self) { try HuggingFaceFolder(path: folder.path) }
    try write("{}".utf8, to: folder.file("config.json"))
    try write(
      repeatElement(UInt8(ascii: " "), count: 1 << 20 + 1), to: folder.file("chat_template.jinja"))
    #expect(
      throws: ModelFileError.tooLarge(
        file: folder.file("chat_template.jinja"), bytes: 1 << 20 + 1, limit: 1 << 20)
    ) { try HuggingFaceFolder(path: folder.path) }
  }

  /// Two shards, the first with the tensor `a`, the second with those that `second` names.
  private func sharded(
    index: [String: String], second: [String] = ["b"]
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try write("{}".utf8, to: folder.file("config.json"))
    for (file, names) in [("1", ["a"]), ("2", second)] {
      var writer = try SafetensorsWriter(
        path: folder.file("\(file).safetensors"), tensors: names.map { ($0, [1]) })
      for name in names { try writer.append([name == "a" ? 2 : 3]) }
      try writer.commit()
    }
    let json = try JSONSerialization.data(withJSONObject: ["weight_map": index])
    try write(json, to: folder.file("model.safetensors.index.json"))
    return folder
  }
}
