/// A prompt that the generator made from keywords.
public struct SyntheticPrompt: CorpusRecord {
  public static let typeName = "synpo.prompt.v1"

  public let id: String
  public var prompt: String
  /// The words it was made from.
  public var keywords: [String]
  /// The answer that the generator wrote along with it. The recipe does not use it.
  public var solution: String?
  public var origin: Origin

  public init(prompt: String, keywords: [String], solution: String? = nil, origin: Origin) {
    self.prompt = prompt
    self.keywords = keywords
    self.solution = solution
    self.origin = origin
    id = RecordID.of([Self.typeName, prompt] + keywords + [solution ?? ""] + origin.identity)
  }

  enum CodingKeys: String, CodingKey { case id, prompt, keywords, solution }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    prompt = try values.decode(String.self, forKey: .prompt)
    keywords = try values.decode([String].self, forKey: .keywords)
    solution = try values.decodeIfPresent(String.self, forKey: .solution)
    origin = try Origin(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(prompt, forKey: .prompt)
    try values.encode(keywords, forKey: .keywords)
    try values.encodeIfPresent(solution, forKey: .solution)
    try origin.encode(to: encoder)
  }
}
