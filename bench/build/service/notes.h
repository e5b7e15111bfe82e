#pragma once

#include <notes.mcdsl.h>

#include "mcdsl/db/database.h"

namespace notes {

namespace v1 = bench::notes::v1;

/// Keeps notes in a table.
class NotesService final : public v1::NotesServiceBase {
 public:
  explicit NotesService(mcdsl::db::Database& database) : database_(database) {}

  using Context = mcdsl::grpcserver::Context;
  using Empty = google::protobuf::Empty;

  mcdsl::Result<v1::Note> CreateNote(const Context& context, const v1::Note& note) override;
  mcdsl::Result<v1::Note> GetNote(const Context& context, const v1::GetNoteRequest& request) override;
  mcdsl::Result<v1::Note> ReplaceNote(const Context& context, const v1::Note& note) override;
  mcdsl::Result<Empty> DeleteNote(const Context& context, const v1::GetNoteRequest& request) override;
  mcdsl::Result<v1::ListNotesReply> ListNotes(const Context& context, const v1::ListNotesRequest& request) override;
  mcdsl::Result<v1::ListNotesReply> SearchNotes(const Context& context, const v1::SearchNotesRequest& request) override;
  mcdsl::Result<void> ExportNotes(const Context& context, const v1::ListNotesRequest& request,
                                  mcdsl::grpcserver::Writer<v1::Note>& writer) override;
  mcdsl::Result<v1::ImportNotesReply> ImportNotes(const Context& context,
                                                  mcdsl::grpcserver::Reader<v1::Note>& reader) override;
  mcdsl::Result<void> SyncNotes(const Context& context, mcdsl::grpcserver::Reader<v1::Note>& reader,
                                mcdsl::grpcserver::Writer<v1::Note>& writer) override;
  mcdsl::Result<v1::Statistics> GetStatistics(const Context& context, const Empty& request) override;

 private:
  mcdsl::Result<void> store(const v1::Note& note);
  mcdsl::Result<v1::ListNotesReply> notes_like(std::string_view pattern) const;

  mcdsl::db::Database& database_;
};

}  // namespace notes
