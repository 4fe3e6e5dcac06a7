import Bytes
import Foundation

enum SafetensorsLayout {
  static let floatTypes: [String: ElementType] = ["F32": .f32, "F16": .f16, "BF16": .bf16]

  /// Bytes of one number; a tensor of another type is refused.
  static let typeBytes = [
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8,
    "U32": 4, "U16": 2, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
  ]

  static let notesKey = "__metadata__"
  static let lengthBytes = 8
  /// The format's own limit.
  static let largestHeader = 100_000_000
}

/// The JSON header of a safetensors file, read and checked.
///
///     u64 header length | JSON: name -> dtype, shape, data_offsets | bytes of the tensors
struct SafetensorsHeader {
  let notes: [String: String]
  /// In the order of their bytes.
  let tensors: [SafetensorsTensor]

  init(reading file: MappedFile) throws(ModelFileError) {
    let content = try Self.content(of: file)
    notes = content.notes
    let start = content.end
    let claims = content.entries.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    var tensors: [SafetensorsTensor] = []
    var end = 0
    for (name, entry) in claims {
      try Self.check(entry, name: name, after: end, last: tensors.last?.name, in: file, from: start)
      end = entry.end
      tensors.append(
        SafetensorsTensor(
          name: name, shape: entry.shape, type: entry.dtype,
          range: start + entry.begin..<start + entry.end))
    }
    guard start + end == file.byteCount else {
      throw .malformed(
        file: file.path, place: "end",
        problem: "\(file.byteCount - start - end) bytes belong to no tensor")
    }
    self.tensors = tensors
  }

  private struct Content {
    var entries: [String: Entry]
    var notes: [String: String]
    /// Where the tensors' bytes begin.
    var end: Int
  }

  private static func content(of file: MappedFile) throws(ModelFileError) -> Content {
    let decoder = MetadataDecoder(file: file.path)
    var reader = ByteReader(file.bytes)
    let length = try decoder.count(&reader, of: "header bytes", fewestBytes: 1)
    guard length <= SafetensorsLayout.largestHeader else {
      throw .tooLarge(
        file: file.path + " (header)", bytes: length, limit: SafetensorsLayout.largestHeader)
    }
    let json = try decoder.bytes(&reader, count: length)
    guard json.first == UInt8(ascii: "{") else {
      throw .wrongKind(file: file.path, expected: "safetensors")
    }
    let parts = try decodeJSON([String: HeaderPart].self, json, file: file.path)
    var content = Content(entries: [:], notes: [:], end: reader.offset)
    for (name, part) in parts {
      switch part {
      case .tensor(let entry): content.entries[name] = entry
      case .notes(let notes): content.notes = notes
      }
    }
    return content
  }

  private static func check(
    _ entry: Entry, name: String, after end: Int, last: String?, in file: MappedFile,
    from start: Int
  ) throws(ModelFileError) {
    func malformed(_ problem: String) -> ModelFileError {
      .malformed(file: file.path, place: name, problem: problem)
    }
    guard let size = SafetensorsLayout.typeBytes[entry.dtype] else {
      throw .unsupportedType(file: file.path, tensor: name, type: entry.dtype)
    }
    guard entry.offsets.count == 2, entry.begin >= 0, entry.begin <= entry.end else {
      throw malformed("data_offsets \(entry.offsets)")
    }
    guard entry.end <= file.byteCount - start else {
      throw .tensorOutsideFile(
        file: file.path, tensor: name, endsAt: UInt64(entry.end), fileBytes: file.byteCount - start)
    }
    guard entry.shape.allSatisfy({ $0 > 0 }), let byteCount = product(entry.shape + [size]),
      byteCount == entry.end - entry.begin
    else { throw malformed("shape \(entry.shape) contradicts its offsets") }
    if entry.begin < end, let last {
      throw .tensorsOverlap(file: file.path, first: last, second: name)
    }
    guard entry.begin == end else { throw malformed("a gap before the tensor") }
  }
}

/// A tensor in the header.
private struct Entry: Codable {
  var dtype: String
  var shape: [Int]
  var offsets: [Int]

  enum CodingKeys: String, CodingKey {
    case dtype, shape
    case offsets = "data_offsets"
  }

  var begin: Int { offsets.first ?? 0 }
  var end: Int { offsets.last ?? 0 }
}

private enum HeaderPart: Codable {
  case tensor(Entry)
  case notes([String: String])

  init(from decoder: any Decoder) throws {
    if decoder.codingPath.last?.stringValue == SafetensorsLayout.notesKey {
      self = .notes(try [String: String](from: decoder))
    } else {
      self = .tensor(try Entry(from: decoder))
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .tensor(let entry): try entry.encode(to: encoder)
    case .notes(let notes): try notes.encode(to: encoder)
    }
  }
}

extension SafetensorsHeader {
  /// Length and header for tensors of one type that follow each other, padded with spaces.
  static func bytes(
    for tensors: [(name: String, shape: [Int])], type: FloatType, path: String
  ) throws(ModelFileError) -> [UInt8] {
    var parts = [SafetensorsLayout.notesKey: HeaderPart.notes(["format": "pt"])]
    var end = 0
    for (name, shape) in tensors {
      let start = end
      end += shape.reduce(type.byteCount, *)
      parts[name] = .tensor(
        Entry(dtype: type.rawValue.uppercased(), shape: shape, offsets: [start, end]))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(parts) else {
      throw .malformed(file: path, place: "header", problem: "a name that JSON cannot hold")
    }
    let length = (json.count + 7) / 8 * 8
    var writer = ByteWriter(reserving: SafetensorsLayout.lengthBytes + length)
    writer.append(UInt64(length))
    writer.append(bytes: json)
    writer.append(bytes: repeatElement(UInt8(ascii: " "), count: length - json.count))
    return writer.bytes
  }
}
