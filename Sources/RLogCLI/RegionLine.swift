import RecordLog

/// A damaged region as one JSON object.
struct RegionLine: Encodable {
  var damage: String
  var begin: UInt64
  var end: UInt64
  var firstSequence: UInt64
  /// Missing where nobody can know.
  var lostRecords: UInt64?
  var displacement: Int64
  var detail: String
  /// Of a folder.
  var file: String?

  enum CodingKeys: String, CodingKey {
    case damage, begin, end, displacement, detail, file
    case firstSequence = "first_sequence"
    case lostRecords = "lost_records"
  }

  init(_ region: DamagedRegion) {
    damage = region.reason.rawValue
    begin = region.range.lowerBound
    end = region.range.upperBound
    firstSequence = region.firstSequence
    lostRecords = region.lostRecords
    displacement = region.displacement
    detail = region.detail
    file = region.file
  }
}
