/// A prompt with an answer to prefer and one to avoid.
///
/// Its JSON is what preference trainers elsewhere load: `prompt`, `chosen`, `rejected` as text, and
/// columns they carry through.
public struct PreferencePair: CorpusRecord {
  public static let typeName = "synpo.pair.v1"

  public let id: String
  public var prompt: String
  public var chosen: String
  public var rejected: String
  public var scoreChosen: Double?
  public var scoreRejected: Double?
  /// Who made the pair, such as `synpo` or the name of a file.
  public var source: String?
  public var origin: Origin

  public init(
    prompt: String, chosen: String, rejected: String, scoreChosen: Double? = nil,
    scoreRejected: Double? = nil, source: String? = nil, origin: Origin = Origin()
  ) {
    self.prompt = prompt
    self.chosen = chosen
    self.rejected = rejected
    self.scoreChosen = scoreChosen
    self.scoreRejected = scoreRejected
    self.source = source
    self.origin = origin
    id = RecordID.of([Self.typeName, prompt, chosen, rejected] + origin.identity)
  }

  enum CodingKeys: String, CodingKey {
    case id, prompt, chosen, rejected, source
    case scoreChosen = "score_chosen"
    case scoreRejected = "score_rejected"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    prompt = try values.decode(String.self, forKey: .prompt)
    chosen = try values.decode(String.self, forKey: .chosen)
    rejected = try values.decode(String.self, forKey: .rejected)
    scoreChosen = try values.decodeIfPresent(Double.self, forKey: .scoreChosen)
    scoreRejected = try values.decodeIfPresent(Double.self, forKey: .scoreRejected)
    source = try values.decodeIfPresent(String.self, forKey: .source)
    origin = try Origin(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(prompt, forKey: .prompt)
    try values.encode(chosen, forKey: .chosen)
    try values.encode(rejected, forKey: .rejected)
    try values.encodeIfPresent(scoreChosen, forKey: .scoreChosen)
    try values.encodeIfPresent(scoreRejected, forKey: .scoreRejected)
    try values.encodeIfPresent(source, forKey: .source)
    try origin.encode(to: encoder)
  }
}
