/// Words from one paragraph, from which a prompt is to be made.
public struct KeywordList: CorpusRecord {
  public static let typeName = "synpo.keywords.v1"

  public let id: String
  public var keywords: [String]
  /// The text the words are from.
  public var source: String?
  public var origin: Origin

  public init(keywords: [String], source: String? = nil, origin: Origin = Origin()) {
    self.keywords = keywords
    self.source = source
    self.origin = origin
    id = RecordID.of([Self.typeName] + keywords + [source ?? ""] + origin.identity)
  }

  enum CodingKeys: String, CodingKey { case id, keywords, source }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    keywords = try values.decode([String].self, forKey: .keywords)
    source = try values.decodeIfPresent(String.self, forKey: .source)
    origin = try Origin(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(keywords, forKey: .keywords)
    try values.encodeIfPresent(source, forKey: .source)
    try origin.encode(to: encoder)
  }
}
