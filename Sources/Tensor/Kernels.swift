import CKernels

/// A set of instructions that the numeric loops can be made of. All give the same results, to the
/// bit; the best one that the CPU has is taken unless another is asked for.
public enum KernelPath: Int32, CaseIterable, Sendable {
  case portable, avx2, avxVNNI, avx512VNNI, neon

  public var isSupported: Bool { ck_supported(rawValue) != 0 }

  /// What the numeric loops run on now.
  public static var selected: KernelPath { KernelPath(rawValue: ck_selected()) ?? .portable }

  /// Makes all later calls run on this path.
  public func select() {
    precondition(isSupported, "this CPU cannot run the \(self) kernels")
    ck_select(rawValue)
  }
}

extension KernelPath: CustomStringConvertible {
  public var description: String { unsafe String(cString: ck_path_name(rawValue)) }
}
