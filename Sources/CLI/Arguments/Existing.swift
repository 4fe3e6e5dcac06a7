import Bytes

/// Throws the system's reason where nothing can be read at `path`, before a reader of some format
/// finds fault with a file that is not there.
func checkReadable(_ path: String) throws(FileError) {
  _ = try OpenFile(path: path)
}
