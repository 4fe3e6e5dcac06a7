public import Bytes
import Glibc

/// Sorts more than memory holds: what is added gathers in memory, goes to temporary files in sorted
/// runs, and the runs are merged. Entries with equal keys keep the order in which they were added.
public final class ExternalSort {
  public struct Entry: Equatable, Sendable {
    public var key: [UInt8]
    public var payload: [UInt8]
  }

  /// Where an entry lies in memory. The first bytes of its key decide most comparisons.
  private struct Place {
    var prefix: UInt64
    var start: Int
    var keyCount: UInt32
    var payloadCount: UInt32
  }

  /// Runs merged at once: each takes one buffer.
  static let fanIn = 32
  private let memory: Int
  private let folder: String
  private let isDescending: Bool
  private var bytes: [UInt8] = []
  private var places: [Place] = []
  private var runs: [SortedRun] = []
  private var isMerging = false
  private var heap: Heap<(entry: Entry, run: Int)>
  private var readers: [SortedRun.Reader] = []
  /// How many times memory was full.
  public private(set) var spills = 0

  /// - Parameters:
  ///   - folder: where temporary files go. They have no name and vanish with the process.
  ///   - memory: how much gathers before it goes to a file; half as much again is used for sorting.
  public init(folder: String, memory: ByteCount = .mebibytes(24), isDescending: Bool = false) {
    self.folder = folder
    self.memory = memory.bytes
    self.isDescending = isDescending
    heap = Heap { a, b in
      if a.entry.key == b.entry.key { return a.run < b.run }
      return a.entry.key.lexicographicallyPrecedes(b.entry.key) != isDescending
    }
  }

  public func add(key: [UInt8], payload: [UInt8] = []) throws(FileError) {
    precondition(!isMerging, "entries are added before the first is taken")
    let size = key.count + payload.count
    let used = bytes.count + places.count * MemoryLayout<Place>.stride
    if !places.isEmpty, used + size > memory { try spill() }
    places.append(
      Place(
        prefix: Self.prefix(of: key), start: bytes.count, keyCount: UInt32(key.count),
        payloadCount: UInt32(payload.count)))
    bytes += key
    bytes += payload
  }

  /// The next entry in order; nil after the last.
  public func next() throws(FileError) -> Entry? {
    if !isMerging { try startMerge() }
    guard let (entry, run) = heap.first else { return nil }
    if let following = try readers[run].next() {
      heap.replaceFirst((following, run))
    } else {
      heap.removeFirst()
    }
    return entry
  }

  private static func prefix(of key: [UInt8]) -> UInt64 {
    var prefix: UInt64 = 0
    for index in 0..<8 { prefix = prefix << 8 | UInt64(index < key.count ? key[index] : 0) }
    return prefix
  }
}

// MARK: Runs

extension ExternalSort {
  private func spill() throws(FileError) {
    guard !places.isEmpty else { return }
    sortPlaces()
    let run = try SortedRun(in: folder)
    for place in places { try run.write(entry(place)) }
    try run.finish()
    runs.append(run)
    spills += 1
    bytes.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  private func entry(_ place: Place) -> Entry {
    let middle = place.start + Int(place.keyCount)
    return Entry(
      key: Array(bytes[place.start..<middle]),
      payload: Array(bytes[middle..<middle + Int(place.payloadCount)]))
  }

  private func sortPlaces() {
    let isDescending = self.isDescending
    unsafe bytes.withUnsafeBytes { bytes in
      places.sort { a, b in
        if a.prefix != b.prefix { return (a.prefix < b.prefix) != isDescending }
        let count = Int(min(a.keyCount, b.keyCount))
        var order: Int32 = 0
        if count > 0, let base = bytes.baseAddress {
          order = unsafe memcmp(base + a.start, base + b.start, count)
        }
        if order == 0, a.keyCount == b.keyCount { return a.start < b.start }
        return (order != 0 ? order < 0 : a.keyCount < b.keyCount) != isDescending
      }
    }
  }

  private func startMerge() throws(FileError) {
    isMerging = true
    try spill()
    bytes = []
    places = []
    while runs.count > Self.fanIn {
      // Neighbours only: equal keys keep their order.
      var merged: [SortedRun] = []
      for start in stride(from: 0, to: runs.count, by: Self.fanIn) {
        merged.append(try merge(runs[start..<min(start + Self.fanIn, runs.count)]))
      }
      runs = merged
    }
    try open(runs[...])
    runs = []
  }

  private func merge(_ group: ArraySlice<SortedRun>) throws(FileError) -> SortedRun {
    let merged = try SortedRun(in: folder)
    try open(group)
    while let entry = try next() { try merged.write(entry) }
    try merged.finish()
    return merged
  }

  private func open(_ group: ArraySlice<SortedRun>) throws(FileError) {
    readers = []
    for run in group { readers.append(try run.reader()) }
    for index in readers.indices {
      if let entry = try readers[index].next() { heap.insert((entry, index)) }
    }
  }
}
