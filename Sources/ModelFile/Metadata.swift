/// What a model file says about the model: values under keys, in the order of the file.
///
/// The keys are those of GGUF (`general.architecture`, `llama.block_count`, …) in every file that
/// this module reads or writes. The typed getters give nil where the key is missing or its value
/// is of another type.
public struct Metadata: Equatable, Sendable {
  /// In the order of the file.
  public private(set) var keys: [String] = []
  private var values: [String: MetadataValue] = [:]

  public init() {}

  public var count: Int { keys.count }

  /// Setting a new key appends it; setting nil removes the key, which takes time by their number.
  public subscript(key: String) -> MetadataValue? {
    get { values[key] }
    set {
      let wasThere = values.updateValue(forKey: key, to: newValue)
      switch (wasThere, newValue == nil) {
      case (false, false): keys.append(key)
      case (true, true): keys.removeAll { $0 == key }
      default: break
      }
    }
  }

  public func string(_ key: String) -> String? {
    guard case .string(let text) = values[key] else { return nil }
    return text
  }

  public func integer(_ key: String) -> Int? { values[key]?.integer }

  /// A floating-point number or an integer.
  public func number(_ key: String) -> Double? { values[key]?.number }

  public func flag(_ key: String) -> Bool? {
    guard case .bool(let value) = values[key] else { return nil }
    return value
  }

  public func array(_ key: String) -> MetadataArray? {
    guard case .array(let values) = values[key] else { return nil }
    return values
  }

  /// A list of strings without copying them out.
  public func texts(_ key: String) -> TextList? {
    guard case .string(let texts) = array(key) else { return nil }
    return texts
  }

  /// A list of strings; bytes that are not UTF-8 read as U+FFFD.
  public func strings(_ key: String) -> [String]? { texts(key)?.strings }

  public func integers(_ key: String) -> [Int]? { array(key)?.integers }

  public func numbers(_ key: String) -> [Float]? { array(key)?.numbers }
}

extension [String: MetadataValue] {
  /// Sets or removes, and says whether the key had a value before.
  fileprivate mutating func updateValue(forKey key: String, to value: MetadataValue?) -> Bool {
    if let value { return updateValue(value, forKey: key) != nil }
    return removeValue(forKey: key) != nil
  }
}
