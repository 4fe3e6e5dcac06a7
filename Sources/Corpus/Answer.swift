/// What a model answered to a prompt.
public struct Answer: CorpusRecord {
  public static let typeName = "synpo.answer.v1"

  public enum Kind: String, Codable, Sendable {
    /// By the current model.
    case draft
    /// The draft, improved.
    case rewrite
    /// By the initial model.
    case baseline
  }

  public let id: String
  public var kind: Kind
  public var prompt: String
  public var answer: String
  /// How good a scorer holds it to be.
  public var score: Double?
  public var origin: Origin

  public init(
    _ kind: Kind, prompt: String, answer: String, score: Double? = nil, origin: Origin
  ) {
    self.kind = kind
    self.prompt = prompt
    self.answer = answer
    self.score = score
    self.origin = origin
    id = RecordID.of([Self.typeName, kind.rawValue, prompt, answer] + origin.identity)
  }

  enum CodingKeys: String, CodingKey { case id, kind, prompt, answer, score }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    kind = try values.decode(Kind.self, forKey: .kind)
    prompt = try values.decode(String.self, forKey: .prompt)
    answer = try values.decode(String.self, forKey: .answer)
    score = try values.decodeIfPresent(Double.self, forKey: .score)
    origin = try Origin(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(kind, forKey: .kind)
    try values.encode(prompt, forKey: .prompt)
    try values.encode(answer, forKey: .answer)
    try values.encodeIfPresent(score, forKey: .score)
    try origin.encode(to: encoder)
  }
}
