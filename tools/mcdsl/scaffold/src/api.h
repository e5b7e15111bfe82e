#pragma once

#include "notes.h"

#include "my_notes/v1/my_notes.mcdsl.h"

namespace my_notes {

// The calls of the .proto file. Each is made from several threads at once. Lifetime: the notes outlive it.
class Api final : public v1::MyNotesServiceBase {
 public:
  using Context = mcdsl::grpcserver::Context;
  template <class T>
  using Result = mcdsl::Result<T>;

  explicit Api(const Notes& notes) : notes_(notes) {}

  Result<v1::ListNotesReply> ListNotes(const Context& context, const v1::ListNotesRequest& request) override;
  Result<v1::Note> GetNote(const Context& context, const v1::GetNoteRequest& request) override;
  Result<v1::Note> AddNote(const Context& context, const v1::AddNoteRequest& request) override;
  Result<google::protobuf::Empty> DeleteNote(const Context& context, const v1::DeleteNoteRequest& request) override;

 private:
  const Notes& notes_;
};

}  // namespace my_notes
