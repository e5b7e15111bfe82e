#include "languages.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mcq {
namespace {

template <std::size_t kCount>
consteval std::array<std::string_view, kCount> sorted(std::array<std::string_view, kCount> words) {
  std::ranges::sort(words);
  return words;
}

constexpr Quote kDouble{.begin = "\"", .end = "\""};
constexpr Quote kSingle{.begin = "'", .end = "'"};
constexpr std::array kSlashes{std::string_view("//")};
constexpr std::array kHash{std::string_view("#")};
constexpr std::array kDashes{std::string_view("--")};

constexpr auto kCppNames = std::to_array<std::string_view>({"c", "c++", "cc", "cpp", "cxx", "h", "hh", "hpp"});
constexpr auto kCppKeywords = sorted(std::to_array<std::string_view>({"alignas",
                                                                      "alignof",
                                                                      "and",
                                                                      "asm",
                                                                      "break",
                                                                      "case",
                                                                      "catch",
                                                                      "class",
                                                                      "co_await",
                                                                      "co_return",
                                                                      "co_yield",
                                                                      "concept",
                                                                      "const",
                                                                      "const_cast",
                                                                      "consteval",
                                                                      "constexpr",
                                                                      "constinit",
                                                                      "continue",
                                                                      "decltype",
                                                                      "default",
                                                                      "delete",
                                                                      "do",
                                                                      "dynamic_cast",
                                                                      "else",
                                                                      "enum",
                                                                      "explicit",
                                                                      "export",
                                                                      "extern",
                                                                      "final",
                                                                      "for",
                                                                      "friend",
                                                                      "goto",
                                                                      "if",
                                                                      "import",
                                                                      "inline",
                                                                      "module",
                                                                      "mutable",
                                                                      "namespace",
                                                                      "new",
                                                                      "noexcept",
                                                                      "not",
                                                                      "operator",
                                                                      "or",
                                                                      "override",
                                                                      "private",
                                                                      "protected",
                                                                      "public",
                                                                      "register",
                                                                      "reinterpret_cast",
                                                                      "requires",
                                                                      "return",
                                                                      "sizeof",
                                                                      "static",
                                                                      "static_assert",
                                                                      "static_cast",
                                                                      "struct",
                                                                      "switch",
                                                                      "template",
                                                                      "this",
                                                                      "thread_local",
                                                                      "throw",
                                                                      "try",
                                                                      "typedef",
                                                                      "typeid",
                                                                      "typename",
                                                                      "union",
                                                                      "using",
                                                                      "virtual",
                                                                      "volatile",
                                                                      "while"}));
constexpr auto kCppTypes = sorted(std::to_array<std::string_view>(
    {"auto",    "bool",     "char",     "char16_t", "char32_t", "char8_t",  "double", "false",   "float",    "int",
     "int16_t", "int32_t",  "int64_t",  "int8_t",   "long",     "nullptr",  "short",  "signed",  "size_t",   "std",
     "true",    "uint16_t", "uint32_t", "uint64_t", "uint8_t",  "unsigned", "void",   "wchar_t", "ptrdiff_t"}));
constexpr std::array kCppQuotes{kDouble, kSingle};

constexpr auto kGoNames = std::to_array<std::string_view>({"go", "golang"});
constexpr auto kGoKeywords = sorted(std::to_array<std::string_view>(
    {"break", "case",   "chan",   "const",  "continue", "default", "defer",     "else", "fallthrough",
     "for",   "func",   "go",     "goto",   "if",       "import",  "interface", "map",  "package",
     "range", "return", "select", "struct", "switch",   "type",    "var"}));
constexpr auto kGoTypes = sorted(std::to_array<std::string_view>(
    {"any",  "bool",  "byte",   "complex128", "complex64", "error", "false",  "float32", "float64",
     "int",  "int16", "int32",  "int64",      "int8",      "iota",  "nil",    "rune",    "string",
     "true", "uint",  "uint16", "uint32",     "uint64",    "uint8", "uintptr"}));
constexpr std::array kGoQuotes{kDouble, kSingle, Quote{.begin = "`", .end = "`", .escapes = false, .many_lines = true}};

constexpr auto kJsonNames = std::to_array<std::string_view>({"json", "json5", "jsonc"});
constexpr auto kJsonTypes = sorted(std::to_array<std::string_view>({"false", "null", "true"}));
constexpr std::array kJsonQuotes{kDouble};

constexpr auto kPythonNames = std::to_array<std::string_view>({"py", "python", "python3"});
constexpr auto kPythonKeywords = sorted(std::to_array<std::string_view>(
    {"and",  "as",     "assert", "async", "await",  "break",   "case",     "class", "continue",
     "def",  "del",    "elif",   "else",  "except", "finally", "for",      "from",  "global",
     "if",   "import", "in",     "is",    "lambda", "match",   "nonlocal", "not",   "or",
     "pass", "raise",  "return", "try",   "while",  "with",    "yield"}));
constexpr auto kPythonTypes =
    sorted(std::to_array<std::string_view>({"False", "None", "True", "bool", "bytes", "dict", "float", "int", "list",
                                            "object", "self", "set", "str", "tuple"}));
constexpr std::array kPythonQuotes{Quote{.begin = "\"\"\"", .end = "\"\"\"", .many_lines = true},
                                   Quote{.begin = "'''", .end = "'''", .many_lines = true}, kDouble, kSingle};

constexpr auto kShellNames = std::to_array<std::string_view>({"bash", "sh", "shell", "zsh"});
constexpr auto kShellKeywords = sorted(std::to_array<std::string_view>(
    {"break",  "case",  "continue", "do",       "done", "elif",  "else",  "esac",     "exec",   "exit",
     "export", "fi",    "for",      "function", "if",   "in",    "local", "readonly", "return", "select",
     "set",    "shift", "source",   "then",     "trap", "unset", "until", "while"}));
constexpr std::array kShellQuotes{Quote{.begin = "\"", .end = "\"", .many_lines = true},
                                  Quote{.begin = "'", .end = "'", .escapes = false, .many_lines = true}};

constexpr auto kSqlNames = std::to_array<std::string_view>({"postgresql", "sql", "sqlite"});
constexpr auto kSqlKeywords = sorted(std::to_array<std::string_view>(
    {"add",     "all",      "alter",    "and",    "as",       "asc",        "begin",   "between",     "by",
     "case",    "check",    "column",   "commit", "conflict", "constraint", "create",  "cross",       "default",
     "delete",  "desc",     "distinct", "do",     "drop",     "else",       "end",     "exists",      "explain",
     "foreign", "from",     "group",    "having", "if",       "in",         "index",   "inner",       "insert",
     "into",    "is",       "join",     "key",    "left",     "like",       "limit",   "match",       "not",
     "offset",  "on",       "or",       "order",  "outer",    "pragma",     "primary", "references",  "returning",
     "right",   "rollback", "select",   "set",    "strict",   "table",      "then",    "transaction", "trigger",
     "union",   "unique",   "update",   "using",  "values",   "view",       "virtual", "when",        "where",
     "with"}));
constexpr auto kSqlTypes =
    sorted(std::to_array<std::string_view>({"bigint", "blob", "boolean", "char", "date", "false", "int", "integer",
                                            "null", "numeric", "real", "text", "timestamp", "true", "varchar"}));
constexpr std::array kSqlQuotes{Quote{.begin = "'", .end = "'", .escapes = false, .many_lines = true},
                                Quote{.begin = "\"", .end = "\"", .escapes = false}};

constexpr std::array kLanguages{
    Language{.names = kCppNames,
             .keywords = kCppKeywords,
             .types = kCppTypes,
             .line_comments = kSlashes,
             .block_begin = "/*",
             .block_end = "*/",
             .quotes = kCppQuotes,
             .has_raw_strings = true,
             .has_preprocessor = true},
    Language{.names = kGoNames,
             .keywords = kGoKeywords,
             .types = kGoTypes,
             .line_comments = kSlashes,
             .block_begin = "/*",
             .block_end = "*/",
             .quotes = kGoQuotes},
    Language{.names = kJsonNames,
             .keywords = {},
             .types = kJsonTypes,
             .line_comments = kSlashes,
             .block_begin = "/*",
             .block_end = "*/",
             .quotes = kJsonQuotes},
    Language{.names = kPythonNames,
             .keywords = kPythonKeywords,
             .types = kPythonTypes,
             .line_comments = kHash,
             .quotes = kPythonQuotes},
    Language{.names = kShellNames,
             .keywords = kShellKeywords,
             .types = {},
             .line_comments = kHash,
             .quotes = kShellQuotes,
             .is_shell = true},
    Language{.names = kSqlNames,
             .keywords = kSqlKeywords,
             .types = kSqlTypes,
             .line_comments = kDashes,
             .block_begin = "/*",
             .block_end = "*/",
             .quotes = kSqlQuotes,
             .ignores_case = true},
};

// A name as it stands in a document beside one in lower case.
bool is_same(std::string_view known, std::string_view name) noexcept {
  return std::ranges::equal(
      known, name, [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b); });
}

}  // namespace

const Language* find_language(std::string_view name) noexcept {
  for (const Language& language : kLanguages) {
    if (std::ranges::any_of(language.names, [&](std::string_view known) { return is_same(known, name); })) {
      return &language;
    }
  }
  return nullptr;
}

}  // namespace mcq
