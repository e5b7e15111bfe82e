// One load on one store, and what it saw, as one JSON object:
//
//     db_load LOAD ours|connections|mutex normal|full SECONDS FILE [WRITERS]
//
// write: threads (64, or WRITERS) insert. read: 8 threads find rows by key beside one that inserts. steady: one thread
// inserts 1,000 times a second while the file, grown to 300 MB first, is copied to FILE.copy; busy: it inserts without
// a pause. SECONDS is the length of the load; of steady and busy the time before the copy, and after it.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "stores.h"

namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kWriters = 64;
constexpr int kReaders = 8;
constexpr std::int64_t kRows = 100'000;
constexpr std::int64_t kBytesToCopy = 300'000'000;
constexpr std::chrono::microseconds kSteadyPace(1000);

enum Phase : std::uint8_t { before, meanwhile, after };

struct Tally {
  std::int64_t operations = 0;
  std::int64_t failures = 0;
  double worst_ms = 0;
};
using Tallies = std::array<Tally, 3>;  // one for each phase

/// Repeats an operation in threads of its own until it is stopped.
class Load {
 public:
  using Operation = std::function<void(bench::Session& session, int thread, std::int64_t number)>;

  Load(bench::Store& store, int threads, Operation operation, std::chrono::microseconds pace = {})
      : store_(store),
        operation_(std::move(operation)),
        pace_(pace),
        ready_(threads + 1),
        seen_(static_cast<std::size_t>(threads)) {
    for (int thread = 0; thread < threads; ++thread) {
      threads_.emplace_back([this, thread] { work(thread, seen_[static_cast<std::size_t>(thread)]); });
    }
  }

  /// Begins once every thread has its session.
  void start() { ready_.arrive_and_wait(); }

  /// An operation counts for the phase in which it ends.
  void enter(Phase phase) { phase_ = phase; }

  const std::vector<Tallies>& stop() {
    stopped_ = true;
    threads_.clear();
    return seen_;
  }

 private:
  void work(int thread, Tallies& result) {
    Tallies tallies;  // apart from those of the other threads
    std::unique_ptr<bench::Session> session;
    try {
      session = store_.session();
    } catch (const std::exception& problem) {
      fail(tallies, problem);
    }
    ready_.arrive_and_wait();
    auto due = SteadyClock::now();
    for (std::int64_t number = 0; session && !stopped_; ++number) {
      repeat(tallies, *session, thread, number);
      if (pace_.count() > 0) {
        due = std::max(due + pace_, SteadyClock::now());
        std::this_thread::sleep_until(due);
      }
    }
    result = tallies;
  }

  void repeat(Tallies& tallies, bench::Session& session, int thread, std::int64_t number) {
    const auto begun = SteadyClock::now();
    try {
      operation_(session, thread, number);
      ++tallies[phase_].operations;
    } catch (const std::exception& problem) {
      fail(tallies, problem);
    }
    double& worst = tallies[phase_].worst_ms;
    worst = std::max(worst, Milliseconds(SteadyClock::now() - begun).count());
  }

  void fail(Tallies& tallies, const std::exception& problem) {
    ++tallies[phase_].failures;
    if (!told_.exchange(true)) {
      std::fprintf(stderr, "db_load: %s\n", problem.what());
    }
  }

  bench::Store& store_;
  const Operation operation_;
  const std::chrono::microseconds pace_;
  std::latch ready_;
  std::atomic<Phase> phase_ = before;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> told_ = false;
  std::vector<Tallies> seen_;
  std::vector<std::jthread> threads_;
};

void print_number(const char* name, double value) {
  std::printf("\"%s\": %.4f, ", name, value);
}

/// What all threads saw in one phase.
void print_tallies(const char* name, const std::vector<Tallies>& threads, Phase phase) {
  Tally sum;
  std::int64_t least = threads.front()[phase].operations;
  std::int64_t most = 0;
  for (const Tallies& tallies : threads) {
    const Tally& tally = tallies[phase];
    sum.operations += tally.operations;
    sum.failures += tally.failures;
    sum.worst_ms = std::max(sum.worst_ms, tally.worst_ms);
    least = std::min(least, tally.operations);
    most = std::max(most, tally.operations);
  }
  std::printf(R"("%s": {"operations": %lld, "failures": %lld, "worst_ms": %.3f, "least": %lld, "most": %lld}, )", name,
              static_cast<long long>(sum.operations), static_cast<long long>(sum.failures), sum.worst_ms,
              static_cast<long long>(least), static_cast<long long>(most));
}

double seconds_since(SteadyClock::time_point begun) {
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

void insert(bench::Session& session, int thread, std::int64_t number) {
  session.insert(thread, number, bench::kText);
}

// fill() gave each row the number before its key.
void find(bench::Session& session, int thread, std::int64_t /*number*/) {
  thread_local std::minstd_rand random(static_cast<unsigned>(thread) + 1);
  const std::int64_t id = std::uniform_int_distribution<std::int64_t>(1, kRows)(random);
  if (const std::int64_t found = session.find(id); found != id - 1) {
    throw std::runtime_error("row " + std::to_string(id) + " holds " + std::to_string(found));
  }
}

void fill(bench::Store& store, std::int64_t rows, std::string_view text) {
  const auto session = store.session();
  for (std::int64_t number = 0; number < rows; ++number) {
    session->insert(0, number, text);
  }
}

void write(bench::Store& store, int threads, std::chrono::milliseconds time) {
  Load writers(store, threads, insert);
  const auto begun = SteadyClock::now();
  writers.start();
  std::this_thread::sleep_for(time);
  print_number("seconds", seconds_since(begun));
  print_tallies("writers", writers.stop(), before);
}

void read(bench::Store& store, std::chrono::milliseconds time) {
  fill(store, kRows, bench::kText);
  Load writer(store, 1, insert);
  Load readers(store, kReaders, find);
  const auto begun = SteadyClock::now();
  writer.start();
  readers.start();
  std::this_thread::sleep_for(time);
  print_number("seconds", seconds_since(begun));
  print_tallies("readers", readers.stop(), before);
  print_tallies("writers", writer.stop(), before);
  std::printf(R"("filled": %lld, )", static_cast<long long>(kRows));
}

double wal_megabytes(const std::filesystem::path& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file.string() + "-wal", none);
  return none ? 0 : static_cast<double>(size) / 1e6;
}

// The largest that the log becomes until `done`.
double largest_wal(const std::filesystem::path& file, const std::future<void>& done) {
  double largest = 0;
  do {
    largest = std::max(largest, wal_megabytes(file));
  } while (done.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready);
  return largest;
}

void copy(bench::Store& store, std::chrono::microseconds pace, std::chrono::milliseconds time,
          const std::filesystem::path& file) {
  const std::string text(10'000, 'x');
  const auto rows = kBytesToCopy / static_cast<std::int64_t>(text.size());
  fill(store, rows, text);
  Load writer(store, 1, insert, pace);
  writer.start();
  std::this_thread::sleep_for(time);
  print_number("wal_before", wal_megabytes(file));

  writer.enter(meanwhile);
  const auto begun = SteadyClock::now();
  auto copied = std::async(std::launch::async, [&] {
    store.snapshot(file.string() + ".copy");
    print_number("copy_seconds", seconds_since(begun));
  });
  const double largest = largest_wal(file, copied);
  copied.get();

  writer.enter(after);  // the first checkpoint that the copy does not hold back catches up on all of it
  std::this_thread::sleep_for(time);
  print_number("wal_meanwhile", largest);
  print_number("wal_after", wal_megabytes(file));  // while its connections are open: the last one removes it
  const auto& seen = writer.stop();
  print_tallies("before", seen, before);
  print_tallies("meanwhile", seen, meanwhile);
  print_tallies("after", seen, after);
  std::printf(R"("filled": %lld, )", static_cast<long long>(rows));
}

void run(std::string_view load, bench::Store& store, int writers, std::chrono::milliseconds time,
         const std::filesystem::path& file) {
  std::printf("{");
  if (load == "write") {
    write(store, writers, time);
  } else if (load == "read") {
    read(store, time);
  } else if (load == "steady") {
    copy(store, kSteadyPace, time, file);
  } else if (load == "busy") {
    copy(store, {}, time, file);
  } else {
    throw std::runtime_error("unknown load " + std::string(load));
  }
  std::printf("\"end\": true}\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    std::fprintf(stderr,
                 "usage: db_load write|read|steady|busy ours|connections|mutex normal|full SECONDS FILE [WRITERS]\n");
    return 64;
  }
  const auto time =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(std::stod(argv[4])));
  const auto store = bench::open_store(argv[2], argv[5], argv[3] == std::string_view("full"));
  run(argv[1], *store, argc == 7 ? std::stoi(argv[6]) : kWriters, time, argv[5]);
  return 0;
}
