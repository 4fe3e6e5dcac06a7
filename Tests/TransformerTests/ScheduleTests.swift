import Tensor
import Testing

@testable import Transformer

struct ScheduleTests {
  private func sequence(_ ticket: Int, _ prompt: [Int32]) -> RunningSequence {
    RunningSequence(
      request: GenerationRequest(key: UInt64(ticket), prompt: prompt), ticket: ticket)
  }

  private func prompt(_ count: Int, from first: Int32 = 0) -> [Int32] {
    (0..<Int32(count)).map { first + $0 }
  }

  /// One step in which every sequence that asks for a token gets one.
  private func step(_ schedule: inout Schedule) -> DecodingRows {
    let (rows, ends) = schedule.gather()
    schedule.finishStep()
    for end in ends { schedule.write(1000, to: end.slot) }
    return rows
  }

  @Test func `a beginning that prompts have in common is computed once`() {
    var schedule = Schedule(slots: 3, pages: 30, sharesPrefixes: true)
    for ticket in 0..<3 {
      schedule.add(sequence(ticket, prompt(40) + prompt(5, from: Int32(100 * ticket))))
    }
    let first = step(&schedule)
    #expect(first.ids.count == 45)
    let second = step(&schedule)
    // The first writes; the others read from the end of the second full page on.
    #expect(second.runs.map(\.position) == [45, 32, 32])
    #expect(second.runs[1].pages.prefix(2) == second.runs[0].pages.prefix(2))
    #expect(second.runs[1].pages[2] != second.runs[0].pages[2])
  }

  @Test func `equal prompts share all but what the last token needs`() {
    var schedule = Schedule(slots: 2, pages: 30, sharesPrefixes: true)
    for ticket in 0..<2 { schedule.add(sequence(ticket, prompt(32))) }
    _ = step(&schedule)
    let second = step(&schedule)
    #expect(second.runs.map(\.position) == [32, 16])
  }

  @Test func `nothing is shared where that is not wanted`() {
    var schedule = Schedule(slots: 2, pages: 30, sharesPrefixes: false)
    for ticket in 0..<2 { schedule.add(sequence(ticket, prompt(40))) }
    let first = step(&schedule)
    #expect(first.ids.count == 80)
  }

  @Test func `long prompts are read in pieces beside those who write`() {
    var schedule = Schedule(slots: 2, pages: 60, sharesPrefixes: true)
    schedule.add(sequence(0, prompt(10)))
    _ = step(&schedule)
    schedule.add(sequence(1, prompt(600, from: 2000)))
    let lengths = (0..<4).map { _ in step(&schedule).runs.map(\.rows.count) }
    #expect(lengths == [[1, 255], [1, 255], [1, 90], [1, 1]])
  }

  @Test func `a full cache lets the oldest go on, and the others are read again`() {
    // Three pages, for two sequences that need three each in the end.
    var schedule = Schedule(slots: 2, pages: 3, sharesPrefixes: false)
    for ticket in 0..<2 { schedule.add(sequence(ticket, prompt(10, from: Int32(50 * ticket)))) }
    var seconds: [Int] = []
    for count in 11...45 {
      _ = step(&schedule)
      #expect(schedule.slots[0]?.count == count)
      seconds.append(schedule.slots[1]?.pages.count ?? 0)
    }
    #expect(Set(seconds) == [1, 0] && schedule.slots[1]?.count == 17)
    schedule.remove(0)
    for count in 18...45 {
      _ = step(&schedule)
      #expect(schedule.slots[1]?.count == count)
    }
  }
}
