import Synchronization

/// Lends a workspace to each encoding that is under way.
///
/// There are never more of them than there were encodings at once, and no more than
/// ``mostKept`` wait; each holds about a mebibyte.
final class WorkspacePool: Sendable {
  private let waiting = Mutex<[EncodingWorkspace]>([])
  private let merges: MergeTable
  private let tokens: Int

  private static let mostKept = 64

  init(merges: MergeTable, tokens: Int) {
    self.merges = merges
    self.tokens = tokens
  }

  func take() -> EncodingWorkspace {
    waiting.withLock { $0.popLast() } ?? EncodingWorkspace(merges: merges, tokens: tokens)
  }

  func giveBack(_ workspace: consuming EncodingWorkspace) {
    let workspace = workspace
    waiting.withLock { waiting in
      if waiting.count < Self.mostKept { waiting.append(workspace) }
    }
  }
}
