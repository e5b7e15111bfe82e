#include "mcdsl/grpcserver/internal/path_template.h"

#include <algorithm>

#include "mcdsl/base/bytes.h"
#include "mcdsl/http/request.h"

namespace mcdsl::grpcserver {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// What a literal is made of: the characters of a path segment (RFC 3986 §3.3) but those that mean something here.
constexpr bool is_literal(char c) noexcept {
  return is_letter(c) || is_digit(c) || std::string_view("-._~!$&'()+,;=@").contains(c);
}

// A piece of a path decoded; nullopt for a broken escape, NUL and what is not UTF-8.
std::optional<std::string> decode(std::string_view raw) {
  return http::percent_decode(raw);
}

// The same, but "%2F" and "%2f" stay as they are.
std::optional<std::string> decode_but_slashes(std::string_view raw) {
  std::string out;
  for (;;) {
    const std::size_t slash = std::min(raw.find("%2F"), raw.find("%2f"));
    const auto piece = decode(raw.substr(0, slash));
    if (!piece) {
      return std::nullopt;
    }
    out.append(*piece);
    if (slash == std::string_view::npos) {
      return out;
    }
    out.append(raw.substr(slash, 3));
    raw.remove_prefix(slash + 3);
  }
}

// A literal as a template writes it.
std::string encode(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    if (is_literal(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHexDigits[byte >> 4U], kHexDigits[byte & 15U]});
    }
  }
  return out;
}

bool spells(std::string_view raw, std::string_view literal) {
  return raw == literal || (raw.contains('%') && decode(raw) == literal);
}

}  // namespace

class PathTemplateParser {
 public:
  explicit PathTemplateParser(std::string_view text) : text_(text) {}

  Result<PathTemplate> parse() {
    if (!skip('/')) {
      return wrong("want \"/\"");
    }
    if (auto segments = read_segments(/*in_variable=*/false); !segments) {
      return fail(segments.error());
    }
    if (skip(':')) {
      auto verb = read_literal("a verb");
      if (!verb) {
        return fail(verb.error());
      }
      out_.verb_ = *std::move(verb);
    }
    if (at_ != text_.size()) {
      return wrong("want \"/\", \":\" or the end");
    }
    return std::move(out_);
  }

 private:
  using Kind = PathTemplate::Kind;

  Result<void> read_segments(bool in_variable) {
    do {
      if (auto segment = read_segment(in_variable); !segment) {
        return segment;
      }
    } while (skip('/'));
    return {};
  }

  Result<void> read_segment(bool in_variable) {
    if (!out_.segments_.empty() && out_.segments_.back().kind == Kind::rest) {
      return wrong("\"**\" stands at the end only, and here is more");
    }
    if (next_is('{')) {
      return in_variable ? wrong("a variable within a variable") : read_variable();
    }
    if (skip('*')) {
      out_.segments_.push_back({skip('*') ? Kind::rest : Kind::one, {}});
      return {};
    }
    auto literal = read_literal("a segment");
    if (!literal) {
      return fail(literal.error());
    }
    out_.segments_.push_back({Kind::literal, *std::move(literal)});
    return {};
  }

  Result<void> read_variable() {
    ++at_;  // the brace
    PathTemplate::Variable variable;
    variable.first = out_.segments_.size();
    const std::size_t name_at = at_;
    if (auto path = read_field_path(); !path) {
      return path;
    }
    variable.field_path = text_.substr(name_at, at_ - name_at);
    if (std::ranges::find(out_.variables_, variable.field_path, &PathTemplate::Variable::field_path) !=
        out_.variables_.end()) {
      at_ = name_at;
      return wrong("\"" + variable.field_path + "\" is a variable already");
    }
    if (skip('=')) {
      if (auto segments = read_segments(/*in_variable=*/true); !segments) {
        return segments;
      }
    } else {
      out_.segments_.push_back({Kind::one, {}});
    }
    if (!skip('}')) {
      return wrong("want \"}\"");
    }
    variable.last = out_.segments_.size();
    out_.variables_.push_back(std::move(variable));
    return {};
  }

  Result<void> read_field_path() {
    do {
      if (at_ == text_.size() || (!is_letter(text_[at_]) && text_[at_] != '_')) {
        return wrong("want the name of a field");
      }
      while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '_')) {
        ++at_;
      }
    } while (skip('.'));
    return {};
  }

  Result<std::string> read_literal(std::string_view what) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_literal(text_[at_]) || text_[at_] == '%')) {
      ++at_;
    }
    if (at_ == start) {
      return wrong("want " + std::string(what));
    }
    auto literal = decode(text_.substr(start, at_ - start));
    if (!literal) {
      at_ = start;
      return wrong("a broken percent escape");
    }
    return *std::move(literal);
  }

  [[nodiscard]] bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool skip(char c) {
    const bool there = next_is(c);
    at_ += there ? 1 : 0;
    return there;
  }

  [[nodiscard]] std::unexpected<Error> wrong(const std::string& what) const {
    return fail(Code::invalid_argument,
                "path template \"" + printable(text_) + "\", character " + std::to_string(at_ + 1) + ": " + what);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  PathTemplate out_;
};

Result<PathTemplate> PathTemplate::parse(std::string_view text) {
  return PathTemplateParser(text).parse();
}

std::optional<PathTemplate::Values> PathTemplate::match(std::string_view raw_path) const {
  if (!raw_path.starts_with('/')) {
    return std::nullopt;
  }
  if (!verb_.empty()) {
    const std::size_t colon = raw_path.find_last_of(":/");
    if (raw_path[colon] != ':' || !spells(raw_path.substr(colon + 1), verb_)) {
      return std::nullopt;
    }
    raw_path = raw_path.substr(0, colon);
  }

  // Where each of the template's segments begins in the path, each one behind its slash, had the path a slash more at
  // its end: so a `**` that matched nothing has a place too.
  std::vector<std::size_t> begins;
  begins.reserve(segments_.size() + 1);
  std::size_t at = 0;  // at the slash before the next segment, or at the end
  for (const Segment& segment : segments_) {
    begins.push_back(at + 1);
    if (segment.kind == Kind::rest) {
      at = raw_path.size();
      break;
    }
    if (at == raw_path.size()) {
      return std::nullopt;
    }
    const std::size_t end = std::min(raw_path.find('/', at + 1), raw_path.size());
    const std::string_view raw = raw_path.substr(at + 1, end - at - 1);
    if (segment.kind == Kind::literal ? !spells(raw, segment.text) : raw.empty()) {
      return std::nullopt;
    }
    at = end;
  }
  if (at != raw_path.size()) {
    return std::nullopt;
  }
  begins.push_back(raw_path.size() + 1);

  Values values;
  values.reserve(variables_.size());
  for (const Variable& variable : variables_) {
    const std::size_t begin = std::min(begins[variable.first], raw_path.size());
    const std::size_t end = begins[variable.last] - 1;  // at the slash
    const std::string_view raw = raw_path.substr(begin, end - begin);
    auto value = is_of_one_segment(variable) ? decode(raw) : decode_but_slashes(raw);
    if (!value) {
      return std::nullopt;
    }
    values.emplace_back(variable.field_path, *std::move(value));
  }
  return values;
}

bool PathTemplate::is_of_one_segment(const Variable& variable) const {
  return variable.last - variable.first == 1 && segments_[variable.first].kind != Kind::rest;
}

std::vector<std::string> PathTemplate::field_paths() const {
  std::vector<std::string> paths;
  paths.reserve(variables_.size());
  for (const Variable& variable : variables_) {
    paths.push_back(variable.field_path);
  }
  return paths;
}

std::string PathTemplate::to_string() const {
  std::string out;
  auto variable = variables_.begin();
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    out.push_back('/');
    const bool opens = variable != variables_.end() && variable->first == i;
    const bool is_short = opens && is_of_one_segment(*variable) && segments_[i].kind == Kind::one;
    if (opens) {
      out.append("{").append(variable->field_path).append(is_short ? "" : "=");
    }
    switch (segments_[i].kind) {
      case Kind::literal:
        out.append(encode(segments_[i].text));
        break;
      case Kind::one:
        out.append(is_short ? "" : "*");
        break;
      case Kind::rest:
        out.append("**");
    }
    if (variable != variables_.end() && variable->last == i + 1) {
      out.push_back('}');
      ++variable;
    }
  }
  return verb_.empty() ? out : out + ':' + encode(verb_);
}

std::weak_ordering PathTemplate::by_specificity(const PathTemplate& a, const PathTemplate& b) {
  if (a.verb_.empty() != b.verb_.empty()) {
    return a.verb_.empty() ? std::weak_ordering::greater : std::weak_ordering::less;
  }
  // Where one ends and the other goes on, only a `**` of the other can make them match the same path: the shorter one
  // is the more exact.
  if (const auto order = a.segments_ <=> b.segments_; order != 0) {
    return order;
  }
  return a.verb_ <=> b.verb_;
}

}  // namespace mcdsl::grpcserver
