import Bytes
import ModelFile
import TestSupport
import Testing

struct PackedModelFileTests {
  @Test func `what is written is read`() throws {
    let folder = try TemporaryFolder()
    let fingerprint = try writeSample(to: folder.file("a"))
    #expect(PackedModelFile.isPacked(path: folder.file("a")))
    let file = try PackedModelFile(path: folder.file("a"))
    #expect(file.metadata == everyType())
    #expect(file.fingerprint == fingerprint)
    #expect(file.fingerprint.count == 16)
    #expect(file.tensors.map(\.shape) == shapes)
    let panels = try #require(file.tensor("blk.0.attn_q.weight"))
    #expect(panels.bytes.count == 2 * 2 * 1088)
    #expect(panels.bytes.range.lowerBound % 64 == 0)
    #expect(content(panels.bytes) == panelBytes)
    let norm = try #require(file.tensor("output_norm.weight"))
    #expect(content(norm.bytes) == [0, 0, 128, 63, 0, 0, 0, 192, 0, 0, 0, 63])
    #expect(file.tensors[0].bytes.range.lowerBound % 4096 == 0)
    #expect(file.tensor("nowhere") == nil)
    try file.verify()
  }

  @Test func `the same content has the same fingerprint, other content another`() throws {
    let folder = try TemporaryFolder()
    let first = try writeSample(to: folder.file("a"))
    #expect(try writeSample(to: folder.file("b")) == first)
    #expect(try writeSample(to: folder.file("c"), lastNumber: 0.25) != first)
    #expect(try bytes(ofFile: folder.file("a")) == bytes(ofFile: folder.file("b")))
  }

  @Test func `every file that is cut short is refused, and so is one that goes on`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    for changed in whole.indices.map({ whole.prefix($0) }) + [(whole + [0])[...]] {
      #expect(opening(changed) != nil, "\(changed.count) of \(whole.count) bytes")
    }
  }

  @Test func `every byte is guarded: the front on opening, the rest by verifying`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    let start = try PackedModelFile(path: folder.file("whole")).tensors[0].bytes.range.lowerBound
    let front = try frontLength(whole)
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0x40
      if opening(damaged) != nil { continue }
      #expect(place >= front, "byte \(place)")
      let verifying = refusal(of: damaged) { (file) throws(ModelFileError) in
        try PackedModelFile(file).verify()
      }
      #expect(verifying == .damaged(file: "memory", part: "content"))
    }
    #expect(front < start)
  }

  @Test func `lengths that lie under a good checksum are refused`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("whole"))
    let whole = try bytes(ofFile: folder.file("whole"))
    let front = try frontLength(whole)
    // Key count, metadata bytes, tensor count, directory bytes, start, total, and the directory.
    let name = "output_norm.weight".utf8.count
    let entry = front - (name + 48)
    let fields = [
      12, 16, 24, 32, 40, 48, entry, entry + 8 + name, entry + 16 + name,
      entry + 24 + name, entry + 32 + name, entry + 40 + name,
    ]
    for field in fields {
      for lie in [0, 1, 0x7FFF_FFFF, UInt32.max] as [UInt32] {
        var lying = whole
        for upper in [0, 4] where field != 12 || upper == 0 {
          for i in 0..<4 { lying[field + upper + i] = UInt8(truncatingIfNeeded: lie >> (8 * i)) }
        }
        if lying == whole { continue }
        reseal(&lying, front: front)
        #expect(opening(lying) != nil, "\(lie) at byte \(field)")
      }
    }
  }

  @Test func `nothing replaces a file before it is complete`() throws {
    let folder = try TemporaryFolder()
    try writeSample(to: folder.file("a"))
    let before = try bytes(ofFile: folder.file("a"))
    do {
      var writer = try PackedModelWriter(
        path: folder.file("a"), metadata: Metadata(), tensors: shapes)
      try writer.append(panelBytes)
    }
    #expect(try bytes(ofFile: folder.file("a")) == before)
  }

  private let shapes = [
    PackedTensorShape(
      name: "blk.0.attn_q.weight", rows: 33, columns: 64, encoding: .int8Panels),
    PackedTensorShape(name: "output_norm.weight", rows: 1, columns: 3, encoding: .float32),
  ]
  private let panelBytes = (0..<4 * 1088).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  @discardableResult
  private func writeSample(to path: String, lastNumber: Float = 0.5) throws -> String {
    var writer = try PackedModelWriter(path: path, metadata: everyType(), tensors: shapes)
    try writer.append(Array(panelBytes[..<100]))
    try writer.append(Array(panelBytes[100...]))
    try writer.append(floats: [1, -2, lastNumber])
    return try writer.commit()
  }

  private func opening(_ bytes: some Collection<UInt8>) -> ModelFileError? {
    refusal(of: bytes) { (file) throws(ModelFileError) in _ = try PackedModelFile(file) }
  }

  private func content(_ bytes: MappedBytes) -> [UInt8] {
    bytes.withUnsafeBytes { [UInt8]($0) }
  }

  /// Header, metadata and directory together, by the lengths in the header.
  private func frontLength(_ file: [UInt8]) throws -> Int {
    var reader = ByteReader(file.span.bytes)
    try reader.skip(16)
    let metadata: UInt64 = try reader.next()
    try reader.skip(8)
    let directory: UInt64 = try reader.next()
    return 64 + Int(metadata) + Int(directory)
  }

  /// Makes the checksum of the front right again.
  private func reseal(_ file: inout [UInt8], front: Int) {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in file[..<56] + file[64..<front] {
      value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    for i in 0..<8 { file[56 + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
  }
}
