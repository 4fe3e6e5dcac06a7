import Foundation
import TestSupport
import Testing

/// A plan beside the run that follows it, on the built-in model and few seeds.
struct SynpoPlanTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let settings = """
    --set iterations=1 --set max_seeds=100 --set prompts_per_iteration=60 \
    --set generator.num_train_epochs=1 --set improver.num_train_epochs=1 --set policy.eval_steps=1
    """

  @Test func `a plan names the parts of the run and is of the size of what then happens`() throws {
    let done = try BuiltTools.run(
      """
      synpo plan --output-dir r \(Self.settings) --json -q && test ! -e r &&
      synpo run --output-dir r \(Self.settings) --json -q
      """, in: folder)
    #expect(done.code == 0, "\(done.complaint)")
    let (plan, report) = (try done.objects()[0], try done.objects()[1])
    let parts = try #require(plan["parts"] as? [[String: Any]])
    let before = try #require(report["before_seconds"] as? [String: Double])
    let iterations = try #require(report["iterations"] as? [[String: Any]])
    let during = try #require(iterations[0]["seconds"] as? [String: Double])
    #expect(names(parts, 0) == Set(before.keys))
    #expect(names(parts, 1) == Set(during.keys))
    // Other tests run meanwhile; a plan that is right on a quiet machine may be far off here.
    let ratio = try number(plan, "seconds") / number(report, "seconds")
    #expect((0.1...10).contains(ratio), "\(ratio)")
    let disk = try number(plan, "disk_bytes") / size(of: folder.file("r"))
    #expect((0.75...1.25).contains(disk), "\(disk)")
    #expect(try number(plan, "own_bytes") > 10e6)
    #expect(try number(plan, "highest_disk_bytes") > number(plan, "disk_bytes"))
    #expect((plan["assumptions"] as? [String])?.isEmpty == false)
  }

  @Test func `settings that cannot be met are refused before anything is measured`() throws {
    let refused = try BuiltTools.run("synpo plan --set iterations=0", in: folder)
    #expect(refused.code == 2)
    let missing = try BuiltTools.run("synpo plan --outcome nowhere", in: folder)
    #expect(missing.code == 2)
    #expect(missing.complaint.contains("nowhere/report.json"), "\(missing.complaint)")
  }

  private func names(_ parts: [[String: Any]], _ iteration: Int) -> Set<String> {
    Set(parts.filter { $0["iteration"] as? Int == iteration }.compactMap { $0["name"] as? String })
  }

  private func number(_ object: [String: Any], _ key: String) throws -> Double {
    try #require(object[key] as? Double, "\(key)")
  }

  private func size(of path: String) throws -> Double {
    let manager = FileManager.default
    return try manager.subpathsOfDirectory(atPath: path).reduce(0) { sum, name in
      let attributes = try manager.attributesOfItem(atPath: "\(path)/\(name)")
      guard attributes[.type] as? FileAttributeType == .typeRegular else { return sum }
      return sum + (attributes[.size] as? Double ?? 0)
    }
  }
}
