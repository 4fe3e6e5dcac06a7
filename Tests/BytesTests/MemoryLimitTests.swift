import Testing

@testable import Bytes

struct MemoryLimitTests {
  @Test func `a group's limit and those of the groups around it count`() {
    let files = [
      "/sys/fs/cgroup/user/job/memory.max": "max\n", "/sys/fs/cgroup/user/memory.max": "4096\n",
      "/sys/fs/cgroup/memory.max": "8192\n",
    ]
    let limits = MemoryLimit.limits(ofGroups: "0::/user/job\n") { files[$0] }
    #expect(limits.map(\.amount.bytes) == [4096, 8192])
    #expect(limits[0].reason == "/sys/fs/cgroup/user/memory.max")
  }

  @Test func `groups of the first version are understood`() {
    let files = ["/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1000"]
    let groups = "12:cpu,cpuacct:/job\n3:memory:/job\n0::/\n"
    #expect(
      MemoryLimit.limits(ofGroups: groups) { files[$0] }.map(\.amount.bytes) == [1000])
  }

  @Test(arguments: ["", "nonsense", "0::", "a:b:c:d", "0::/../.."])
  func `what says nothing limits nothing`(groups: String) {
    #expect(MemoryLimit.limits(ofGroups: groups) { _ in nil }.isEmpty)
  }

  @Test func `this machine has a limit`() throws {
    let limit = try #require(MemoryLimit.smallest())
    #expect(limit.amount.bytes > 64 << 20)
  }
}
