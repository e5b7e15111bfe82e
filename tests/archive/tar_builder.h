#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <zstd.h>

/// Tar and zstd as somebody would make them who means harm: nothing is checked.
namespace mcdsl::archive::testing {

struct Header {
  std::string name;
  char type = '0';
  std::string link = {};
  std::uint64_t size = 0;
  unsigned mode = 0644;
  std::string magic = std::string("ustar\00000", 8);
  std::string raw_size = {};  ///< in place of the octal one
  std::string prefix = {};
  bool bad_checksum = false;
};

inline std::string octal(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof(text), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text;
}

inline std::string header(const Header& wanted) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t offset, std::size_t size, const std::string& text) {
    block.replace(offset, std::min(size, text.size()), text.substr(0, size));
  };
  put(0, 100, wanted.name);
  put(100, 8, octal(wanted.mode, 7));
  put(108, 8, octal(0, 7));
  put(116, 8, octal(0, 7));
  put(124, 12, wanted.raw_size.empty() ? octal(wanted.size, 11) : wanted.raw_size);
  put(136, 12, octal(0, 11));
  block[156] = wanted.type;
  put(157, 100, wanted.link);
  put(257, 8, wanted.magic);
  put(345, 155, wanted.prefix);
  block.replace(148, 8, "        ");
  unsigned sum = wanted.bad_checksum ? 1 : 0;
  for (const char c : block) {
    sum += static_cast<unsigned char>(c);
  }
  put(148, 7, octal(sum, 6));
  block[154] = '\0';
  return block;
}

inline std::string padded(std::string data) {
  data.resize((data.size() + 511) / 512 * 512, '\0');
  return data;
}

inline std::string file(const std::string& name, const std::string& data = "data", unsigned mode = 0644) {
  return header({.name = name, .size = data.size(), .mode = mode}) + padded(data);
}
inline std::string folder(const std::string& name, unsigned mode = 0755) {
  return header({.name = name, .type = '5', .mode = mode});
}
inline std::string link(const std::string& name, const std::string& target, char type = '2') {
  return header({.name = name, .type = type, .link = target, .mode = 0777});
}

inline std::string record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) {
    ++length;
  }
  return std::to_string(length) + " " + key + "=" + value + "\n";
}
inline std::string extended(const std::string& data, char type = 'x') {
  return header({.name = "PaxHeader", .type = type, .size = data.size()}) + padded(data);
}
inline std::string pax(const std::string& key, const std::string& value) {
  return extended(record(key, value));
}
inline std::string long_name(const std::string& name, char type = 'L') {
  const std::string data = name + std::string(1, '\0');
  return header({.name = "././@LongLink", .type = type, .size = data.size(), .magic = std::string("ustar  \0", 8)}) +
         padded(data);
}

inline std::string end_of_tar() {
  return std::string(1024, '\0');
}

inline std::string packed(std::string_view tar, int level = 1, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log > 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  std::string out(ZSTD_compressBound(tar.size()) + 64, '\0');
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  ZSTD_inBuffer input{tar.data(), tar.size(), 0};
  if (window_log > 0) {  // or the window is cut to the size of the input
    ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush);
  }
  ZSTD_compressStream2(context, &output, &input, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  out.resize(output.pos);
  return out;
}

}  // namespace mcdsl::archive::testing
