#include "mcdsl/metrics/registry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <variant>

#include "mcdsl/base/bytes.h"
#include "mcdsl/base/error.h"

namespace mcdsl::metrics {
namespace {

enum class Type : std::uint8_t { counter, gauge, histogram };

constexpr std::array<std::string_view, 3> kTypeNames{"counter", "gauge", "histogram"};

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Exception(Code::internal, "metric \"" + printable(what) + "\": " + std::string(why));
}

bool is_identifier(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && (text.front() < '0' || text.front() > '9') && std::ranges::all_of(text, is_part);
}

void check_name(std::string_view name, Type type) {
  if (!is_identifier(name)) {
    refuse(name, "a name consists of letters, digits and '_'");
  }
  if (name.ends_with("_total") != (type == Type::counter)) {
    refuse(name, "the name of a counter, and no other, ends in \"_total\"");
  }
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (name.ends_with(suffix)) {
      refuse(name, "its end is that of a histogram's parts");
    }
  }
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '"' && quotes) {
      out.append("\\\"");
    } else {
      out.push_back(c);
    }
  }
}

// `code="200",method="GET"`: what names a series within its metric, and how it is written.
std::string text_of(std::string_view name, Labels labels) {
  std::ranges::sort(labels, {}, &Label::name);
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Label& label = labels[i];
    if (!is_identifier(label.name) || label.name.starts_with("__") || label.name == "le") {
      refuse(name, "a label cannot be called \"" + printable(label.name) + "\"");
    }
    if (i > 0 && labels[i - 1].name == label.name) {
      refuse(name, "the label \"" + label.name + "\" is there twice");
    }
    if (!is_valid_utf8(label.value)) {
      refuse(name, "the value of the label \"" + label.name + "\" is not UTF-8");
    }
    text.append(text.empty() ? "" : ",").append(label.name).append("=\"");
    append_escaped(text, label.value, true);
    text.push_back('"');
  }
  return text;
}

template <class T>
  requires std::integral<T> || std::floating_point<T>
void append_number(std::string& out, T value) {
  if constexpr (std::floating_point<T>) {
    if (!std::isfinite(value)) {
      out.append(std::isnan(value) ? "NaN" : (value > 0 ? "+Inf" : "-Inf"));
      return;
    }
  }
  std::array<char, 32> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

template <class T>
void append_sample(std::string& out, std::string_view name, std::string_view labels, T value) {
  out.append(name);
  if (!labels.empty()) {
    out.append("{").append(labels).append("}");
  }
  out.push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

void append_histogram(std::string& out, const std::string& name, std::string_view labels, const Histogram& histogram) {
  const Buckets& buckets = histogram.buckets();
  // A quotient is the double nearest to the bound, so 5,000,000 ns is written 0.005.
  const auto in_base_unit = [&](std::uint64_t value) {
    return static_cast<double>(value) / static_cast<double>(buckets.per_unit);
  };
  const std::string before(std::string(labels).append(labels.empty() ? "" : ",").append("le=\""));
  const std::vector<std::uint64_t> counts = histogram.counts();
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < buckets.bounds.size(); ++i) {
    so_far += counts[i];
    std::string text = before;
    append_number(text, in_base_unit(buckets.bounds[i]));
    append_sample(out, name + "_bucket", text + '"', so_far);
  }
  so_far += counts.back();
  append_sample(out, name + "_bucket", before + "+Inf\"", so_far);
  append_sample(out, name + "_sum", labels, in_base_unit(histogram.sum()));
  append_sample(out, name + "_count", labels, so_far);
}

// A metric as it is written: its samples by their labels.
struct Block {
  Type type;
  std::string help;
  std::map<std::string, std::string, std::less<>> samples;
};

// The metrics of one `expose`, by name.
class Page final : public Samples {
 public:
  void counter(std::string_view name, std::string_view help, double value, const Labels& labels) override {
    add(Type::counter, name, help, value, labels);
  }
  void gauge(std::string_view name, std::string_view help, double value, const Labels& labels) override {
    add(Type::gauge, name, help, value, labels);
  }

  // Where the samples of a metric go.
  Block& block(std::string_view name, Type type, std::string_view help) {
    const auto [at, is_new] = blocks_.try_emplace(std::string(name), Block{type, std::string(help), {}});
    if (!is_new && (at->second.type != type || at->second.help != help)) {
      refuse(name, "it is there with another type or help");
    }
    return at->second;
  }

  // Room for one sample.
  static std::string& sample(Block& block, std::string_view name, const std::string& labels) {
    const auto [at, is_new] = block.samples.try_emplace(labels);
    if (!is_new) {
      refuse(name, "the series {" + labels + "} is there twice");
    }
    return at->second;
  }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& [name, block] : blocks_) {
      out.append("# HELP ").append(name).append(" ");
      append_escaped(out, block.help, false);
      out.append("\n# TYPE ").append(name).append(" ");
      out.append(kTypeNames[static_cast<std::size_t>(block.type)]).append("\n");
      for (const auto& [labels, sample] : block.samples) {
        out.append(sample);
      }
    }
    return out;
  }

 private:
  void add(Type type, std::string_view name, std::string_view help, double value, const Labels& labels) {
    check_name(name, type);
    const std::string text = text_of(name, labels);
    append_sample(sample(block(name, type, help), name, text), name, text, value);
  }

  std::map<std::string, Block, std::less<>> blocks_;
};

// The series of one metric; nodes of a map stay where they are.
struct Family {
  std::string help;
  Type type;
  std::map<std::string, std::variant<Counter, Gauge, Histogram>, std::less<>> series;
};

void append(Page& page, const std::string& name, const Family& family) {
  Block& block = page.block(name, family.type, family.help);
  for (const auto& [labels, series] : family.series) {
    std::string& out = Page::sample(block, name, labels);
    if (const auto* histogram = std::get_if<Histogram>(&series)) {
      append_histogram(out, name, labels, *histogram);
    } else if (const auto* gauge = std::get_if<Gauge>(&series)) {
      append_sample(out, name, labels, gauge->value());
    } else {
      append_sample(out, name, labels, std::get<Counter>(series).value());
    }
  }
}

}  // namespace

struct Registry::State {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::vector<Source> sources;

  template <class T, class... Args>
  T& find_or_make(Type type, std::string_view name, std::string_view help, const Labels& labels, const Args&... args) {
    check_name(name, type);
    std::string text = text_of(name, labels);
    const std::scoped_lock lock(mutex);
    const auto [at, is_new] = families.try_emplace(std::string(name), Family{std::string(help), type, {}});
    Family& family = at->second;
    if (family.type != type || family.help != help) {
      refuse(name, "it is there with another type or help");
    }
    if (family.series.size() >= kMostSeries && !family.series.contains(text)) {
      Labels others = labels;
      std::ranges::for_each(others, [](Label& label) { label.value = "other"; });
      text = text_of(name, others);
    }
    return std::get<T>(family.series.try_emplace(text, std::in_place_type<T>, args...).first->second);
  }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make<Counter>(Type::counter, name, help, labels);
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make<Gauge>(Type::gauge, name, help, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, const Buckets& buckets,
                               const Labels& labels) {
  Histogram& histogram = state_->find_or_make<Histogram>(Type::histogram, name, help, labels, buckets);
  if (histogram.buckets() != buckets) {
    refuse(name, "it is there with other buckets");
  }
  return histogram;
}

void Registry::add_source(Source source) {
  if (!source) {
    throw Exception(Code::internal, "metrics::Registry::add_source: the source is empty");
  }
  const std::scoped_lock lock(state_->mutex);
  state_->sources.push_back(std::move(source));
}

std::string Registry::expose() const {
  std::vector<Source> sources;
  {
    const std::scoped_lock lock(state_->mutex);
    sources = state_->sources;
  }
  Page page;
  for (const Source& source : sources) {  // without the lock: a source may take its time, or look up a series
    source(page);
  }
  const std::scoped_lock lock(state_->mutex);
  for (const auto& [name, family] : state_->families) {
    append(page, name, family);
  }
  return page.text();
}

}  // namespace mcdsl::metrics
