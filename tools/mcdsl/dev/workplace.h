#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mcdsl/base/clock.h"
#include "mcdsl/base/unique_fd.h"

namespace mcdsl::tool {

/// The folder of `mcdsl dev`, by convention .dev in that of the service: the authority (ca/), and for each program a
/// folder with its certificate, configuration and data. Mode 0700.
class Workplace {
 public:
  /// Makes the folder where it is not there. Throws Exception: failed_precondition while another `mcdsl dev` runs in
  /// it, permission_denied and others where it cannot be used.
  Workplace(std::filesystem::path folder, const Clock& clock);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path authority() const { return folder_ / "ca" / "ca.pem"; }
  [[nodiscard]] std::filesystem::path certificate(std::string_view program) const;
  [[nodiscard]] std::filesystem::path key(std::string_view program) const;

  /// Makes the authority and a certificate for localhost for each program, where there are none or they end within a
  /// week. Whether anything was made.
  bool make_certificates(const std::vector<std::string>& programs) const;

 private:
  [[nodiscard]] bool is_current(const std::filesystem::path& certificate) const;
  void run_ca(const std::vector<std::string>& words) const;

  std::filesystem::path folder_;
  const Clock& clock_;
  UniqueFd lock_;
};

/// A folder of our own for sockets, whose paths have to be short; removed with all it holds.
class SocketFolder {
 public:
  SocketFolder();
  ~SocketFolder();
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace mcdsl::tool
