#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <mcdsl/grpcserver/internal/notes_for_test.mcdsl.h>

#include "mcdsl/auth/token_verifier.h"
#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/internal/compression.h"
#include "mcdsl/grpcserver/internal/framing.h"

namespace mcdsl::grpcserver {

namespace notes = mcdsl::test::v1;

/// The service of the tests. Counts the handlers that were entered. Notes are made up as they are asked for; a test
/// that wants more of GetNote gives it. Threads: as a service.
class NotesForTest final : public notes::NotesServiceBase {
 public:
  using Get = std::function<Result<notes::Note>(const Context&, const notes::GetNoteRequest&)>;

  NotesForTest() = default;
  explicit NotesForTest(Get get) : get_(std::move(get)) {}

  [[nodiscard]] int entered() const noexcept { return entered_; }
  /// Those that had to have a caller, and had none.
  [[nodiscard]] int without_caller() const noexcept { return without_caller_; }

  Result<notes::Note> GetNote(const Context& context, const notes::GetNoteRequest& request) override {
    enter_with_caller(context);
    if (get_) {
      return get_(context, request);
    }
    notes::Note note;
    note.set_id(request.id());
    return note;
  }

  Result<notes::Note> PutNote(const Context& context, const notes::PutNoteRequest& request) override {
    enter_with_caller(context);
    return request.note();
  }

  Result<void> ListNotes(const Context& context, const notes::ListNotesRequest& request,
                         Writer<notes::Note>& writer) override {
    enter_with_caller(context);
    for (int i = 0; i < request.count(); ++i) {
      notes::Note note;
      note.set_id(std::to_string(i));
      note.set_title(request.filter());
      if (auto written = writer.write(note); !written) {
        return written;
      }
    }
    return {};
  }

  Result<notes::UploadReply> Upload(const Context& context, Reader<notes::Note>& reader) override {
    enter_with_caller(context);
    notes::UploadReply reply;
    while (const auto note = reader.next()) {
      reply.set_count(reply.count() + 1);
      reply.set_size(reply.size() + note->size());
    }
    return reply;
  }

  Result<void> Echo(const Context& /*context*/, Reader<notes::Note>& reader, Writer<notes::Note>& writer) override {
    ++entered_;
    while (const auto note = reader.next()) {
      if (auto written = writer.write(*note); !written) {
        return written;
      }
    }
    return {};
  }

  Result<google::protobuf::Empty> Ping(const Context& /*context*/, const google::protobuf::Empty& request) override {
    ++entered_;
    return request;
  }

 private:
  void enter_with_caller(const Context& context) {
    ++entered_;
    without_caller_ += context.find_caller() == nullptr ? 1 : 0;
  }

  Get get_;
  std::atomic<int> entered_{0};
  std::atomic<int> without_caller_{0};
};

/// Knows a token for each kind of caller by the kind's name: "guest", "user", "admin", "system". Of "down" nobody can
/// tell; "expired" and all others are refused.
class TokensForTest final : public auth::TokenVerifier {
 public:
  [[nodiscard]] Result<std::shared_ptr<const auth::Caller>> find_caller(
      std::string_view token, std::chrono::nanoseconds /*patience*/) const override {
    if (token == "down") {
      return fail(Code::unavailable, "the identity service does not answer");
    }
    if (token == "expired") {
      return fail(Code::unauthenticated, "the token has expired");
    }
    if (token == "system") {
      return caller({.subject = "1", .username = "robot", .account_type = auth::AccountType::system});
    }
    if (token == "guest" || token == "user" || token == "admin") {
      return caller({.subject = "2", .username = "ada", .roles = {std::string(token)}});
    }
    return fail(Code::unauthenticated, "no such token");
  }

 private:
  static std::shared_ptr<const auth::Caller> caller(auth::Caller who) {
    return std::make_shared<const auth::Caller>(std::move(who));
  }
};

/// A message in the frame of gRPC.
inline std::string framed(std::string_view payload, std::uint8_t flags = 0) {
  std::string bytes;
  append_frame(bytes, flags, payload);
  return bytes;
}

inline std::string gzipped(std::string_view bytes) {
  return value_or_throw(gzip(bytes));
}

}  // namespace mcdsl::grpcserver
