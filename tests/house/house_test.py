"""Every rule passes on a small good tree and fails, with the place named, once the tree breaks it."""

import pathlib
import tempfile
import unittest

import house

GOOD_TREE = {
    "ARCHITECTURE.md": "- `mcdsl/base`: the floor\n- `mcdsl/db`: rows\n",
    "tests/house/arrows.txt": "# lowest first\nbase:\ndb: base\ntesting: base\n",
    "mcdsl/base/CMakeLists.txt": "mcdsl_package(base\n  HEADERS error.h\n  SOURCES error.cc\n  TESTS error_test.cc)\n",
    "mcdsl/base/README.md": "# base\n",
    "mcdsl/base/error.h": "#pragma once\n\n#include <string>\n",
    "mcdsl/base/error.cc": '#include "mcdsl/base/error.h"\n#include <openssl/evp.h>\n',
    "mcdsl/base/error_test.cc": '#include <gtest/gtest.h>\n#include "mcdsl/testing/temp_dir.h"\n',
    "mcdsl/db/CMakeLists.txt": "mcdsl_package(db\n  HEADERS database.h\n  SOURCES internal/writer.cc\n  DEPENDS base)\n",
    "mcdsl/db/README.md": "# db\n",
    "mcdsl/db/database.h": '#pragma once\n\n#include "mcdsl/base/error.h"\n',
    "mcdsl/db/rows_for_test.h": "#pragma once\n\n#include <gtest/gtest.h>\n",
    "mcdsl/db/internal/writer.h": "#pragma once\n\n#include <sqlite3.h>\n#define WRITER 1\n",
    "mcdsl/db/internal/writer.cc": '#include "mcdsl/db/internal/writer.h"\n',
    "mcdsl/db/internal/writer_for_test.h": "#pragma once\n",
    "tests/db/CMakeLists.txt": "mcdsl_test(db_crash_test SOURCES crash_test.cc)\n",
    "tests/db/crash_test.cc": '#include "mcdsl/db/internal/writer_for_test.h"\n',
    "changes/README.md": "what a fragment is\n",
    "changes/first-cut.md": "category: added\n\nThe first cut.\n",
    "docs/adr/README.md": "- [Record decisions](0001-record-decisions.md)\n",
    "docs/adr/0001-record-decisions.md": "# Record decisions\n\nStatus: accepted\n",
}

# rule -> (what is wrong, the files that make it so, what the finding must name)
BAD_TREES = {
    "arrows": [
        ("an arrow upwards", {"mcdsl/base/error.cc": '#include "mcdsl/db/database.h"\n'}, "base/error.cc:1"),
        ("code that includes the test kit", {"mcdsl/db/database.h": '#include "mcdsl/testing/a.h"\n'}, "database.h:1"),
        ("an unlisted package", {"mcdsl/web/page.h": "#pragma once\n"}, "web is missing"),
        ("generated code where it is not allowed", {"mcdsl/base/error.cc": '#include "mcdsl/v1/access.pb.h"\n'},
         "base must not include proto"),
        ("a circle in the list", {"tests/house/arrows.txt": "base: db\ndb: base\n"}, "base names db"),
    ],
    "internal": [
        ("another package's internals", {"mcdsl/base/error.cc": '#include "mcdsl/db/internal/writer.h"\n'},
         "base/error.cc:1"),
        ("internals in a public header", {"mcdsl/db/database.h": '\n#include "mcdsl/db/internal/writer.h"\n'},
         "database.h:2"),
        ("internals in a test of the whole", {"tests/db/a_test.cc": '#include "mcdsl/db/internal/writer.h"\n'},
         "a_test.cc:1"),
        ("internals in an example", {"examples/a/main.cc": '#include "mcdsl/db/internal/writer.h"\n'}, "main.cc:1"),
    ],
    "third_party": [
        ("a library's header", {"mcdsl/db/database.h": "#pragma once\n#include <sqlite3.h>\n"}, "database.h:2"),
        ("a header of the system", {"mcdsl/db/database.h": "#include <sys/types.h>\n"}, "<sys/types.h>"),
        ("a quoted foreign header", {"mcdsl/db/database.h": '#include "fmt/core.h"\n'}, "fmt/core.h"),
        ("GoogleTest outside the test kit", {"mcdsl/db/database.h": "#include <gtest/gtest.h>\n"}, "gtest.h"),
    ],
    "headers_listed": [
        ("an unlisted header", {"mcdsl/base/clock.h": "#pragma once\n"}, "clock.h is not in HEADERS"),
        ("a listed header that is gone", {"mcdsl/db/database.h": None}, "lists database.h"),
        ("a header listed in a comment only", {"mcdsl/base/CMakeLists.txt": "mcdsl_package(base) # HEADERS error.h\n"},
         "error.h is not in HEADERS"),
    ],
    "sources_belong": [
        ("a test outside the build", {"mcdsl/db/database_test.cc": "\n"}, "database_test.cc"),
        ("a test that shares its name with one that is in", {"mcdsl/db/internal/error_test.cc": "\n"},
         "internal/error_test.cc"),
    ],
    "readmes": [
        ("a package without a README", {"mcdsl/db/README.md": None}, "mcdsl/db: README.md"),
        ("a package that the codemap forgot", {"ARCHITECTURE.md": "- `mcdsl/base`\n"}, "mcdsl/db"),
    ],
    "lengths": [
        ("a long public header", {"mcdsl/base/error.h": "//\n" * 301}, "301 lines"),
        ("a long source", {"mcdsl/base/error.cc": "//\n" * 501}, "501 lines"),
    ],
    "macros": [
        ("a macro", {"mcdsl/base/error.h": "#pragma once\n#define CHECK(x) x\n"}, "error.h:2"),
        ("an indented macro", {"mcdsl/base/error.h": "#pragma once\n  # define CHECK\n"}, "error.h:2"),
    ],
    "header_form": [
        ("no pragma", {"mcdsl/base/error.h": "#include <string>\n"}, "error.h"),
        ("an open namespace", {"mcdsl/db/internal/writer.h": "#pragma once\nusing namespace std;\n"}, "writer.h:2"),
    ],
    "changes": [
        ("an unknown category", {"changes/b.md": "category: nice\n\nText.\n"}, "b.md:1"),
        ("no category", {"changes/b.md": "Text.\n\nMore.\n"}, "b.md:1"),
        ("no text", {"changes/b.md": "category: fixed\n\n"}, "b.md"),
        ("a wrong name", {"changes/Some_Thing.md": "category: fixed\n\nText.\n"}, "Some_Thing.md"),
    ],
    "adrs": [
        ("an unlisted decision", {"docs/adr/0002-more.md": "Status: accepted\n"}, "0002-more.md"),
        ("a number taken twice", {"docs/adr/0001-more.md": "Status: accepted\n"}, "0001 is taken"),
        ("a wrong name", {"docs/adr/more.md": "Status: accepted\n"}, "docs/adr/more.md"),
        ("no status", {"docs/adr/0001-record-decisions.md": "# Record\n"}, "Status"),
    ],
}


def findings(rule, files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name, text in files.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
        return house.RULES[rule](root)


class HouseRules(unittest.TestCase):
    def test_every_rule_has_a_tree_that_breaks_it(self):
        self.assertEqual(sorted(house.RULES), sorted(BAD_TREES))

    def test_every_rule_passes_on_the_good_tree(self):
        for rule in house.RULES:
            with self.subTest(rule):
                self.assertEqual(findings(rule, GOOD_TREE), [])

    def test_every_rule_fails_on_what_breaks_it(self):
        for rule, cases in BAD_TREES.items():
            for what, files, named in cases:
                with self.subTest(f"{rule}: {what}"):
                    found = findings(rule, GOOD_TREE | files)
                    self.assertTrue(any(named in finding for finding in found), found)


if __name__ == "__main__":
    unittest.main()
