#include "mcdsl/grpcserver/internal/status.h"

#include <array>
#include <cstddef>

#include <google/rpc/status.pb.h>

#include "mcdsl/base/bytes.h"

namespace mcdsl::grpcserver {
namespace {

struct ConnectRow {
  std::string_view name;
  int http_status;
};

// The table of the Connect protocol, "Error Codes", by gRPC's numbers from 1.
constexpr std::array<ConnectRow, 16> kConnect{{
    {"canceled", 499},
    {"unknown", 500},
    {"invalid_argument", 400},
    {"deadline_exceeded", 504},
    {"not_found", 404},
    {"already_exists", 409},
    {"permission_denied", 403},
    {"resource_exhausted", 429},
    {"failed_precondition", 400},
    {"aborted", 409},
    {"out_of_range", 400},
    {"unimplemented", 501},
    {"internal", 500},
    {"unavailable", 503},
    {"data_loss", 500},
    {"unauthenticated", 401},
}};

// A number that names no failure must not pass for success.
constexpr Code known(Code code) noexcept {
  const auto number = static_cast<std::size_t>(code);
  return number >= 1 && number <= kConnect.size() ? code : Code::unknown;
}

constexpr const ConnectRow& row(Code code) noexcept {
  return kConnect[static_cast<std::size_t>(known(code)) - 1];
}

}  // namespace

std::string status_details(const Error& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(known(error.code())));
  // A proto3 string is UTF-8; what is not would make the client refuse the whole.
  const std::string_view text = error.public_text();
  status.set_message(is_valid_utf8(text) ? std::string(text) : printable(text, text.size() * 4));
  for (const ErrorDetail& detail : error.details()) {
    google::protobuf::Any& any = *status.add_details();
    any.set_type_url("type.googleapis.com/" + detail.type);
    any.set_value(detail.bytes);
  }
  return status.SerializeAsString();
}

int connect_http_status(Code code) {
  return row(code).http_status;
}

std::string_view connect_code_name(Code code) {
  return row(code).name;
}

std::optional<Code> code_of_connect_name(std::string_view name) {
  for (std::size_t i = 0; i < kConnect.size(); ++i) {
    if (kConnect[i].name == name) {
      return static_cast<Code>(i + 1);
    }
  }
  return std::nullopt;
}

Code code_of_http(int status) {
  switch (status) {
    case 400:
      return Code::internal;
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::permission_denied;
    case 404:
      return Code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::unavailable;
    default:
      return Code::unknown;
  }
}

}  // namespace mcdsl::grpcserver
