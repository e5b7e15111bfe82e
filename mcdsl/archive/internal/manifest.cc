#include "mcdsl/archive/internal/manifest.h"

#include <array>
#include <charconv>
#include <utility>

#include "mcdsl/archive/internal/system.h"
#include "mcdsl/base/bytes.h"
#include "mcdsl/base/time.h"
#include "mcdsl/json/decode.h"
#include "mcdsl/json/writer.h"

namespace mcdsl::archive::internal {
namespace {

constexpr int kFormat = 1;

// Of a newer format there may be more to say.
constexpr json::DecodeOptions kLenient{.allow_unknown_fields = true};

struct HeadJson {
  int format = 0;
  std::string service;
  std::string host;
  std::string folder;
  std::string binary_version;
  std::string created_at;

  void bind(json::Fields& fields) {
    fields.required("mcdsl_archive", format);
    fields.required("service", service);
    fields.required("host", host);
    fields.required("folder", folder);
    fields.required("binary_version", binary_version);
    fields.required("created_at", created_at);
  }
};

struct DatabaseJson {
  std::int64_t schema_version = 0;
  std::int64_t broken_foreign_keys = 0;
  std::map<std::string, std::int64_t> rows;

  void bind(json::Fields& fields) {
    fields.required("schema_version", schema_version);
    fields.required("broken_foreign_keys", broken_foreign_keys);
    fields.required("rows", rows);
  }
};

// A name that JSON cannot hold, since it is not UTF-8, stands there in hexadecimal.
struct NameJson {
  std::optional<std::string> path;
  std::optional<std::string> path_hex;

  void bind(json::Fields& fields) {
    fields.optional("path", path);
    fields.optional("path_hex", path_hex);
  }
  [[nodiscard]] std::string get() const {
    return path_hex ? hex_decode(*path_hex).value_or(std::string()) : path.value_or(std::string());
  }
};

struct EntryJson {
  NameJson name;
  std::string type;
  std::string mode;
  std::uint64_t size = 0;
  std::string sha256;
  std::optional<std::string> link;
  std::optional<std::string> link_hex;
  std::optional<DatabaseJson> database;

  void bind(json::Fields& fields) {
    name.bind(fields);
    fields.required("type", type);
    fields.required("mode", mode);
    fields.optional("size", size);
    fields.optional("sha256", sha256);
    fields.optional("link", link);
    fields.optional("link_hex", link_hex);
    fields.optional("database", database);
  }
};

struct ProblemJson {
  NameJson name;
  std::string what;

  void bind(json::Fields& fields) {
    name.bind(fields);
    fields.required("what", what);
  }
};

struct TailJson {
  std::vector<ProblemJson> problems;

  void bind(json::Fields& fields) { fields.required("problems", problems); }
};

void write_name(json::Writer& out, std::string_view key, std::string_view name) {
  if (is_valid_utf8(name)) {
    out.field(key, name);
  } else {
    out.field(std::string(key) + "_hex", hex_encode(name));
  }
}

std::string octal(std::uint32_t mode) {
  std::array<char, 16> text{};
  auto* const end = std::to_chars(text.data(), text.data() + text.size(), mode, 8).ptr;
  return "0" + std::string(text.data(), end);
}

std::string_view name_of(Type type) {
  switch (type) {
    case Type::file:
      return "file";
    case Type::folder:
      return "folder";
    case Type::link:
      break;
  }
  return "link";
}

std::string without_brace(json::Writer&& out) {
  std::string text = std::move(out).take();
  text.pop_back();
  return text;
}

template <class T>
T parse(std::string_view line) {
  auto parsed = json::decode<T>(line, kLenient);
  if (!parsed) {
    throw Refusal(Code::data_loss, "the manifest is damaged: " + parsed.error().message());
  }
  return *std::move(parsed);
}

}  // namespace

std::string head_line(const Manifest& manifest) {
  json::Writer out;
  out.begin_object()
      .field("mcdsl_archive", kFormat)
      .field("service", manifest.service)
      .field("host", manifest.host)
      .field("folder", manifest.folder)
      .field("binary_version", manifest.binary_version)
      .field("created_at", format_rfc3339(manifest.created_at))
      .end_object();
  return std::move(out).take();
}

std::string entry_line(const Entry& entry) {
  json::Writer out;
  out.begin_object();
  write_name(out, "path", entry.path);
  out.field("type", name_of(entry.type)).field("mode", octal(entry.mode));
  if (entry.type == Type::file) {
    out.field("size", entry.size).field("sha256", entry.sha256);
  } else if (entry.type == Type::link) {
    write_name(out, "link", entry.link);
  }
  out.end_object();
  return without_brace(std::move(out));
}

std::string database_part(const DatabaseContents& contents) {
  json::Writer out;
  out.begin_object()
      .field("schema_version", contents.schema_version)
      .field("broken_foreign_keys", contents.broken_foreign_keys)
      .key("rows")
      .begin_object();
  for (const auto& [table, rows] : contents.rows) {
    out.field(table, rows);
  }
  out.end_object().end_object();
  return ",\"database\":" + std::move(out).take();
}

std::string tail_line(std::uint64_t entries, std::uint64_t bytes) {
  json::Writer out;
  out.begin_object().field("entries", entries).field("bytes", bytes).end_object();
  return without_brace(std::move(out));
}

std::string problems_part(const std::vector<Problem>& problems) {
  json::Writer out;
  out.begin_array();
  for (const Problem& problem : problems) {
    out.begin_object();
    write_name(out, "path", problem.path);
    out.field("what", problem.what).end_object();
  }
  out.end_array();
  return ",\"problems\":" + std::move(out).take() + "}";
}

Manifest parse_head(std::string_view line) {
  auto head = parse<HeadJson>(line);
  if (head.format != kFormat) {
    throw Refusal(Code::unimplemented, "the archive has format " + std::to_string(head.format) +
                                           ", which a newer version of the program reads");
  }
  const auto created_at = parse_rfc3339(head.created_at);
  if (!created_at) {
    throw Refusal(Code::data_loss, "the manifest is damaged: created_at: " + created_at.error().message());
  }
  return {.service = std::move(head.service),
          .host = std::move(head.host),
          .folder = std::move(head.folder),
          .binary_version = std::move(head.binary_version),
          .created_at = *created_at,
          .problems = {}};
}

Entry parse_entry(std::string_view line) {
  auto json = parse<EntryJson>(line);
  Entry entry{.path = json.name.get(), .size = json.size, .sha256 = std::move(json.sha256)};
  entry.type = json.type == "folder" ? Type::folder : json.type == "link" ? Type::link : Type::file;
  (void)std::from_chars(json.mode.data(), json.mode.data() + json.mode.size(), entry.mode, 8);
  entry.link = json.link_hex ? hex_decode(*json.link_hex).value_or(std::string()) : json.link.value_or(std::string());
  if (json.database) {
    entry.database = DatabaseContents{.schema_version = json.database->schema_version,
                                      .broken_foreign_keys = json.database->broken_foreign_keys,
                                      .rows = std::move(json.database->rows)};
  }
  return entry;
}

std::vector<Problem> parse_problems(std::string_view line) {
  std::vector<Problem> problems;
  for (ProblemJson& problem : parse<TailJson>(line).problems) {
    problems.push_back({.path = problem.name.get(), .what = std::move(problem.what)});
  }
  return problems;
}

}  // namespace mcdsl::archive::internal
