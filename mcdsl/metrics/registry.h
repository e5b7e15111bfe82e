#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/metrics/instruments.h"

namespace mcdsl::metrics {

/// What tells the series of one metric apart. A value comes from the program, never from a client: each one that is new
/// is a series more, here and in whatever stores them.
struct Label {
  std::string name;
  std::string value;
};
using Labels = std::vector<Label>;

/// Where a source puts what it reads.
class Samples {
 public:
  virtual ~Samples() = default;

  virtual void counter(std::string_view name, std::string_view help, double value, const Labels& labels = {}) = 0;
  virtual void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {}) = 0;

 protected:
  Samples() = default;
  Samples(const Samples&) = default;
  Samples& operator=(const Samples&) = default;
};

/// Reads values that are kept elsewhere, at the moment they are asked for.
using Source = std::function<void(Samples&)>;

/// The metrics of a program. Names and labels keep to the conventions of Prometheus: base units, `_total` at the end of
/// a counter and nowhere else.
///
///     metrics::Counter& stored = registry.counter("notes_stored_total", "Notes that were stored.");
///     stored.add();
///
/// Look a series up once and keep it: finding it takes a lock, counting does not. Asking again for the same name and
/// labels gives the same series.
///
/// Errors: a mistake throws Exception (internal): a bad or unconventional name, a metric that is there with another
/// type, help or buckets, label values that are not UTF-8.
/// Threads: safe from any thread. Lifetime: series live as long as the registry; what sources read outlives its last
/// `expose`.
class Registry {
 public:
  /// Past so many series of one metric further ones are counted together, with "other" as the value of each label.
  static constexpr std::size_t kMostSeries = 1000;

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  [[nodiscard]] Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  [[nodiscard]] Histogram& histogram(std::string_view name, std::string_view help, const Buckets& buckets,
                                     const Labels& labels = {});

  /// Calls `source` at each `expose`. What it throws is what `expose` throws: a page that silently lacks a metric looks
  /// like a service without trouble.
  void add_source(Source source);

  /// Everything, in Prometheus' text format 0.0.4, ordered by name and labels.
  [[nodiscard]] std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The media type of what `expose` gives.
inline constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace mcdsl::metrics
