#include "mcdsl/http/multipart.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/content_type.h"
#include "mcdsl/http/form.h"
#include "mcdsl/http/headers.h"
#include "mcdsl/http/internal/parameters.h"

namespace mcdsl::http {
namespace {

constexpr std::size_t kBufferBytes = 32U << 10U;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 §5.1.1
constexpr std::size_t kMaxPadding = 64;   // spaces behind a delimiter: nobody sends any
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kBoundaryPunctuation = "'()+_,-./:=? ";

std::unexpected<Error> wrong(std::string text) {
  return fail_visible(Code::invalid_argument, std::move(text));
}

// The parameters of a value that starts with a word: "form-data; name=x".
std::optional<std::vector<internal::Parameter>> parameters_of(std::string_view value) {
  return internal::parse_parameters(value.substr(std::min(value.find(';'), value.size())));
}

bool is_boundary(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxBoundary && text.back() != ' ' && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kBoundaryPunctuation.contains(c);
  });
}

Result<std::string> boundary_of(const Headers& headers) {
  const auto type = headers.get("content-type");
  if (!type || headers.count("content-type") > 1 || !equal_ignoring_case(media_type(*type), kMultipartFormType)) {
    return wrong("the content type must be " + std::string(kMultipartFormType));
  }
  const auto parameters = parameters_of(*type);
  const std::string* boundary = parameters ? internal::find_parameter(*parameters, "boundary") : nullptr;
  if (boundary == nullptr || !is_boundary(*boundary)) {
    return wrong("the content type has no good boundary");
  }
  return *boundary;
}

// Fills name and file name. What is wrong with the disposition; empty where nothing is.
std::string_view read_disposition(std::string_view value, Part& part) {
  const auto parameters = parameters_of(value);
  if (!parameters || !equal_ignoring_case(media_type(value), "form-data")) {
    return "its Content-Disposition is not that of a form";
  }
  if (internal::find_parameter(*parameters, "filename*") != nullptr ||
      internal::find_parameter(*parameters, "name*") != nullptr) {
    return "a form may not use the extended notation of names (RFC 7578 §4.2)";
  }
  const std::string* name = internal::find_parameter(*parameters, "name");
  if (name == nullptr) {
    return "it has no name";
  }
  const std::string* filename = internal::find_parameter(*parameters, "filename");
  if (!is_valid_utf8(*name) || (filename != nullptr && !is_valid_utf8(*filename))) {
    return "its name is not UTF-8";
  }
  part.name = *name;
  if (filename != nullptr) {
    part.filename = *filename;
  }
  return {};
}

// Fills the part from its fields. What is wrong with them; empty where nothing is.
std::string_view read_fields(const Headers& fields, Part& part) {
  constexpr std::array<std::string_view, 3> kIdentity{"7bit", "8bit", "binary"};
  for (const std::string_view once : {"content-disposition", "content-type", "content-transfer-encoding"}) {
    if (fields.count(once) > 1) {
      return "a field of its header stands there twice";
    }
  }
  // Deprecated (RFC 7578 §4.7), and a coding that nobody undoes would corrupt the file in silence.
  if (const auto coding = fields.get("content-transfer-encoding");
      coding && !std::ranges::any_of(kIdentity, [&](auto word) { return equal_ignoring_case(*coding, word); })) {
    return "it has a Content-Transfer-Encoding";
  }
  if (const auto type = fields.get("content-type")) {
    part.content_type = *type;
  }
  const auto disposition = fields.get("content-disposition");
  return disposition ? read_disposition(*disposition, part) : "it has no Content-Disposition";
}

}  // namespace

MultipartReader::MultipartReader(std::string_view boundary, Source source, const Limits& limits)
    : source_(std::move(source)),
      limits_(limits),
      delimiter_(std::string("\r\n--").append(boundary)),
      buffer_(std::max(kBufferBytes, 2 * (limits.header_bytes + delimiter_.size() + kMaxPadding))),
      end_(kLineEnd.size()) {
  // The first delimiter has no line before it: with one, it is like all others.
  std::ranges::copy(kLineEnd, buffer_.begin());
}

Result<MultipartReader> MultipartReader::make(const Headers& headers, Source source, const Limits& limits) {
  const auto boundary = boundary_of(headers);
  if (!boundary) {
    return fail(boundary.error());
  }
  return MultipartReader(*boundary, std::move(source), limits);
}

Result<MultipartReader> MultipartReader::open(Request& request, const Limits& limits) {
  return make(request.headers(), [&request](std::span<char> into) { return request.read_body(into); }, limits);
}

Result<MultipartReader> MultipartReader::over(const Headers& headers, std::string_view body, const Limits& limits) {
  return make(
      headers,
      [body](std::span<char> into) mutable -> Result<std::size_t> {
        const std::size_t count = body.copy(into.data(), into.size());
        body.remove_prefix(count);
        return count;
      },
      limits);
}

std::string_view MultipartReader::window() const noexcept {
  return std::string_view(buffer_.data(), end_).substr(begin_);
}

std::unexpected<Error> MultipartReader::refuse(std::string_view what) {
  const std::string where = parts_ == 0 ? "the multipart body: " : "part " + std::to_string(parts_) + " of the form: ";
  error_ = Error::visible(Code::invalid_argument, where + std::string(what));
  return fail(*error_);
}

// Reads more behind what is there, moved to the front of the buffer. False at the end of the body.
Result<bool> MultipartReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const auto count = source_(std::span(buffer_).subspan(end_));
  if (!count) {
    error_ = count.error();
    return fail(*error_);
  }
  end_ += *count;
  return *count > 0;
}

// Reads until so many bytes are there, or the body ends.
Result<void> MultipartReader::need(std::size_t bytes) {
  while (window().size() < bytes) {
    const auto more = fill();
    if (!more) {
      return fail(more.error());
    }
    if (!*more) {
      break;
    }
  }
  return {};
}

// How many bytes at the front are content; 0 in front of a delimiter, which is whole in the buffer then.
Result<std::size_t> MultipartReader::content() {
  while (content_ == 0) {
    const std::string_view here = window();
    const std::size_t found = here.find(delimiter_);
    if (found == 0) {
      return std::size_t{0};
    }
    // Without a delimiter, all but what may be the front of one.
    content_ = found != std::string_view::npos ? found : here.size() - std::min(here.size(), delimiter_.size() - 1);
    if (content_ == 0) {
      const auto more = fill();
      if (!more) {
        return fail(more.error());
      }
      if (!*more) {
        return refuse("the body ends before its last delimiter");
      }
    }
  }
  return content_;
}

Result<void> MultipartReader::skip_content() {
  for (;;) {
    const auto count = content();
    if (!count) {
      return fail(count.error());
    }
    if (*count == 0) {
      return {};
    }
    begin_ += std::exchange(content_, 0);
  }
}

// The delimiter and the end of its line; "--" behind it makes it the last.
Result<void> MultipartReader::take_delimiter() {
  begin_ += delimiter_.size();
  if (const auto read = need(2); !read) {
    return read;
  }
  const bool is_last = window().starts_with("--");
  begin_ += is_last ? 2U : 0U;
  for (std::size_t padding = 0;; ++padding, ++begin_) {
    if (const auto read = need(kLineEnd.size()); !read) {
      return read;
    }
    if (padding == kMaxPadding || !(window().starts_with(' ') || window().starts_with('\t'))) {
      break;
    }
  }
  if (is_last && window().empty()) {
    state_ = State::end;
    return {};
  }
  if (!window().starts_with(kLineEnd)) {
    return refuse("something else stands in the line of a delimiter, or the body ends there");
  }
  begin_ += kLineEnd.size();
  state_ = is_last ? State::end : State::between_parts;
  return is_last ? skip_epilogue() : Result<void>();
}

Result<void> MultipartReader::skip_epilogue() {
  for (;;) {
    begin_ = end_;
    const auto more = fill();
    if (!more) {
      return fail(more.error());
    }
    if (!*more) {
      return {};
    }
  }
}

Result<Part> MultipartReader::take_header() {
  if (parts_ == limits_.parts) {
    return refuse("there are more than " + std::to_string(limits_.parts) + " parts");
  }
  ++parts_;
  Headers fields;
  for (std::size_t taken = 0;;) {
    // A line at a time, so that no more than one is looked for at the end of a body that brings none.
    const std::size_t most = limits_.header_bytes - taken;
    std::size_t end = window().substr(0, most).find(kLineEnd);
    while (end == std::string_view::npos && window().size() < most) {
      const std::size_t before = window().size();
      if (const auto read = need(before + 1); !read) {
        return fail(read.error());
      }
      if (window().size() == before) {
        return refuse("the body ends in its header");
      }
      end = window().substr(0, most).find(kLineEnd, before - std::min<std::size_t>(before, 1));
    }
    if (end == std::string_view::npos) {
      return refuse("its header is longer than " + std::to_string(limits_.header_bytes) + " bytes");
    }
    const std::string_view line = window().substr(0, end);
    if (line.empty()) {
      break;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !fields.try_add(line.substr(0, colon), trim(line.substr(colon + 1)))) {
      return refuse("a line of its header is not a field");
    }
    taken += end + kLineEnd.size();
    begin_ += end + kLineEnd.size();
  }
  // The empty line may at the same time be the front of a delimiter: a part without a body (RFC 2046 §5.1.1).
  if (const auto read = need(delimiter_.size()); !read) {
    return fail(read.error());
  }
  if (!window().starts_with(delimiter_)) {
    begin_ += kLineEnd.size();
  }
  Part part;
  if (const std::string_view what = read_fields(fields, part); !what.empty()) {
    return refuse(what);
  }
  state_ = State::part;
  return part;
}

Result<std::optional<Part>> MultipartReader::next_part() {
  if (error_) {
    return fail(*error_);
  }
  if (state_ == State::preamble || state_ == State::part) {
    auto taken = skip_content();
    if (taken) {
      taken = take_delimiter();
    }
    if (!taken) {
      return fail(taken.error());
    }
  }
  if (state_ == State::end) {
    return std::nullopt;
  }
  auto part = take_header();
  if (!part) {
    return fail(part.error());
  }
  return std::optional(*std::move(part));
}

Result<std::size_t> MultipartReader::read(std::span<char> into) {
  if (error_) {
    return fail(*error_);
  }
  if (state_ != State::part || into.empty()) {
    return std::size_t{0};
  }
  const auto available = content();
  if (!available) {
    return available;
  }
  if (*available == 0) {
    if (const auto taken = take_delimiter(); !taken) {
      return fail(taken.error());
    }
    return std::size_t{0};
  }
  const std::size_t count = window().substr(0, *available).copy(into.data(), into.size());
  begin_ += count;
  content_ -= count;
  return count;
}

Result<std::string> MultipartReader::read_all(std::size_t max_bytes) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    const auto count = read(chunk);
    if (!count) {
      return fail(count.error());
    }
    if (*count == 0) {
      return text;
    }
    if (*count > max_bytes - text.size()) {
      return refuse("it is longer than " + std::to_string(max_bytes) + " bytes");
    }
    text.append(chunk.data(), *count);
  }
}

}  // namespace mcdsl::http
