/// A question with an answer that people hold to be good.
///
/// As JSON it is a `prompt` with its `completion`, which trainers elsewhere read as it is.
public struct Seed: CorpusRecord {
  public static let typeName = "synpo.seed.v1"

  public let id: String
  /// What the user asks, in the last turn before the answer.
  public var prompt: String
  /// The turns before that, and the system message if there is one.
  public var history: [Message]
  /// The good answer.
  public var answer: String
  /// An answer that is held to be worse, where the file has one.
  public var rejected: String?
  /// The file the seed was read from.
  public var source: String?

  public init(
    prompt: String, history: [Message] = [], answer: String, rejected: String? = nil,
    source: String? = nil
  ) {
    self.prompt = prompt
    self.history = history
    self.answer = answer
    self.rejected = rejected
    self.source = source
    let turns = history.flatMap { [$0.role.rawValue, $0.content] }
    id = RecordID.of([Self.typeName] + turns + [prompt, answer, rejected ?? ""])
  }

  /// All turns up to the answer.
  public var messages: [Message] { history + [Message(.user, prompt)] }

  enum CodingKeys: String, CodingKey {
    case id, prompt, history, rejected, source
    case answer = "completion"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    id = try values.decode(String.self, forKey: .id)
    prompt = try values.decode(String.self, forKey: .prompt)
    history = try values.decodeIfPresent([Message].self, forKey: .history) ?? []
    answer = try values.decode(String.self, forKey: .answer)
    rejected = try values.decodeIfPresent(String.self, forKey: .rejected)
    source = try values.decodeIfPresent(String.self, forKey: .source)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(id, forKey: .id)
    try values.encode(prompt, forKey: .prompt)
    if !history.isEmpty { try values.encode(history, forKey: .history) }
    try values.encode(answer, forKey: .answer)
    try values.encodeIfPresent(rejected, forKey: .rejected)
    try values.encodeIfPresent(source, forKey: .source)
  }
}
