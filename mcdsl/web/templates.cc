#include "mcdsl/web/templates.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "mcdsl/base/error.h"
#include "mcdsl/base/file.h"
#include "mcdsl/web/assets.h"
#include "mcdsl/web/internal/compiler.h"

namespace mcdsl::web {
namespace {

using Programs = std::map<std::string, internal::Program, std::less<>>;

// A file of the folder that is looked at again, and by what a change of it shows.
struct Stamp {
  std::string name;
  std::filesystem::file_time_type changed;
  std::uintmax_t size = 0;

  bool operator==(const Stamp&) const = default;
};

Programs compile_all(const std::map<std::string, std::string, std::less<>>& texts, internal::AssetUrl asset_url) {
  internal::Library library;
  for (const auto& [name, text] : texts) {
    library.emplace(name, internal::parse_template(name, text));
  }
  Programs programs;
  for (const auto& [name, parsed] : library) {
    programs.emplace(name, internal::compile(library, name, asset_url));
  }
  return programs;
}

std::vector<Stamp> files_below(const std::filesystem::path& folder) {
  std::vector<Stamp> stamps;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).generic_string();
    // What an editor keeps beside a file is none of ours.
    if (entry.is_regular_file() && entry.path().extension() == ".html" && internal::is_file_name(name)) {
      stamps.push_back({name, entry.last_write_time(), entry.file_size()});
    }
  }
  std::ranges::sort(stamps, {}, &Stamp::name);
  return stamps;
}

}  // namespace

class Templates::Set {
 public:
  Set(std::span<const TemplateSource> sources, TemplatesOptions options) : options_(std::move(options)) {
    for (const TemplateSource& source : sources) {
      for (const TemplateFile& file : source) {
        embedded_.insert_or_assign(std::string(file.name), std::string(file.text));
      }
    }
    if (reloads()) {
      try {
        stamps_ = files_below(options_.reload_from);
      } catch (const std::filesystem::filesystem_error& error) {
        throw Exception(Code::failed_precondition, std::string("templates: ") + error.what());
      }
    }
    programs_ = std::make_shared<const Programs>(compile());
  }

  // Errors: what is wrong with a file that was changed.
  Result<std::shared_ptr<const Programs>> current();

  [[nodiscard]] bool reloads() const { return !options_.reload_from.empty(); }

 private:
  [[nodiscard]] Programs compile() const {
    return compile_all(with_files(), [this](std::string_view name) {
      return options_.assets == nullptr ? nullptr : options_.assets->find_url(name);
    });
  }

  // The embedded texts and, in their place, those of the folder.
  [[nodiscard]] std::map<std::string, std::string, std::less<>> with_files() const {
    auto texts = embedded_;
    for (const Stamp& stamp : stamps_) {
      texts.insert_or_assign(stamp.name, value_or_throw(read_file(options_.reload_from / stamp.name)));
    }
    return texts;
  }

  TemplatesOptions options_;
  std::map<std::string, std::string, std::less<>> embedded_;
  std::mutex mutex_;  // guards what follows, where the folder is looked at
  std::vector<Stamp> stamps_;
  std::shared_ptr<const Programs> programs_;
  std::optional<Error> error_;
};

Result<std::shared_ptr<const Programs>> Templates::Set::current() {
  if (!reloads()) {
    return programs_;
  }
  const std::scoped_lock lock(mutex_);
  try {
    if (auto stamps = files_below(options_.reload_from); stamps != stamps_) {
      stamps_ = std::move(stamps);
      error_.reset();
      programs_ = std::make_shared<const Programs>(compile());
    }
  } catch (const Exception& exception) {
    error_ = exception.error();
  } catch (const std::filesystem::filesystem_error& gone) {  // a file vanished while it was looked at
    return fail(Code::internal, std::string("templates: ") + gone.what());
  }
  if (error_) {
    return fail(*error_);
  }
  return programs_;
}

Templates::Templates(std::initializer_list<TemplateSource> sources, TemplatesOptions options)
    : set_(std::make_unique<Set>(std::span(sources.begin(), sources.size()), std::move(options))) {}

Templates::~Templates() = default;

Result<std::string> Templates::render(std::string_view name, const Data& data) const {
  const auto render = [&]() -> Result<std::string> {
    const auto programs = set_->current();
    if (!programs) {
      return fail(Error(programs.error()).with_code(Code::internal));
    }
    const auto program = (*programs)->find(name);
    if (program == (*programs)->end()) {
      return fail(Code::internal, "there is no template '" + std::string(name) + "'");
    }
    return program->second.run(data);
  };
  auto page = render();
  if (!page && set_->reloads()) {  // whoever edits a page looks at it in the browser
    return fail(Error(page.error()).with_public_text(page.error().message()));
  }
  return page;
}

bool Templates::has(std::string_view name) const {
  const auto programs = set_->current();
  return programs && (*programs)->contains(name);
}

void check_templates(TemplateSource source) {
  std::map<std::string, std::string, std::less<>> texts;
  for (const TemplateFile& file : source) {
    texts.emplace(file.name, file.text);
  }
  const std::string any_url = "/static/asset.0123456789abcdef.css";
  std::ignore = compile_all(texts, [&any_url](std::string_view /*name*/) { return &any_url; });
}

}  // namespace mcdsl::web
