import Foundation

/// A kind of record, as a META chunk declares it. The id means something in its file only; the
/// name is the identity.
public struct RecordType: Hashable, Sendable, Codable {
  public enum Encoding: String, Hashable, Sendable, Codable {
    case json, bytes
  }

  /// 1 … 65534.
  public var id: UInt16
  public var name: String
  public var encoding: Encoding
  /// The hash of the canonical schema in hexadecimal, where there is one.
  public var schemaHash: String?

  enum CodingKeys: String, CodingKey {
    case id, name, encoding
    case schemaHash = "schema_hash"
  }

  public init(id: UInt16, name: String, encoding: Encoding = .json, schemaHash: String? = nil) {
    self.id = id
    self.name = name
    self.encoding = encoding
    self.schemaHash = schemaHash
  }

  /// Any JSON value on one line.
  public static let json = RecordType(id: 1, name: "json")
}

/// What META chunks say about a segment: its record types, who wrote it, and what the user added.
public struct LogDescription: Equatable, Sendable, Codable {
  public struct Writer: Equatable, Sendable, Codable {
    public var name: String
    public var version: String?
    public var codec: String?

    public init(name: String, version: String? = nil, codec: String? = nil) {
      self.name = name
      self.version = version
      self.codec = codec
    }
  }

  public var types: [RecordType]
  public var writer: Writer?
  public var user: [String: JSONValue]?
  /// Segments of the folder, before this one, that were damaged.
  public var setAside: [SetAsideSegment]?

  enum CodingKeys: String, CodingKey {
    case types, writer, user
    case setAside = "set_aside"
  }

  public init(types: [RecordType], writer: Writer? = nil, user: [String: JSONValue]? = nil) {
    self.types = types
    self.writer = writer
    self.user = user
  }

  /// Nil for an id that was not declared. Type 0 is opaque bytes and needs no declaration.
  public func type(_ id: UInt16) -> RecordType? { types.first { $0.id == id } }

  public func type(named name: String) -> RecordType? { types.first { $0.name == name } }
}

extension LogDescription {
  func encoded() throws(RecordLogError.Problem) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(self) else {
      throw .malformed(.meta, "a value that JSON cannot express")
    }
    guard json.count <= ChunkLayout.metaLimit else {
      throw .tooLarge(.meta, bytes: UInt64(json.count), limit: UInt64(ChunkLayout.metaLimit))
    }
    return [UInt8](json)
  }

  init(decoding bytes: RawSpan) throws(RecordLogError.Problem) {
    // First what allocates nothing: nesting would make the decoder take thirty times the bytes.
    if let fault = JSONSyntax.fault(in: bytes) { throw .malformed(.meta, "\(fault)") }
    let json = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
    do {
      self = try JSONDecoder().decode(LogDescription.self, from: json)
    } catch {
      throw .malformed(.meta, "not the JSON that is expected there")
    }
    guard types.count <= ChunkLayout.typesLimit else {
      throw .tooLarge(.meta, bytes: UInt64(types.count), limit: UInt64(ChunkLayout.typesLimit))
    }
    let ids = Set(types.map(\.id))
    guard ids.count == types.count, !ids.contains(0), !ids.contains(ChunkLayout.mixedTypes) else {
      throw .malformed(.meta, "type ids are not unique numbers from 1 to 65534")
    }
  }
}
