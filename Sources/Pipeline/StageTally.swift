/// What has gone through the channel that a stage fills.
public struct StageTally: Equatable, Sendable {
  public var elements = 0
  /// The weight of those elements.
  public var bytes = 0
  /// How often the stage found its channel full and had to wait: what comes after it is slower.
  public var fullWaits = 0
  /// How often the next stage found the channel empty and had to wait: this one is slower.
  public var emptyWaits = 0
  /// The most that has been stored at once, in bytes.
  public var highWater = 0

  public init() {}
}
