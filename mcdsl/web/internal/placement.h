#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/web/internal/attributes.h"
#include "mcdsl/web/internal/escape.h"
#include "mcdsl/web/internal/js_context.h"

namespace mcdsl::web::internal {

/// Reads a template as a browser will (HTML §13.2.5) and says for each value how it is escaped where it stands, or that
/// it may not stand there. What a browser would repair, and what two browsers may read in two ways, is refused: the
/// reader never guesses.
///
/// A state that can be copied, so that both branches of a condition begin alike, and compared, since they must end so.
/// Throws PlacementError.
class Placement {
 public:
  /// The offset of an error that lies with the directive and not in a text.
  static constexpr std::size_t kHere = static_cast<std::size_t>(-1);

  /// Text of the template: all of it between two directives.
  void read(std::string_view text);

  /// A directive stands here, between two texts.
  void boundary();

  /// A value stands here, behind a `boundary`.
  [[nodiscard]] Escape value();

  /// The template ends here.
  void finish() const;

  /// What holds after either of two branches; false, and nothing is changed, where that is two different things.
  [[nodiscard]] bool join(const Placement& other);

  /// The place in words, for messages: "in the attribute href".
  [[nodiscard]] std::string where() const;

  bool operator==(const Placement&) const = default;

 private:
  enum class State : std::uint8_t {
    text,
    tag_open,  // behind '<'
    tag_name,
    end_tag_name,
    end_tag,  // behind its name
    tag,      // between attributes
    attribute_name,
    after_name,  // behind the name and a space: '=' may follow
    before_value,
    double_quoted,
    single_quoted,
    unquoted,
    self_closing,  // behind '/'
    comment,
    doctype,
    rcdata,    // in a title or a text area
    raw_text,  // in a style element and its like
    script,
  };
  // How much of a URL has been read.
  enum class Url : std::uint8_t {
    nothing,
    prefix,       // a text that may be a scheme: `url_prefix_`
    after_value,  // a whole URL; only its query can follow
    path,
    query,
    unclear,  // one thing in one branch, another in the other
  };

  // Each reads from `at` and returns where the next state begins.
  std::size_t read_text(std::string_view text, std::size_t at);
  std::size_t read_tag_open(std::string_view text, std::size_t at);
  std::size_t read_name(std::string_view text, std::size_t at);
  std::size_t read_end_tag(std::string_view text, std::size_t at);
  std::size_t read_tag(std::string_view text, std::size_t at);
  std::size_t read_attribute_name(std::string_view text, std::size_t at);
  std::size_t read_before_value(std::string_view text, std::size_t at);
  std::size_t read_value(std::string_view text, std::size_t at);
  std::size_t read_comment(std::string_view text, std::size_t at);
  std::size_t read_element_text(std::string_view text, std::size_t at);

  void end_name(std::size_t at);
  void begin_attribute(std::size_t at);
  void end_attribute(std::size_t at);
  void read_url(std::string_view text, std::size_t at);
  void read_json(std::string_view text, std::size_t at);
  void close_start_tag(std::size_t at, bool self_closing);
  void close_end_tag(std::size_t at);
  void note_fact(std::size_t at);
  [[nodiscard]] Escape value_in_url();
  [[nodiscard]] Escape value_in_attribute();

  State state_ = State::text;
  bool needs_space_ = false;  // before the next attribute
  bool partial_ = false;      // the text ended within markup
  std::string element_{};     // of the tag that is read, or whose text is
  std::string attribute_{};
  AttributeKind kind_ = AttributeKind::text;
  Url url_ = Url::nothing;
  std::string url_prefix_{};
  std::string fact_{};        // the value of an attribute that decides something
  bool is_odd_json_ = false;  // in an attribute: it has entities, or is no object
  bool has_value_ = false;    // in the attribute
  JsContext js_{};
  // Of the tag that is read:
  bool has_type_ = false;
  std::string type_{};
  std::string meta_name_{};
  bool is_refresh_ = false;         // or anything else that http-equiv can say
  bool has_content_value_ = false;  // in <meta content>
  // Of the page:
  std::vector<std::string> foreign_{};  // the svg and math elements that are open
};

}  // namespace mcdsl::web::internal
