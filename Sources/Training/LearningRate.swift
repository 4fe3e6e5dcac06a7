internal import Foundation

/// How the learning rate goes over a run: a linear warm-up, then a way down.
public struct LearningRate: Equatable, Sendable {
  public enum Schedule: String, CaseIterable, Codable, Sendable {
    case cosine, linear, constant
  }

  public var peak: Float
  public var schedule: Schedule
  public var warmupSteps: Int
  public var totalSteps: Int

  public init(peak: Float, schedule: Schedule, warmupSteps: Int, totalSteps: Int) {
    self.peak = peak
    self.schedule = schedule
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate of step `step`, counted from 0; as transformers' schedules define it.
  public func rate(at step: Int) -> Float {
    if step < warmupSteps { return peak * Float(step) / Float(max(warmupSteps, 1)) }
    let done = Float(step - warmupSteps) / Float(max(totalSteps - warmupSteps, 1))
    switch schedule {
    case .constant: return peak
    case .linear: return peak * max(0, 1 - done)
    case .cosine: return peak * max(0, 0.5 * (1 + cos(.pi * done)))
    }
  }
}
