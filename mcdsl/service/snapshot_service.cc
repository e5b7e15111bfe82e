#include "mcdsl/service/snapshot_service.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <mcdsl/v1/snapshot.pb.h>

#include "mcdsl/base/blocking.h"
#include "mcdsl/base/error.h"
#include "mcdsl/crypto/digest.h"
#include "mcdsl/grpcserver/stream.h"

namespace mcdsl {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

struct Digest {
  std::int64_t size = 0;
  std::string sha256;
};

Digest digest_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  crypto::Sha256Stream sha256;
  Digest digest;
  std::string piece(kPiece, '\0');
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    sha256.update(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
    digest.size += file.gcount();
  }
  if (!file.eof()) {
    throw Exception(Code::internal, "read the snapshot " + path.string());
  }
  digest.sha256 = crypto::to_hex(sha256.finish());
  return digest;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) {
    const bool is_full = problem == std::errc::no_space_on_device;
    throw Exception(is_full ? Code::resource_exhausted : Code::permission_denied,
                    "snapshot: make the folder " + folder.string() + ": " + problem.message());
  }
}

}  // namespace

class SnapshotService::Calls {
 public:
  explicit Calls(const db::Database& database) : database_(database) {}

  Result<v1::SnapshotReply> snapshot(const grpcserver::Context& /*context*/, const v1::SnapshotRequest& /*request*/) {
    std::promise<v1::SnapshotReply> promise;
    std::unique_lock lock(mutex_);
    if (running_) {
      const auto shared = *running_;
      lock.unlock();
      about_to_block();
      return shared.get();  // what the other one threw, too
    }
    running_ = promise.get_future().share();
    lock.unlock();
    try {
      promise.set_value(take());
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
    lock.lock();
    return std::exchange(running_, std::nullopt)->get();
  }

 private:
  v1::SnapshotReply take() const {
    about_to_block();
    const auto path = database_.default_snapshot_path();
    make_folder(path.parent_path());
    database_.snapshot(path);
    const Digest digest = digest_of(path);
    v1::SnapshotReply reply;
    reply.set_path(path.string());
    reply.set_size_bytes(digest.size);
    reply.set_sha256(digest.sha256);
    return reply;
  }

  const db::Database& database_;
  std::mutex mutex_;
  std::optional<std::shared_future<v1::SnapshotReply>> running_;
};

SnapshotService::SnapshotService(const db::Database& database) : calls_(std::make_shared<Calls>(database)) {}

std::vector<grpcserver::Method> SnapshotService::methods() {
  const auto* service = v1::SnapshotRequest::descriptor()->file()->FindServiceByName("SnapshotService");
  return {grpcserver::unary(service->FindMethodByName("Snapshot"), *calls_, &Calls::snapshot)};
}

}  // namespace mcdsl
