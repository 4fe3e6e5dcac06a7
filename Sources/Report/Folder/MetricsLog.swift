internal import Foundation

/// The numbers of all training steps of a run, from its `metrics.jsonl`.
public struct MetricsLog: Sendable {
  /// One training's numbers by step.
  public struct Curve: Sendable, Equatable {
    /// `generator`, `improver` or `policy`.
    public var training: String
    public var iteration: Int
    /// Rising; each once.
    public var steps: [Int] = []
    /// By the names that trainers elsewhere use, such as `loss` and `rewards/margins`; where a step
    /// lacks a number there is none in its place.
    public var values: [String: [Double]] = [:]

    /// A number by step.
    public func points(_ name: String) -> [(x: Double, y: Double)] {
      zip(steps, values[name] ?? []).filter { $1.isFinite }.map { (Double($0), $1) }
    }
  }

  public private(set) var curves: [Curve] = []

  /// - Parameter path: a file that is not there, or whose lines are no JSON, gives no curves: these
  ///   numbers are for looking at only.
  public init(path: String) {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    var order: [[String]] = []
    var steps: [[String]: [Int: [String: Double]]] = [:]
    for line in text.split(separator: "\n") {
      guard let entry = Entry(line) else { continue }
      if steps[entry.key] == nil { order.append(entry.key) }
      // A step that was repeated after a crash has a second line, which says the same; a look at
      // what the model writes after a step has one of its own.
      steps[entry.key, default: [:]][entry.step, default: [:]].merge(entry.numbers) { $1 }
    }
    curves = order.map { Self.curve($0, steps[$0] ?? [:]) }
  }

  public func curve(_ training: String, iteration: Int) -> Curve? {
    curves.first { $0.training == training && $0.iteration == iteration }
  }

  private struct Entry {
    let key: [String]
    let step: Int
    let numbers: [String: Double]

    init?(_ line: Substring) {
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let object, let training = object["training"] as? String,
        let iteration = object["iteration"] as? Int, let step = object["step"] as? Int
      else { return nil }
      key = [training, "\(iteration)"]
      self.step = step
      numbers = object.compactMapValues { ($0 as? NSNumber)?.doubleValue }
    }
  }

  private static func curve(_ key: [String], _ steps: [Int: [String: Double]]) -> Curve {
    let ordered = steps.sorted { $0.key < $1.key }
    var curve = Curve(training: key[0], iteration: Int(key[1]) ?? 0)
    curve.steps = ordered.map(\.key)
    for name in Set(ordered.flatMap { $0.value.keys }) {
      curve.values[name] = ordered.map { $0.value[name] ?? .nan }
    }
    return curve
  }
}
