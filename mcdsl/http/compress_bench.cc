// What packing a body costs, by coding and size, with working memory that was kept and (a new compressor each time)
// without; and what a tag costs.

#include <cstddef>
#include <string>

#include <benchmark/benchmark.h>

#include "mcdsl/http/entity_tag.h"
#include "mcdsl/http/internal/compressor.h"

namespace mcdsl::http::internal {
namespace {

std::string documents(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i) {
    out.append(R"({"slug":"reading-)")
        .append(std::to_string(i * 2654435761U))
        .append(R"(","title":"On the )")
        .append(std::to_string(i))
        .append(R"( of things","unread":true},)");
  }
  out.resize(size);
  return out;
}

template <ContentCoding kCoding>
void pack_with_kept_memory(benchmark::State& state) {
  const std::string bytes = documents(static_cast<std::size_t>(state.range(0)));
  Compressor compressor;
  std::size_t size = 0;
  for (auto _ : state) {
    size = compressor.pack(kCoding, bytes)->size();
  }
  state.counters["percent"] = 100.0 * static_cast<double>(size) / static_cast<double>(bytes.size());
}
BENCHMARK(pack_with_kept_memory<ContentCoding::gzip>)->Arg(1 << 10)->Arg(8 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(pack_with_kept_memory<ContentCoding::zstd>)->Arg(1 << 10)->Arg(8 << 10)->Arg(64 << 10)->Arg(1 << 20);

template <ContentCoding kCoding>
void pack_with_new_memory(benchmark::State& state) {
  const std::string bytes = documents(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    Compressor compressor;
    benchmark::DoNotOptimize(compressor.pack(kCoding, bytes));
  }
}
BENCHMARK(pack_with_new_memory<ContentCoding::gzip>)->Arg(1 << 10)->Arg(8 << 10)->Arg(64 << 10);
BENCHMARK(pack_with_new_memory<ContentCoding::zstd>)->Arg(1 << 10)->Arg(8 << 10)->Arg(64 << 10);

void tag(benchmark::State& state) {
  const std::string bytes = documents(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(entity_tag_of(bytes));
  }
}
BENCHMARK(tag)->Arg(200)->Arg(8 << 10);

}  // namespace
}  // namespace mcdsl::http::internal
