import Bytes
import ModelFile
import TestSupport
import Testing

struct MetadataTests {
  @Test func `getters give what is there and nil for another type`() {
    let metadata = everyType()
    #expect(metadata.string("general.architecture") == "llama")
    #expect(metadata.integer("u8") == 255)
    #expect(metadata.integer("i64") == Int.min)
    #expect(metadata.integer("u64") == nil)
    #expect(metadata.integer("f32") == nil)
    #expect(metadata.number("f32") == Double(Float(-0.1)))
    #expect(metadata.number("i32") == Double(Int32.min))
    #expect(metadata.number("text") == nil)
    #expect(metadata.flag("bool") == true)
    #expect(metadata.flag("u8") == nil)
    #expect(metadata.strings("list.text") == ["", "a", "Ġword", "日本"])
    #expect(metadata.strings("list.u8") == nil)
    #expect(metadata.integers("list.i32") == [-4, 5])
    #expect(metadata.integers("list.u64") == nil)
    #expect(metadata.integers("list.f32") == nil)
    #expect(metadata.numbers("list.f32") == [0.5, -.infinity])
    #expect(metadata.numbers("list.i8") == [-1])
    #expect(metadata.numbers("list.text") == nil)
    #expect(metadata["nowhere"] == nil)
  }

  @Test func `keys keep their order when values change, come and go`() {
    var metadata = Metadata()
    metadata["a"] = .u8(1)
    metadata["b"] = .u8(2)
    metadata["c"] = .u8(3)
    metadata["a"] = .string("again")
    metadata["b"] = nil
    metadata["never"] = nil
    metadata["d"] = .bool(false)
    #expect(metadata.keys == ["a", "c", "d"])
    #expect(metadata.string("a") == "again")
    #expect(metadata.count == 3)
  }

  @Test func `texts that are not UTF-8 keep their bytes`() throws {
    let folder = try TemporaryFolder()
    let texts = TextList(bytes: [[0xE6, 0x97], [], Array("ok".utf8)])
    var metadata = Metadata()
    metadata["tokens"] = .array(.string(texts))
    try GGUFWriter(path: folder.file("a"), metadata: metadata, tensors: []).commit()
    let read = try #require(try GGUFFile(path: folder.file("a")).metadata.texts("tokens"))
    #expect(read == texts)
    #expect(Array(read.bytes(at: 0)) == [0xE6, 0x97])
    #expect(read.strings == ["\u{FFFD}", "", "ok"])
  }
}
