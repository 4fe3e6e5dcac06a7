/// Something that could not be used, kept aside with the reason.
public struct QuarantinedRecord: CorpusRecord {
  public static let typeName = "synpo.quarantine.v1"

  /// The most bytes of a refused text that are kept.
  public static let keptBytes = 4096

  public let id: String
  /// The stage that refused it, such as `seeds`, `prompts`, `pairs`.
  public var stage: String
  /// Short and the same for all of a sort, so that they can be counted by it.
  public var reason: String
  /// What exactly was wrong here.
  public var detail: String?
  /// The beginning of the text.
  public var text: String?
  /// Where it was read, the line counted from 1, the offset in bytes from 0.
  public var file: String?
  public var line: Int?
  public var offset: Int?
  public var origin: Origin

  public init(
    stage: String, reason: String, detail: String? = nil, text: String? = nil,
    file: String? = nil, line: Int? = nil, offset: Int? = nil, origin: Origin = Origin()
  ) {
    self.stage = stage
    self.reason = reason
    self.detail = detail
    self.text = text.map { String(decoding: $0.utf8.prefix(Self.keptBytes), as: UTF8.self) }
    self.file = file
    self.line = line
    self.offset = offset
    self.origin = origin
    let place = [file ?? "", "\(line ?? 0)", "\(offset ?? 0)"]
    id = RecordID.of([Self.typeName, stage, reason, text ?? ""] + place + origin.identity)
  }

  enum CodingKeys: String, CodingKey {
    case id, stage, reason, detail, text, file, line, offset
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    stage = try values.decode(String.self, forKey: .stage)
    reason = try values.decode(String.self, forKey: .reason)
    detail = try values.decodeIfPresent(String.self, forKey: .detail)
    text = try values.decodeIfPresent(String.self, forKey: .text)
    file = try values.decodeIfPresent(String.self, forKey: .file)
    line = try values.decodeIfPresent(Int.self, forKey: .line)
    offset = try values.decodeIfPresent(Int.self, forKey: .offset)
    origin = try Origin(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(stage, forKey: .stage)
    try values.encode(reason, forKey: .reason)
    try values.encodeIfPresent(detail, forKey: .detail)
    try values.encodeIfPresent(text, forKey: .text)
    try values.encodeIfPresent(file, forKey: .file)
    try values.encodeIfPresent(line, forKey: .line)
    try values.encodeIfPresent(offset, forKey: .offset)
    try origin.encode(to: encoder)
  }
}
