// Every way we know to write a path that means another file to someone: none of them finds one, with a router before
// the handler and without.

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "mcdsl/http/static_files.h"
#include "mcdsl/http/static_site_for_test.h"

namespace mcdsl::http {
namespace {

const std::vector<std::string_view> kDots{
    "..",                        // as it is
    "%2e%2e",                    // escaped
    "%2E.",                      //
    ".%2e",                      //
    "%252e%252e",                // twice
    "%25%32%65%25%32%65",        //
    "%25252e%25252e",            // three times
    "%c0%ae%c0%ae",              // overlong UTF-8
    "%e0%80%ae%e0%80%ae",        //
    "%f0%80%80%ae%f0%80%80%ae",  //
    "\xC0\xAE\xC0\xAE",          // the same, raw
    "%uff0e%uff0e",              // what IIS once took
    "%u002e%u002e",              //
    "%ef%bc%8e%ef%bc%8e",        // full-width dots
    "%e2%80%a5",                 // a two dot leader
    "..%00",                     // cut by NUL
    "%00..",                     //
    "..%20",                     // cut by Windows
    "..%09",                     //
    "...",                       //
    "....",                      //
    "..;",                       // a path parameter
    "..;a=b",                    //
    ".%0d.",                     // stripped by somebody
    "..%ff",                     //
};

const std::vector<std::string_view> kSlashes{
    "/",          // as it is
    "//",         // doubled
    "/./",        //
    "%2f",        // escaped
    "%2F",        //
    "%252f",      // twice
    "%25%32%66",  //
    "\\",         // the other one
    "%5c",        //
    "%5C",        //
    "%255c",      //
    "/%5c",       //
    "%c0%af",     // overlong
    "%e0%80%af",  //
    "%c1%9c",     //
    "%u2215",     // what IIS once took
    "%e2%88%95",  // a division slash
    "%ef%bc%8f",  // a full-width slash
};

std::string climb(std::string_view dots, std::string_view slash, int levels) {
  std::string path;
  for (int i = 0; i < levels; ++i) {
    path.append(dots).append(slash);
  }
  return path;
}

// "docs/" is one level down, "docs/deep/" two: each form climbs right out, too far, and not far enough.
std::vector<std::string> climbing_forms() {
  std::vector<std::string> forms;
  for (const std::string_view dots : kDots) {
    for (const std::string_view slash : kSlashes) {
      for (const std::string_view start : {"", "docs/", "docs/deep/"}) {
        for (const int levels : {1, 2, 3, 12}) {
          const std::string target = levels == 12 ? "etc/passwd" : "secret.txt";
          forms.push_back(std::string(start) + climb(dots, slash, levels) + target);
        }
      }
    }
  }
  return forms;
}

const std::vector<std::string_view> kOtherForms{
    // absolute, and of other systems
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "%2f%2fetc/passwd",
    "file:///etc/passwd",
    "file:%2f%2f/etc/passwd",
    "C:/secret.txt",
    "C:%5csecret.txt",
    "C:secret.txt",
    "~/secret.txt",
    "~root/secret.txt",
    "%5c%5chost%5cshare%5cx",
    "\\\\host\\share\\x",
    "index.html::$DATA",
    "index.html:secret",
    "INDEX.HTML",
    "INDEX~1.HTM",
    "/proc/self/environ",
    "proc/self/root/etc/passwd",
    "dev/zero",
    "CON",
    "NUL.txt",
    // hidden
    ".hidden",
    "%2ehidden",
    ".%68idden",
    "%2e%68%69%64%64%65%6e",
    "docs/.hidden",
    "docs/%2ehidden",
    ".git/config",
    "%2egit/config",
    ".git%2fconfig",
    ".git",
    ".git/",
    "docs/../.hidden",
    "./.hidden",
    "%252ehidden",
    ".HIDDEN",
    // the folder itself by another name
    ".",
    "./",
    "%2e",
    "%2e/",
    "..",
    "../",
    "%2e%2e",
    "%2e%2e/",
    "./index.html",
    "%2e/index.html",
    "docs/.",
    "docs/..",
    "docs/./page.txt",
    "docs/%2e/page.txt",
    "docs/../index.html",
    "docs/%2e%2e/index.html",
    // empty segments
    "/",
    "//",
    "/index.html",
    "docs//page.txt",
    "docs///page.txt",
    "docs//",
    "//docs/",
    "docs/page.txt//",
    // slashes in disguise, inside
    "docs%2fpage.txt",
    "docs%2Fpage.txt",
    "docs%5cpage.txt",
    "docs\\page.txt",
    "docs%252fpage.txt",
    "docs%c0%afpage.txt",
    "docs/page.txt%2f",
    "docs/page.txt%5c",
    "%2findex.html",
    "index.html%2f",
    "docs%2f",
    "%2f",
    // cut short
    "index.html%00",
    "index.html%00.png",
    "%00",
    "%00index.html",
    "docs%00/page.txt",
    "docs/%00",
    "secret.txt%00.html",
    "index.html%2500",
    "index.html%0a",
    "index.html%0d%0a",
    "index.html%09",
    "index.html%7f",
    "%01",
    "index.html%1b",
    "index.html%20",
    "index.html.",
    "index.html%2e",
    "index.html...",
    "docs./page.txt",
    "docs%20/page.txt",
    "docs%2e/page.txt",
    "index.html%20.",
    // malformed
    "%",
    "%2",
    "%zz",
    "index.html%",
    "index.html%2",
    "index.html%g0",
    "%%32%65",
    "%-1",
    "%ff",
    "%fe%ff",
    "%80",
    "%ed%a0%80",
    "%f4%90%80%80",
    "%c0%80",
    "%u0069ndex.html",
    // an escape behind the escape
    "%2569ndex.html",
    "%25%36%39ndex.html",
    "docs/%2570age.txt",
    "index%252ehtml",
    // whole texts of other worlds
    "index.html;.js",
    "docs;/page.txt",
    "index.html/..;/secret.txt",
    "..../secret.txt",
    "....//secret.txt",
    "....%5c/secret.txt",
    "docs/..%c0%afsecret.txt",
    "docs/%c0%2e%c0%2e/secret.txt",
    "docs/%%32%65%%32%65/secret.txt",
    "docs/..%252f..%252fsecret.txt",
    "docs/..%5c..%5csecret.txt",
    "docs/..%00/secret.txt",
    "docs/..%0d/secret.txt",
    "..%01/secret.txt",
    "%20../secret.txt",
    "docs/%20..%20/..%20/secret.txt",
    "*",
    "%2a",
    "docs/*",
    "$%7bpwd%7d",
    "%24HOME/secret.txt",
    "`pwd`",
    "index.html|cat",
};

TEST(Traversal, IsMoreThanThreeHundredForms) {
  EXPECT_GE(climbing_forms().size(), 5000U);
  EXPECT_GE(kOtherForms.size(), 130U);
}

// What the forms below are held against: the handler does find files.
TEST(Traversal, DoesNotStandInTheWayOfPlainPaths) {
  const StaticSite site;
  const StaticFiles files = site.files();
  for (const std::string_view path : {"index.html", "docs/page.txt", "%69ndex.html", "docs/%70age.txt", "docs/", ""}) {
    EXPECT_EQ(site.get(path).status, 200) << path;
    EXPECT_EQ(StaticSite::ask(files, path).status, 200) << path;
  }
}

TEST(Traversal, FindsNothingByClimbing) {
  const StaticSite site;
  site.write("docs/deep/page.txt", "deep");
  const StaticFiles files = site.files();
  Router router;
  router.get("/static/*", files);
  Request request;
  for (const std::string& form : climbing_forms()) {
    EXPECT_EQ(StaticSite::ask(files, form).status, 404) << form;
    request.start(Method::get, "/static/" + form);
    const int status = router.serve(request).status;
    EXPECT_TRUE(status == 400 || status == 404) << status << ' ' << form;
  }
}

TEST(Traversal, FindsNothingByAnyOtherForm) {
  const StaticSite site;
  const StaticFiles files = site.files();
  for (const std::string_view form : kOtherForms) {
    EXPECT_EQ(StaticSite::ask(files, form).status, 404) << form;
    const int status = site.get(form).status;
    EXPECT_TRUE(status == 400 || status == 404) << status << ' ' << form;
  }
}

// The same paths against an openat2 that sees them as they are: it is a wall of its own.
TEST(Traversal, StopsAtTheKernelToo) {
  const StaticSite site;
  std::filesystem::create_symlink("../secret.txt", site.path("link"));
  for (const std::string_view index : {"../secret.txt", "docs/../../secret.txt", "/etc/passwd", "link"}) {
    const StaticFiles files({.root = site.root(), .index = std::string(index)});
    EXPECT_EQ(StaticSite::ask(files, "").status, 404) << index;
  }
}

}  // namespace
}  // namespace mcdsl::http
