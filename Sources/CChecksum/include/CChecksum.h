// A checksum of bytes.
