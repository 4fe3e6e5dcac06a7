public import Bytes
import CKernels

/// Keys and values of up to `capacity` tokens of each of `slots` sequences, float32.
///
///     keys   [layers, slots, key heads, capacity / 16, headSize, 16 tokens]
///     values [layers, slots, key heads, capacity, headSize filled up to a multiple of 16]
///
/// Memory is taken from the system where tokens are stored first.
///
/// `@unchecked Sendable`: operations write to slots that their callers own.
public final class KeyValueCache: @unchecked Sendable {
  public let layers: Int
  public let slots: Int
  public let capacity: Int
  public let width: Int
  public let headSize: Int

  private let keyMemory: AlignedMemory
  private let valueMemory: AlignedMemory
  private let groups: Int
  /// Floats per key head of a slot.
  private let keyCount: Int
  private let valueCount: Int

  /// - Parameter width: key heads · headSize.
  public init(layers: Int, slots: Int, capacity: Int, width: Int, headSize: Int) {
    precondition(headSize > 0 && width % headSize == 0, "\(width) columns, heads of \(headSize)")
    self.layers = layers
    self.slots = slots
    self.capacity = capacity
    self.width = width
    self.headSize = headSize
    groups = width / headSize
    keyCount = capacity.roundedUp(to: 16) * headSize
    valueCount = capacity * Heads.padded(headSize)
    let heads = layers * slots * groups
    keyMemory = AlignedMemory(byteCount: heads * keyCount * 4, zeroed: true)
    valueMemory = AlignedMemory(byteCount: heads * valueCount * 4, zeroed: true)
  }

  /// What a full cache holds.
  public var byteCount: ByteCount { ByteCount(keyMemory.byteCount + valueMemory.byteCount) }

  /// Row t of k and v [T, width] becomes the token at positions[t] of the sequence in slots[t].
  public func store(
    k: Matrix, v: Matrix, layer: Int, slots: [Int], positions: [Int32], on workers: Workers
  ) {
    v.requireShape(k.rows, width, "v")
    k.requireShape(v.rows, width, "k")
    require(layer: layer, slots: slots, positions: positions, rows: k.rows)
    workers.share(k.rows, by: Stripes.rows(of: width)) { rows in
      for row in rows {
        for group in 0..<self.groups {
          unsafe self.store(
            k.at(row, group * self.headSize), v.at(row, group * self.headSize), layer: layer,
            slot: slots[row], group: group, position: Int(positions[row]))
        }
      }
    }
  }

  private func store(
    _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>, layer: Int, slot: Int, group: Int,
    position: Int
  ) {
    let blocks = unsafe keys(layer: layer, slot: slot, group: group)
    unsafe ck_attention_pack(k, headSize, 1, headSize, position, blocks)
    let row = unsafe values(layer: layer, slot: slot, group: group)
    unsafe (row + position * Heads.padded(headSize)).update(from: v, count: headSize)
  }

  /// Copies the first `count` tokens of one sequence over those of another.
  public func copyPrefix(from source: Int, to target: Int, count: Int) {
    precondition(
      source >= 0 && source < slots && target >= 0 && target < slots && count <= capacity,
      "\(count) tokens from slot \(source) to \(target) of \(slots), \(capacity) tokens each")
    guard source != target, count > 0 else { return }
    for layer in 0..<layers {
      for group in 0..<groups {
        unsafe keys(layer: layer, slot: target, group: group).update(
          from: keys(layer: layer, slot: source, group: group),
          count: count.roundedUp(to: 16) * headSize)
        unsafe values(layer: layer, slot: target, group: group).update(
          from: values(layer: layer, slot: source, group: group),
          count: count * Heads.padded(headSize))
      }
    }
  }

  func keys(layer: Int, slot: Int, group: Int) -> UnsafeMutablePointer<Float> {
    unsafe keyMemory.floats + ((layer * slots + slot) * groups + group) * keyCount
  }

  func values(layer: Int, slot: Int, group: Int) -> UnsafeMutablePointer<Float> {
    unsafe valueMemory.floats + ((layer * slots + slot) * groups + group) * valueCount
  }

  func require(layer: Int, slots: [Int], positions: [Int32], rows: Int) {
    precondition(layer >= 0 && layer < layers, "there is no layer \(layer) in \(layers)")
    precondition(
      slots.count == rows && positions.count == rows,
      "\(slots.count) slots and \(positions.count) positions for \(rows) rows")
    precondition(
      slots.allSatisfy { $0 >= 0 && $0 < self.slots }, "a slot is not below \(self.slots)")
    precondition(
      positions.allSatisfy { $0 >= 0 && $0 < capacity }, "a position is not below \(capacity)")
  }
}
