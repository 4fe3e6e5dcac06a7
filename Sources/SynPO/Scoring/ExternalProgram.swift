internal import Foundation
internal import Synchronization

/// A program that answers each line with a line, and is kept running between them.
///
/// A program that dies or stays silent is started again and asked again; after ``attempts`` times it
/// is an error that holds the last that the program said on its standard error.
final class ExternalProgram: Sendable {
  let command: [String]
  /// Seconds that a reply may take.
  let timeLimit: Double
  private let running = Mutex<RunningProgram?>(nil)

  /// How often a line is sent to a program that does not answer it.
  static let attempts = 3

  init(command: [String], timeLimit: Double) {
    self.command = command
    self.timeLimit = timeLimit
  }

  /// The reply to `line`, both without their line ends.
  func reply(to line: [UInt8]) throws(SynPOError) -> [UInt8] {
    let reply = running.withLock { program in
      Result { () throws(SynPOError) in try ask(line, &program) }
    }
    return try reply.get()
  }

  private func ask(
    _ line: [UInt8], _ program: inout RunningProgram?
  ) throws(SynPOError) -> [UInt8] {
    var failure = SynPOError.scorer(command: name, problem: .cannotStart(""), lastWords: "")
    for attempt in 1...Self.attempts {
      do throws(RunningProgram.Trouble) {
        if program == nil { program = try RunningProgram(command: command) }
        let deadline = Date().addingTimeInterval(timeLimit)
        guard let reply = try program?.exchange(line, until: deadline) else { continue }
        return reply
      } catch {
        failure = describe(error, attempt: attempt, lastWords: program?.end() ?? "")
        program = nil
        if case .cannotStart = error { throw failure }
      }
    }
    throw failure
  }

  private func describe(
    _ trouble: RunningProgram.Trouble, attempt: Int, lastWords: String
  ) -> SynPOError {
    let problem: ScorerProblem =
      switch trouble {
      case .cannotStart(let reason): .cannotStart(reason)
      case .died: .died(times: attempt)
      case .silent: .silent(seconds: timeLimit, times: attempt)
      case .tooLong: .garbage(line: "a line of more than \(RunningProgram.longestReply) bytes")
      }
    return .scorer(command: name, problem: problem, lastWords: lastWords)
  }

  var name: String { command.joined(separator: " ") }
}

/// A child process with its three streams. Ends with its owner.
private struct RunningProgram: ~Copyable {
  enum Trouble: Error {
    case cannotStart(String)
    case died
    case silent
    case tooLong
  }

  static let longestReply = 1 << 20
  private static let keptWords = 2000

  private let process: Process
  /// Sockets, not pipes: writing to one whose reader is gone must not raise a signal.
  private let input: Int32
  private let output: Int32
  private let complaints: Int32
  private var received: [UInt8]
  private var lastWords: [UInt8]

  init(command: [String]) throws(Trouble) {
    let (mine, theirs) = try Self.pair()
    let (out, theirOut) = try Self.pair()
    let (err, theirErr) = try Self.pair()
    let child = Process()
    child.executableURL = URL(filePath: "/usr/bin/env")
    child.arguments = command
    child.standardInput = FileHandle(fileDescriptor: theirs, closeOnDealloc: false)
    child.standardOutput = FileHandle(fileDescriptor: theirOut, closeOnDealloc: false)
    child.standardError = FileHandle(fileDescriptor: theirErr, closeOnDealloc: false)
    var problem: String?
    do { try child.run() } catch { problem = "\(error)" }
    for end in [theirs, theirOut, theirErr] { close(end) }
    if let problem {
      for end in [mine, out, err] { close(end) }
      throw .cannotStart(problem)
    }
    (process, input, output, complaints) = (child, mine, out, err)
    (received, lastWords) = ([], [])
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    for end in [input, output, complaints] { close(end) }
  }

  /// Two ends that other programs do not inherit.
  private static func pair() throws(Trouble) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw .cannotStart("no socket pair")
    }
    return (ends[0], ends[1])
  }

  /// Sends a line and waits for one.
  mutating func exchange(_ line: [UInt8], until deadline: Date) throws(Trouble) -> [UInt8] {
    var waiting = (line + [UInt8(ascii: "\n")])[...]
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeSubrange(...end) }
        return Array(received[..<end])
      }
      guard received.count <= Self.longestReply else { throw .tooLong }
      let ready = Self.wait(
        [(output, POLLIN), (complaints, POLLIN), (waiting.isEmpty ? -1 : input, POLLOUT)],
        until: deadline)
      guard ready.contains(true) else { throw .silent }
      if ready[1] { hear() }
      if ready[2], !send(&waiting) { throw .died }
      if ready[0] {
        let bytes = Self.read(output)
        guard !bytes.isEmpty else { throw .died }
        received += bytes
      }
    }
  }

  /// Ends the program; what it said last on its standard error.
  mutating func end() -> String {
    let deadline = Date().addingTimeInterval(0.2)
    while Self.wait([(complaints, POLLIN)], until: deadline)[0], hear() {}
    return String(decoding: lastWords, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// - Returns: whether there was anything.
  @discardableResult
  private mutating func hear() -> Bool {
    let words = Self.read(complaints)
    lastWords = (lastWords + words).suffix(Self.keptWords)
    return !words.isEmpty
  }

  /// - Returns: false where the program does not listen any more.
  private func send(_ bytes: inout ArraySlice<UInt8>) -> Bool {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    let sent = unsafe bytes.withUnsafeBytes { buffer in
      unsafe Glibc.send(input, buffer.baseAddress, buffer.count, flags)
    }
    if sent < 0 { return errno == EAGAIN || errno == EINTR }
    bytes = bytes.dropFirst(sent)
    return true
  }

  private static func read(_ end: Int32) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe Glibc.read(end, $0.baseAddress, $0.count)
    }
    return Array(buffer.prefix(max(count, 0)))
  }

  /// Which of the ends are ready, or closed, before `deadline`; none of an end that is -1.
  private static func wait(_ ends: [(Int32, Int32)], until deadline: Date) -> [Bool] {
    var polls = ends.map { pollfd(fd: $0.0, events: Int16($0.1), revents: 0) }
    let left = max(deadline.timeIntervalSinceNow, 0)
    let count = unsafe poll(&polls, nfds_t(polls.count), Int32((left * 1000).rounded(.up)))
    return polls.map { count > 0 && $0.revents != 0 }
  }
}
