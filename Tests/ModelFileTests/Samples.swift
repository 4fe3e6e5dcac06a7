import Bytes
import Foundation
import ModelFile
import TestSupport

/// A small value under a key of every type.
func everyType() -> Metadata {
  var metadata = Metadata()
  metadata["general.architecture"] = .string("llama")
  metadata["u8"] = .u8(.max)
  metadata["i8"] = .i8(.min)
  metadata["u16"] = .u16(.max)
  metadata["i16"] = .i16(.min)
  metadata["u32"] = .u32(.max)
  metadata["i32"] = .i32(.min)
  metadata["u64"] = .u64(.max)
  metadata["i64"] = .i64(.min)
  metadata["f32"] = .f32(-0.1)
  metadata["f64"] = .f64(1e300)
  metadata["bool"] = .bool(true)
  metadata["text"] = .string("Él 日本 🙂\0")
  metadata["list.u8"] = .array(.u8([1, 2]))
  metadata["list.i8"] = .array(.i8([-1]))
  metadata["list.u16"] = .array(.u16([3]))
  metadata["list.i16"] = .array(.i16([-3]))
  metadata["list.u32"] = .array(.u32([4]))
  metadata["list.i32"] = .integers([-4, 5])
  metadata["list.u64"] = .array(.u64([.max]))
  metadata["list.i64"] = .array(.i64([.min]))
  metadata["list.f32"] = .numbers([0.5, -.infinity])
  metadata["list.f64"] = .array(.f64([0.25]))
  metadata["list.bool"] = .array(.bool([true, false]))
  metadata["list.text"] = .strings(["", "a", "Ġword", "日本"])
  metadata["list.empty"] = .strings([])
  return metadata
}

func bytes(ofFile path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(filePath: path)))
}

func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Data(bytes).write(to: URL(filePath: path))
}

/// Lends `bytes` as if they were a file, which is faster than writing them to one. What is opened
/// must not outlive the call.
func asFile<R>(_ bytes: some Collection<UInt8>, _ body: (MappedFile) throws -> R) rethrows -> R {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 4096)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  return try body(MappedFile(permanent: UnsafeRawBufferPointer(memory), name: "memory"))
}

/// Why the format's reader refuses `bytes`; nil if it does not.
func refusal(
  of bytes: some Collection<UInt8>, _ open: (MappedFile) throws(ModelFileError) -> Void
) -> ModelFileError? {
  asFile(bytes) { file in refusal { () throws(ModelFileError) in try open(file) } }
}

/// The error that `body` throws; nil if it throws none.
func refusal(_ body: () throws(ModelFileError) -> Void) -> ModelFileError? {
  do throws(ModelFileError) { try body() } catch { return error }
  return nil
}

/// A GGUF file put together by hand, so that it can lie.
struct HandmadeGGUF {
  var version: UInt32 = 3
  var tensorCount: UInt64?
  var keyCount: UInt64?
  var keyValues = ByteWriter()
  var tensors = ByteWriter()
  var numbers = [UInt8](repeating: 0, count: 64)
  private var keys: UInt64 = 0
  private var named: UInt64 = 0

  mutating func add(key: String, type: UInt32, _ value: (inout ByteWriter) -> Void) {
    keys += 1
    keyValues.append(UInt64(key.utf8.count))
    keyValues.append(bytes: key.utf8)
    keyValues.append(type)
    value(&keyValues)
  }

  mutating func add(tensor: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
    named += 1
    tensors.append(UInt64(tensor.utf8.count))
    tensors.append(bytes: tensor.utf8)
    tensors.append(UInt32(dimensions.count))
    for dimension in dimensions { tensors.append(dimension) }
    tensors.append(type)
    tensors.append(offset)
  }

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.append(bytes: "GGUF".utf8)
    writer.append(version)
    writer.append(tensorCount ?? named)
    writer.append(keyCount ?? keys)
    writer.append(bytes: keyValues.bytes)
    writer.append(bytes: tensors.bytes)
    writer.pad(to: 32)
    writer.append(bytes: numbers)
    return writer.bytes
  }
}
