"""The rules of the house (CONTRIBUTING.md) that a program can check.

Each rule is a function from the root of a repository to the list of what breaks it. `house.py RULE [ROOT]` prints
that list and exits 1 where it is not empty.
"""

import pathlib
import re
import sys

KEYWORDS = {"HEADERS", "SOURCES", "DEPENDS", "LIBRARIES", "TESTS", "TEST_DEPENDS", "BENCHMARKS", "FUZZERS"}
TEST_SUFFIXES = ("_test", "_bench", "_fuzz")
CATEGORIES = ("added", "changed", "deprecated", "removed", "fixed", "security")
MOST_PUBLIC_HEADER_LINES = 300
MOST_SOURCE_LINES = 500

STANDARD_HEADERS = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
    clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint
    cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution expected filesystem format
    forward_list fstream functional future generator initializer_list iomanip ios iosfwd iostream istream iterator
    latch limits list locale map mdspan memory memory_resource mutex new numbers numeric optional ostream print queue
    random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span spanstream sstream
    stack stacktrace stdexcept stdfloat stop_token streambuf string string_view strstream syncstream system_error
    thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())


def packages(root):
    return sorted(path for path in (root / "mcdsl").iterdir() if path.is_dir() and any(path.rglob("*.*")))


def code_files(root, *patterns):
    folders = [root / name for name in ("mcdsl", "tests", "examples", "tools", "bench")]
    return sorted(file for folder in folders for pattern in patterns for file in folder.rglob(pattern))


def is_test(file):
    """Also a header that tests share: notes_for_test.h."""
    return file.stem.endswith(TEST_SUFFIXES)


def public_headers(root):
    return sorted(file for package in packages(root) for file in package.rglob("*.h")
                  if "internal" not in file.relative_to(package).parts and not is_test(file))


def lines_of(file):
    return file.read_text(encoding="utf-8").splitlines()


def includes_of(file):
    """(line number, what is included, with its quotes or brackets) for every #include of a file."""
    for number, line in enumerate(lines_of(file), 1):
        if match := re.match(r'\s*#\s*include\s*(<[^>]+>|"[^"]+")', line):
            yield number, match[1]


def own_includes_of(file):
    """(line number, package, path within it) for every #include of one of our packages."""
    for number, name in includes_of(file):
        if match := re.match(r'["<]mcdsl/([a-z_0-9]+)/(.+)[">]', name):
            # mcdsl/v1/access.pb.h is made of proto/mcdsl/v1/access.proto, which is no package's.
            generated = re.fullmatch(r"v\d+", match[1]) and match[2].endswith(".pb.h")
            yield number, "proto" if generated else match[1], match[2]


def package_of(root, file):
    return file.relative_to(root / "mcdsl").parts[0]


def cmake_words(cmake_file):
    """Every word of a CMakeLists.txt, without its comments."""
    text = "\n".join(line.split("#", 1)[0] for line in lines_of(cmake_file))
    return re.findall(r"[^\s()\"]+", text)


def declared(package, keyword):
    """What the mcdsl_package() calls of a package list under a keyword."""
    cmake_file = package / "CMakeLists.txt"
    if not cmake_file.exists():
        return set()
    names, current = set(), None
    for word in cmake_words(cmake_file):
        if word in KEYWORDS:
            current = word
        elif word.startswith("mcdsl_") or word in ("find_package", "target_link_libraries"):
            current = None
        elif current == keyword:
            names.add(word)
    return names


def allowed_arrows(root):
    allowed = {}
    for line in lines_of(root / "tests" / "house" / "arrows.txt"):
        if line and not line.startswith("#"):
            package, _, floors = line.partition(":")
            allowed[package] = floors.split()
    return allowed


def place(root, file, line=None):
    return str(file.relative_to(root)) + (f":{line}" if line else "")


# --- the rules ------------------------------------------------------------------------------------------------------


def arrows(root):
    """Packages include only what tests/house/arrows.txt allows, and that list has no circles."""
    allowed = allowed_arrows(root)
    found, above = [], set()
    for package, floors in allowed.items():
        found += [f"arrows.txt: {package} names {floor}, which does not stand above it"
                  for floor in floors if floor not in above]
        above.add(package)
    found += [f"arrows.txt: package {package.name} is missing" for package in packages(root)
              if package.name not in allowed]
    for file in code_files(root, "*.h", "*.cc"):
        if not file.is_relative_to(root / "mcdsl"):
            continue
        package = package_of(root, file)
        may = {package, *allowed.get(package, [])} | ({"testing"} if is_test(file) else set())
        found += [f"{place(root, file, line)}: {package} must not include {other}"
                  for line, other, _ in own_includes_of(file) if other not in may]
    return found


def internal(root):
    """internal/ belongs to its package: nobody else includes it, and no public header does, since it is not installed.
    Tests that span packages may include what tests share."""
    found = []
    public = set(public_headers(root))
    for file in code_files(root, "*.h", "*.cc"):
        home = package_of(root, file) if file.is_relative_to(root / "mcdsl") else None
        for line, package, path in own_includes_of(file):
            if "internal" not in pathlib.PurePath(path).parts:
                continue
            if file.is_relative_to(root / "tests") and is_test(pathlib.PurePath(path)):
                continue
            if package != home:
                found.append(f"{place(root, file, line)}: includes internals of {package}")
            elif file in public:
                found.append(f"{place(root, file, line)}: a public header includes internals")
    return found


def third_party(root):
    """Public headers name the standard library and this project only; grpcserver may name protobuf, the test kit
    GoogleTest."""
    found = []
    for file in public_headers(root):
        for line, name in includes_of(file):
            ours = name.startswith('"mcdsl/')
            standard = name.startswith("<") and name[1:-1] in STANDARD_HEADERS
            rpc = package_of(root, file) == "grpcserver" and name.startswith("<google/protobuf/")
            kit = package_of(root, file) == "testing" and name.startswith(("<gtest/", "<gmock/"))
            if not (ours or standard or rpc or kit):
                found.append(f"{place(root, file, line)}: a public header includes {name}")
    return found


def headers_listed(root):
    """Every public header is in its package's HEADERS, so that it is installed and compiled alone."""
    found = []
    for package in packages(root):
        there = {str(file.relative_to(package)) for file in public_headers(root) if file.is_relative_to(package)}
        listed = declared(package, "HEADERS")
        found += [f"{place(root, package)}: {name} is not in HEADERS" for name in sorted(there - listed)]
        found += [f"{place(root, package)}: HEADERS lists {name}, which is not a public header here"
                  for name in sorted(listed - there)]
    return found


def sources_belong(root):
    """Every .cc, tests above all, is named in a CMakeLists.txt at or above its folder: none falls out of the build."""
    found = []
    for file in code_files(root, "*.cc"):
        for folder in file.parents:
            cmake_file = folder / "CMakeLists.txt"
            if cmake_file.exists() and str(file.relative_to(folder)) in cmake_words(cmake_file):
                break
            if folder == root:
                found.append(f"{place(root, file)}: no CMakeLists.txt names it")
                break
    return found


def readmes(root):
    """Every package has a README.md and a line in the codemap of ARCHITECTURE.md."""
    codemap = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    found = [f"{place(root, package)}: README.md is missing" for package in packages(root)
             if not (package / "README.md").exists()]
    found += [f"ARCHITECTURE.md: the codemap has no line for mcdsl/{package.name}" for package in packages(root)
              if f"`mcdsl/{package.name}`" not in codemap]
    return found


def lengths(root):
    """Public headers stay under 300 lines and every file under 500."""
    public = set(public_headers(root))
    found = []
    for file in code_files(root, "*.h", "*.cc"):
        most = MOST_PUBLIC_HEADER_LINES if file in public else MOST_SOURCE_LINES
        if (count := len(lines_of(file))) > most:
            found.append(f"{place(root, file)}: {count} lines, more than {most}")
    return found


def macros(root):
    """Public headers define no macros."""
    return [f"{place(root, file, number)}: a public header defines a macro" for file in public_headers(root)
            for number, line in enumerate(lines_of(file), 1) if re.match(r"\s*#\s*(define|undef)\b", line)]


def header_form(root):
    """Headers start with #pragma once and open no namespace to everyone who includes them."""
    found = []
    for file in code_files(root, "*.h"):
        lines = lines_of(file)
        if not lines or lines[0] != "#pragma once":
            found.append(f"{place(root, file)}: does not start with #pragma once")
        found += [f"{place(root, file, number)}: using namespace at the scope of a header"
                  for number, line in enumerate(lines, 1) if line.startswith("using namespace")]
    return found


def changes(root):
    """Changelog fragments have the form that changes/README.md describes."""
    found = []
    for file in sorted((root / "changes").glob("*")):
        if file.name == "README.md":
            continue
        lines = lines_of(file)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.md", file.name):
            found.append(f"{place(root, file)}: a fragment is named like-this.md")
        if not lines or lines[0] not in [f"category: {name}" for name in CATEGORIES]:
            found.append(f"{place(root, file)}:1: must be \"category: \" and one of {', '.join(CATEGORIES)}")
        if len(lines) < 3 or lines[1] or not "".join(lines[2:]).strip():
            found.append(f"{place(root, file)}: must have an empty line after the category, then what changed")
    return found


def adrs(root):
    """Decisions carry a number of their own, name their status and are listed in docs/adr/README.md."""
    folder = root / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    found, taken = [], set()
    for file in sorted(file for file in folder.glob("*.md") if file.name != "README.md"):
        if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", file.name):
            found.append(f"{place(root, file)}: a decision is named 0001-like-this.md")
        if file.name[:4] in taken:
            found.append(f"{place(root, file)}: the number {file.name[:4]} is taken")
        taken.add(file.name[:4])
        if f"]({file.name})" not in index:
            found.append(f"{place(root, file)}: docs/adr/README.md does not link to it")
        if not re.search(r"^Status: (proposed|accepted|superseded by \[\d{4}\])", file.read_text(), re.MULTILINE):
            found.append(f"{place(root, file)}: has no line \"Status: accepted\" (or proposed, superseded by [NNNN])")
    return found


RULES = {rule.__name__: rule for rule in (arrows, internal, third_party, headers_listed, sources_belong, readmes,
                                          lengths, macros, header_form, changes, adrs)}


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in RULES:
        sys.exit(f"usage: house.py {{{','.join(RULES)}}} [ROOT]")
    rule = RULES[sys.argv[1]]
    root = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else ".").resolve()
    found = rule(root)
    if found:
        print(rule.__doc__)
        print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
