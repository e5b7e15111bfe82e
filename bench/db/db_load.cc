// One load on one store, and what it saw, as one JSON object:
//
//     db_load write|read|snapshot ours|connections|mutex normal|full SECONDS FILE
//
// write: 64 threads insert. read: 8 threads find rows by key beside one that inserts; the operations are the reads.
// snapshot: one thread inserts while the file, grown to 300 MB first, is copied; the operations are the inserts.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "stores.h"

namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kWriters = 64;
constexpr int kReaders = 8;
constexpr std::int64_t kRows = 100'000;

struct Tally {
  std::int64_t operations = 0;
  std::int64_t failures = 0;
  double worst_ms = 0;
};

/// Repeats an operation in threads of its own until it is stopped.
class Load {
 public:
  using Operation = std::function<void(bench::Session& session, int thread, std::int64_t number)>;

  Load(bench::Store& store, int threads, const Operation& operation) : tallies_(static_cast<std::size_t>(threads)) {
    for (int thread = 0; thread < threads; ++thread) {
      threads_.emplace_back([this, &store, operation, thread] {
        const auto session = store.session();
        Tally tally;
        started_.wait(false);
        for (std::int64_t number = 0; !stopped_; ++number) {
          repeat(tally, [&] { operation(*session, thread, number); });
        }
        tallies_[static_cast<std::size_t>(thread)] = tally;
      });
    }
  }

  void start() {
    started_ = true;
    started_.notify_all();
  }

  const std::vector<Tally>& stop() {
    stopped_ = true;
    threads_.clear();
    return tallies_;
  }

 private:
  static void repeat(Tally& tally, const std::function<void()>& operation) {
    const auto begun = SteadyClock::now();
    try {
      operation();
      ++tally.operations;
    } catch (const std::exception& problem) {
      if (tally.failures++ == 0) {
        std::fprintf(stderr, "db_load: %s\n", problem.what());
      }
    }
    tally.worst_ms = std::max(tally.worst_ms, Milliseconds(SteadyClock::now() - begun).count());
  }

  std::atomic<bool> started_ = false;
  std::atomic<bool> stopped_ = false;
  std::vector<Tally> tallies_;
  std::vector<std::jthread> threads_;
};

void print(const std::vector<Tally>& tallies, double seconds) {
  Tally sum;
  std::int64_t least = tallies.front().operations;
  for (const Tally& tally : tallies) {
    sum.operations += tally.operations;
    sum.failures += tally.failures;
    sum.worst_ms = std::max(sum.worst_ms, tally.worst_ms);
    least = std::min(least, tally.operations);
  }
  std::printf(R"({"operations": %lld, "seconds": %.4f, "worst_ms": %.3f, "failures": %lld, "least": %lld})"
              "\n",
              static_cast<long long>(sum.operations), seconds, sum.worst_ms, static_cast<long long>(sum.failures),
              static_cast<long long>(least));
}

void measure(Load& load, const std::function<void()>& meanwhile) {
  const auto begun = SteadyClock::now();
  load.start();
  meanwhile();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - begun).count();
  print(load.stop(), seconds);
}

void fill(bench::Store& store) {
  const auto session = store.session();
  for (std::int64_t number = 0; number < kRows; ++number) {
    session->insert(0, number);
  }
}

const Load::Operation kInserts = [](bench::Session& session, int thread, std::int64_t number) {
  session.insert(thread, number);
};

const Load::Operation kFinds = [](bench::Session& session, int thread, std::int64_t /*number*/) {
  thread_local std::minstd_rand random(static_cast<unsigned>(thread) + 1);
  session.find(std::uniform_int_distribution<std::int64_t>(1, kRows)(random));
};

void run(std::string_view load, bench::Store& store, std::chrono::milliseconds time, const std::string& file) {
  if (load == "write") {
    Load writers(store, kWriters, kInserts);
    measure(writers, [&] { std::this_thread::sleep_for(time); });
  } else if (load == "read") {
    fill(store);
    Load writer(store, 1, kInserts);
    Load readers(store, kReaders, kFinds);
    writer.start();
    measure(readers, [&] { std::this_thread::sleep_for(time); });
    writer.stop();
  } else {
    Load writer(store, 1, kInserts);
    measure(writer, [&] { store.snapshot(file + ".copy"); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: db_load write|read|snapshot ours|connections|mutex normal|full SECONDS FILE\n");
    return 64;
  }
  const auto time =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(std::stod(argv[4])));
  const auto store = bench::open_store(argv[2], argv[5], argv[3] == std::string_view("full"));
  run(argv[1], *store, time, argv[5]);
  return 0;
}
