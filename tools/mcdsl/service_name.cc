#include "tools/mcdsl/service_name.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::tool {
namespace {

constexpr std::size_t kLongest = 32;  // of a user in utmp(5), which the service becomes

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char to_upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

// A letter, then letters, digits and single dashes, none at the end.
bool is_well_formed(std::string_view name) {
  return !name.empty() && name.size() <= kLongest && is_lower(name.front()) && name.back() != '-' &&
         !name.contains("--") &&
         std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

// Words that a namespace cannot be called: keywords of C++, and what the C library's headers declare at global scope,
// as far as someone might call a service so.
constexpr auto kTakenInCpp = std::to_array<std::string_view>(
    {"abi",      "abort",    "abs",       "accept",    "access",    "acct",        "alarm",     "alignas",
     "alignof",  "alloca",   "and",       "asm",       "auto",      "basename",    "bind",      "bitand",
     "bitor",    "bool",     "break",     "brk",       "calloc",    "case",        "catch",     "ceil",
     "char",     "chdir",    "chmod",     "chown",     "chroot",    "class",       "clock",     "clone",
     "close",    "compl",    "concept",   "connect",   "const",     "consteval",   "constexpr", "constinit",
     "continue", "cos",      "creat",     "crypt",     "ctime",     "daemon",      "daylight",  "decltype",
     "default",  "delete",   "difftime",  "div",       "do",        "double",      "drem",      "dup",
     "else",     "enum",     "environ",   "erf",       "exit",      "exp",         "explicit",  "export",
     "extern",   "fabs",     "false",     "fcntl",     "float",     "flock",       "floor",     "fma",
     "for",      "fork",     "free",      "friend",    "gamma",     "getenv",      "getline",   "getopt",
     "getpass",  "getpid",   "gettext",   "goto",      "hypot",     "if",          "index",     "inline",
     "int",      "kill",     "labs",      "linger",    "link",      "linkat",      "listen",    "lockf",
     "log",      "long",     "lseek",     "lstat",     "main",      "malloc",      "memcpy",    "mkdir",
     "mktime",   "modf",     "mutable",   "namespace", "nan",       "new",         "nice",      "noexcept",
     "not",      "nullptr",  "open",      "operator",  "or",        "pause",       "perror",    "pipe",
     "poll",     "pow",      "printf",    "private",   "protected", "public",      "puts",      "qsort",
     "raise",    "rand",     "random",    "read",      "readahead", "readlink",    "realloc",   "realpath",
     "recv",     "register", "remainder", "remove",    "rename",    "requires",    "return",    "revoke",
     "rewind",   "rint",     "rmdir",     "round",     "scanf",     "select",      "send",      "setenv",
     "short",    "shutdown", "sigaction", "signal",    "signed",    "significand", "sigset",    "sin",
     "sizeof",   "sleep",    "socket",    "splice",    "sqrt",      "srand",       "stat",      "static",
     "stderr",   "stdin",    "stdout",    "struct",    "switch",    "sync",        "syscall",   "sysconf",
     "system",   "tan",      "tee",       "template",  "this",      "throw",       "time",      "times",
     "timezone", "tmpfile",  "true",      "truncate",  "try",       "typedef",     "typeid",    "typename",
     "ulimit",   "umask",    "union",     "unlink",    "unsigned",  "using",       "usleep",    "vfork",
     "vhangup",  "virtual",  "void",      "volatile",  "wait",      "while",       "write",     "xor"});

// Names that CMake has for its own targets, and those of what a service is built with and runs beside.
constexpr auto kTakenElsewhere =
    std::to_array<std::string_view>({"absl", "all", "clean", "gmock", "google", "grpc", "gtest", "help", "install",
                                     "mcdsl", "mcias", "mcias-dev", "package", "protobuf", "std", "test", "testing"});

}  // namespace

ServiceName parse_service_name(std::string_view name) {
  if (!is_well_formed(name)) {
    throw Exception(Code::invalid_argument,
                    "\"" + printable(name) + "\" is no name for a service: 1 to 32 of a-z, 0-9 and single dashes, a " +
                        "letter first and no dash last, such as reading-list");
  }
  if (std::ranges::find(kTakenInCpp, name) != kTakenInCpp.end()) {
    throw Exception(Code::invalid_argument, "\"" + std::string(name) +
                                                "\" means something else in C++, where the service is a namespace: " +
                                                "take a longer name, such as " + std::string(name) + "-service");
  }
  if (std::ranges::find(kTakenElsewhere, name) != kTakenElsewhere.end()) {
    throw Exception(Code::invalid_argument, "\"" + std::string(name) +
                                                "\" is the name of something that a service is built with or runs " +
                                                "beside: take another one");
  }
  ServiceName spelled{.dashed = std::string(name), .underscored = std::string(name), .pascal = {}, .upper = {}};
  std::ranges::replace(spelled.underscored, '-', '_');
  std::ranges::transform(spelled.underscored, std::back_inserter(spelled.upper), to_upper);
  bool begins_word = true;
  for (const char c : name) {
    if (c != '-') {
      spelled.pascal += begins_word ? to_upper(c) : c;
    }
    begins_word = c == '-';
  }
  return spelled;
}

}  // namespace mcdsl::tool
