#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "mcdsl/base/result.h"

namespace mcdsl::grpcserver {

// Errors of all of these are invalid_argument and visible to the client, say where and what, and never quote a value.
// After one the message is half filled.

/// The field that a path with dots leads to, each name as in the proto file or in JSON. Errors: a name that the message
/// does not have; one that has no fields of its own, is repeated or a map, and is not the last; more than 32 names.
[[nodiscard]] Result<const google::protobuf::FieldDescriptor*> find_field(const google::protobuf::Descriptor& message,
                                                                          std::string_view path);

/// Sets a field from its text in a path or a query, by the rules of the JSON mapping: numbers, `true` and `false`,
/// enums by name or number, bytes in base64 of either alphabet, wrappers as what they wrap, Timestamp, Duration and
/// FieldMask. A repeated field gets one element more. Other messages, and maps, cannot be set. One field of a `oneof`
/// at most.
[[nodiscard]] Result<void> set_field(google::protobuf::Message& message, std::string_view path, std::string_view text);

/// Sets fields from a query as it came ("a=1&note.title=x", without the question mark). Refused: a field twice that is
/// not repeated, and what is (part of) a field in `bound`, the paths that the URL's path and the body are for.
[[nodiscard]] Result<void> apply_query(google::protobuf::Message& message, std::string_view raw_query,
                                       std::span<const std::string> bound = {});

/// Replaces the message by a JSON document in proto3's mapping. Stricter than protobuf's own parser: RFC 8259 to the
/// letter, valid UTF-8, no field twice, at most `max_depth` objects and arrays within each other, checked before
/// anything is built.
[[nodiscard]] Result<void> read_json(google::protobuf::Message& message, std::string_view json,
                                     std::size_t max_depth = 100);

/// The message in proto3's mapping, names in camelCase. `with_defaults` writes fields that hold their default too, as
/// REST clients expect; Connect's leave them out. Errors: internal, for what the mapping cannot say, such as a
/// Timestamp out of its range, and for more than 64 messages within each other.
[[nodiscard]] Result<std::string> write_json(const google::protobuf::Message& message, bool with_defaults = true);

}  // namespace mcdsl::grpcserver
