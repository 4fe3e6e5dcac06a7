internal import Tensor

/// Decides what each step computes, and which sequences have a place in the cache.
///
/// Those that write come first, then those that read their prompts, both by age. Where the cache is
/// full the youngest sequence leaves it and is read again later; the oldest always goes on. What is
/// computed for a sequence does not depend on any of this.
struct Schedule {
  private(set) var slots: [RunningSequence?]
  private var pool: PagePool
  private let sharesPrefixes: Bool
  /// Rows that one step may hold, beyond one for each sequence that writes.
  private let rowsPerStep: Int
  /// Slots whose rows are in the step that is gathered.
  private var gathered: [Int] = []

  init(slots: Int, pages: Int, sharesPrefixes: Bool, rowsPerStep: Int = 256) {
    self.rowsPerStep = rowsPerStep
    self.slots = Array(repeating: nil, count: slots)
    pool = PagePool(count: pages)
    self.sharesPrefixes = sharesPrefixes
  }

  var hasRoom: Bool { slots.contains { $0 == nil } }
  var isEmpty: Bool { slots.allSatisfy { $0 == nil } }

  /// - Precondition: ``hasRoom``.
  mutating func add(_ sequence: RunningSequence) {
    guard let slot = slots.firstIndex(where: { $0 == nil }) else {
      preconditionFailure("a generator without room was given a prompt")
    }
    slots[slot] = sequence
  }

  /// The rows of the next step, and for which of them the next token is wanted.
  mutating func gather() -> (rows: DecodingRows, ends: [(slot: Int, row: Int)]) {
    var rows = DecodingRows()
    var ends: [(slot: Int, row: Int)] = []
    var claimed: Set<PageContent> = []
    gathered = []
    for slot in order {
      let left = rowsPerStep - rows.ids.count
      guard let piece = take(slot, atMost: max(left, rows.ids.isEmpty ? 1 : 0), &claimed) else {
        continue
      }
      rows.append(piece.ids, position: piece.position, pages: slots[slot]?.pages ?? [])
      if slots[slot]?.unread == 0 { ends.append((slot, rows.ids.count - 1)) }
      gathered.append(slot)
    }
    return (rows, ends)
  }

  private var order: [Int] {
    slots.indices.filter { slots[$0] != nil }.sorted { rank(of: $0) < rank(of: $1) }
  }

  private func rank(of slot: Int) -> Int {
    guard let sequence = slots[slot] else { return .max }
    return sequence.isDecoding ? sequence.ticket : sequence.ticket + Int.max / 2
  }

  /// The tokens of one sequence that the step computes; nil where it has to wait: for a place in the
  /// cache, or for a page that another sequence is about to compute.
  private mutating func take(
    _ slot: Int, atMost limit: Int, _ claimed: inout Set<PageContent>
  ) -> (position: Int, ids: [Int32])? {
    guard let sequence = slots[slot], sequence.isDecoding || limit > 0,
      !sequence.pages.isEmpty || mayStart(sequence)
    else { return nil }
    if sharesPrefixes { slots[slot]?.adopt(from: &pool) }
    let next = sharesPrefixes ? slots[slot]?.nextContent : nil
    if let next, claimed.contains(next) { return nil }
    let wanted = min(slots[slot]?.unread ?? 0, max(limit, 1))
    findPages(slots[slot]?.missingPages(for: wanted) ?? 0, for: slot)
    guard let room = slots[slot]?.room, room > 0 else { return nil }
    if let next { claimed.insert(next) }
    return slots[slot]?.takeUnread(atMost: min(wanted, room))
  }

  /// Whether the cache has room for the whole prompt and for those who are already there.
  private func mayStart(_ sequence: RunningSequence) -> Bool {
    let started = slots.count { !($0?.pages.isEmpty ?? true) }
    return started == 0 || pool.available >= sequence.missingPages(for: sequence.unread) + started
  }

  private mutating func findPages(_ count: Int, for slot: Int) {
    for _ in 0..<max(count, 0) {
      var page = pool.take()
      while page == nil, let leaver = youngest(except: slot) {
        slots[leaver]?.leave(&pool)
        page = pool.take()
      }
      guard let page else { return }
      slots[slot]?.add(page)
    }
  }

  /// The youngest sequence that has pages and is not part of the step.
  private func youngest(except slot: Int) -> Int? {
    slots.indices.filter {
      $0 != slot && !(slots[$0]?.pages.isEmpty ?? true) && !gathered.contains($0)
    }.max { (slots[$0]?.ticket ?? 0) < (slots[$1]?.ticket ?? 0) }
  }

  /// Tells that the rows of the last `gather` are computed.
  mutating func finishStep() {
    guard sharesPrefixes else { return }
    for slot in gathered { slots[slot]?.publish(to: &pool) }
  }

  mutating func write(_ token: Int32, to slot: Int) { slots[slot]?.tokens.append(token) }

  /// Ends a sequence and frees its place.
  mutating func remove(_ slot: Int) {
    slots[slot]?.leave(&pool)
    slots[slot] = nil
  }
}
