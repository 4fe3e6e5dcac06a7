/// Where a record comes from: enough to make it again.
///
/// In JSON its members stand beside those of the record.
public struct Origin: Codable, Equatable, Sendable {
  /// The ids of the records it was made from.
  public var parents: [String]
  /// Counted from 1; nil outside the loop.
  public var iteration: Int?
  /// The fingerprint of the model that wrote it.
  public var model: String?
  /// The hash of the settings it was made with.
  public var settings: String?
  /// The seed of the run.
  public var seed: UInt64?

  public init(
    parents: [String] = [], iteration: Int? = nil, model: String? = nil, settings: String? = nil,
    seed: UInt64? = nil
  ) {
    self.parents = parents
    self.iteration = iteration
    self.model = model
    self.settings = settings
    self.seed = seed
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    parents = try values.decodeIfPresent([String].self, forKey: .parents) ?? []
    iteration = try values.decodeIfPresent(Int.self, forKey: .iteration)
    model = try values.decodeIfPresent(String.self, forKey: .model)
    settings = try values.decodeIfPresent(String.self, forKey: .settings)
    seed = try values.decodeIfPresent(UInt64.self, forKey: .seed)
  }

  /// What of it tells two records with the same words apart.
  var identity: [String] {
    parents + ["\(iteration ?? 0)", model ?? "", settings ?? "", "\(seed ?? 0)"]
  }
}
