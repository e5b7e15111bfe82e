#include "api.h"

#include <chrono>
#include <expected>

namespace my_notes {
namespace {

using google::protobuf::Empty;
using mcdsl::Result;
using mcdsl::grpcserver::Context;

constexpr std::int64_t kDefaultPage = 50;

v1::Note to_proto(const Note& note) {
  v1::Note message;
  message.set_id(note.id);
  message.set_text(note.text);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(note.created_at);
  message.mutable_created_at()->set_seconds(seconds.time_since_epoch().count());
  return message;
}

Result<v1::Note> answer(const Result<Note>& note) {
  return note ? Result<v1::Note>(to_proto(*note)) : std::unexpected(note.error());
}

}  // namespace

Result<v1::ListNotesReply> Api::ListNotes(const Context& context, const v1::ListNotesRequest& request) {
  const std::int64_t limit = request.has_limit() ? request.limit() : kDefaultPage;
  const auto notes = notes_.list(context.caller().subject, limit, request.before());
  if (!notes) {
    return std::unexpected(notes.error());
  }
  v1::ListNotesReply reply;
  for (const Note& note : *notes) {
    *reply.add_notes() = to_proto(note);
  }
  return reply;
}

Result<v1::Note> Api::GetNote(const Context& context, const v1::GetNoteRequest& request) {
  return answer(notes_.find(context.caller().subject, request.id()));
}

Result<v1::Note> Api::AddNote(const Context& context, const v1::AddNoteRequest& request) {
  return answer(notes_.add(context.caller().subject, request.text()));
}

Result<Empty> Api::DeleteNote(const Context& context, const v1::DeleteNoteRequest& request) {
  const auto removed = notes_.remove(context.caller().subject, request.id());
  return removed ? Result<Empty>() : std::unexpected(removed.error());
}

}  // namespace my_notes
