// Takes the input, behind a byte that says in what pieces it arrives, as a form with files. What is read does not
// depend on the pieces; what is read is written and read again.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/multipart.h"

namespace {

using mcdsl::http::BodyReader;
using mcdsl::http::MultipartReader;
using mcdsl::http::Part;

constexpr MultipartReader::Limits kLimits{.parts = 10, .header_bytes = 300};

void require(bool truth) {
  if (!truth) {
    std::abort();
  }
}

class Pieces : public BodyReader {
 public:
  Pieces(std::string_view body, std::size_t size) : rest_(body), size_(size) {}

  mcdsl::Result<std::size_t> read(std::span<char> into) override {
    require(!into.empty());
    const std::size_t count = rest_.copy(into.data(), std::min(into.size(), size_));
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  std::size_t size_;
};

struct Field {
  std::string name;
  std::optional<std::string> filename;
  std::string content_type;
  std::string content;

  bool operator==(const Field&) const = default;
};

struct Outcome {
  std::vector<Field> fields;
  std::string error;

  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view body, std::string_view boundary, std::size_t piece) {
  mcdsl::http::Request request;
  request.start(mcdsl::http::Method::post, "/");
  request.mutable_headers().add("content-type", "multipart/form-data; boundary=" + std::string(boundary));
  Pieces pieces(body, piece);
  request.set_body_reader(&pieces);
  auto reader = MultipartReader::open(request, kLimits);
  Outcome outcome;
  for (;;) {
    const auto part = reader->next_part();
    if (!part || !*part) {
      outcome.error = part ? "" : part.error().public_text();
      return outcome;
    }
    outcome.fields.push_back(
        {.name = (*part)->name, .filename = (*part)->filename, .content_type = (*part)->content_type, .content = {}});
    std::array<char, 100> chunk{};
    for (auto count = reader->read(chunk); count && *count > 0; count = reader->read(chunk)) {
      outcome.fields.back().content.append(chunk.data(), *count);
    }
  }
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
  }
  return out + '"';
}

std::string write(const Outcome& outcome, std::string_view boundary) {
  std::string body;
  for (const Field& field : outcome.fields) {
    body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=").append(quoted(field.name));
    if (field.filename) {
      body.append("; filename=").append(quoted(*field.filename));
    }
    body.append("\r\nContent-Type: ")
        .append(field.content_type)
        .append("\r\n\r\n")
        .append(field.content)
        .append("\r\n");
  }
  return body.append("--").append(boundary).append("--");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(body, "b", 1U << 20U);
  require(whole == read(body, "b", 1U + data[0]));
  require(whole.fields.size() <= kLimits.parts);
  std::size_t content = 0;
  for (const Field& field : whole.fields) {
    require(mcdsl::is_valid_utf8(field.name) && (!field.filename || mcdsl::is_valid_utf8(*field.filename)));
    require(!field.content.contains("\r\n--b"));
    content += field.content.size();
  }
  require(content <= body.size());
  if (whole.error.empty() && body.size() < 150) {  // longer names might pass the limit when they are quoted
    require(read(write(whole, "another"), "another", 7) == whole || body.contains("--another"));
  }
  return 0;
}
