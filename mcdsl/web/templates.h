#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mcdsl/base/result.h"
#include "mcdsl/web/data.h"

namespace mcdsl::web {

class Assets;

/// One template: the name that others include it by, and its text.
struct TemplateFile {
  std::string_view name;  ///< "list.html"
  std::string_view text;
};

/// Templates that are part of the program: `mcdsl_templates()` in CMake makes a function that returns one.
/// Lifetime: the files it views are static.
using TemplateSource = std::span<const TemplateFile>;

struct TemplatesOptions {
  const Assets* assets = nullptr;  ///< what `{{asset app.css}}` may name. Lifetime: outlives the templates
  /// For development: files below this folder take the place of embedded ones of the same name, and are looked at again
  /// at each render. What is wrong with them is then the text of the error, for the client too.
  std::filesystem::path reload_from{};
};

/// HTML pages and parts of pages, filled with Data. Every value is escaped for the place it stands in; a template with
/// a value in a place where no escaping is safe is refused before anything is served.
///
///     {{layout page.html}}
///     {{block title}}Reading list{{end}}
///     {{block content}}
///     <ul>
///     {{for row in rows}}
///       <li><a href="/documents/{{row.slug}}">{{row.title}}</a>{{if row.unread}} <b>new</b>{{end}}
///     {{else}}
///       <li>Nothing to read.
///     {{end}}
///     </ul>
///     {{end}}
///
/// README.md lists the directives and the places.
/// Threads: `render` may be called from any thread.
class Templates {
 public:
  /// Where several sources have a template of one name, the last one's is taken: a service replaces a page of the
  /// library so.
  /// Throws Exception (failed_precondition) that names file and line: a value where it cannot be placed safely, a
  /// section that is not closed, an include, layout or asset that does not exist, malformed directives.
  Templates(std::initializer_list<TemplateSource> sources, TemplatesOptions options = {});
  explicit Templates(TemplateSource source, TemplatesOptions options = {}) : Templates({source}, std::move(options)) {}
  ~Templates();
  Templates(const Templates&) = delete;
  Templates& operator=(const Templates&) = delete;

  /// Any template by its name: a whole page, or the part that htmx asks for.
  /// Errors: internal, naming file, line and variable, for one that the data lacks or that is of the wrong kind, and
  /// for a template that does not exist: bugs, all of them.
  [[nodiscard]] Result<std::string> render(std::string_view name, const Data& data) const;

  [[nodiscard]] bool has(std::string_view name) const;

 private:
  class Set;
  std::unique_ptr<Set> set_;
};

/// What the constructor checks, but for the names of assets: for a build that embeds templates. Throws as it does.
void check_templates(TemplateSource source);

}  // namespace mcdsl::web
