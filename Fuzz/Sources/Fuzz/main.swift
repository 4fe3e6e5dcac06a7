import CFuzzer
import FuzzTargets
import Glibc

//     Fuzz TARGET [libFuzzer's options and folders]

private let target = FuzzTarget.all.first { CommandLine.arguments.dropFirst().first == $0.name }

/// libFuzzer calls this, by its name, with one input after the other.
@c(LLVMFuzzerTestOneInput)
func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  _ = unsafe target?.run([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// And this to change an input.
@c(LLVMFuzzerCustomMutator)
func mutate(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int, _ seed: UInt32
) -> Int {
  let newCount = unsafe LLVMFuzzerMutate(bytes, count, capacity)
  // Some inputs stay as they are, since broken checksums have to be refused, too.
  guard let repair = target?.repair, seed % 8 != 0 else { return newCount }
  let buffer = unsafe UnsafeMutableBufferPointer(start: bytes, count: newCount)
  var repaired = unsafe [UInt8](buffer)
  repair(&repaired)
  precondition(repaired.count == newCount, "repairing keeps the length")
  _ = unsafe buffer.update(fromContentsOf: repaired)
  return newCount
}

guard target != nil else {
  let names = FuzzTarget.all.map(\.name).joined(separator: " ")
  print("usage: Fuzz TARGET [OPTION...] [FOLDER...], with one of these targets:\n\(names)")
  exit(2)
}
// libFuzzer sees the command line without the name of the target.
unsafe CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
  unsafe CommandLine.unsafeArgv + 1
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, run))
