#include "notes.h"

#include <string>

namespace notes {
namespace {

using mcdsl::Code;
using mcdsl::Result;
namespace db = mcdsl::db;

struct NoteRow {
  std::string id, title, body;
  std::int64_t revision = 0;

  void bind(db::Row& row) { row.into(id, title, body, revision); }

  [[nodiscard]] v1::Note note() const {
    v1::Note note;
    note.set_id(id);
    note.set_title(title);
    note.set_body(body);
    note.set_revision(revision);
    return note;
  }
};

}  // namespace

Result<void> NotesService::store(const v1::Note& note) {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<void> {
    transaction.execute(
        "INSERT INTO notes (id, title, body, revision) VALUES (?1, ?2, ?3, 1) "
        "ON CONFLICT (id) DO UPDATE SET title = ?2, body = ?3, revision = revision + 1",
        note.id(), note.title(), note.body());
    return {};
  });
}

Result<v1::ListNotesReply> NotesService::notes_like(std::string_view pattern) const {
  return database_.read([&](db::ReadTransaction& transaction) -> Result<v1::ListNotesReply> {
    v1::ListNotesReply reply;
    transaction.for_each<NoteRow>(
        "SELECT id, title, body, revision FROM notes WHERE title LIKE ?1 ORDER BY id",
        [&](const NoteRow& row) { *reply.add_notes() = row.note(); }, pattern);
    return reply;
  });
}

Result<v1::Note> NotesService::CreateNote(const Context& /*context*/, const v1::Note& note) {
  auto stored = store(note);
  return stored ? Result<v1::Note>(note) : std::unexpected(stored.error());
}

Result<v1::Note> NotesService::GetNote(const Context& /*context*/, const v1::GetNoteRequest& request) {
  return database_.read([&](db::ReadTransaction& transaction) -> Result<v1::Note> {
    const auto row =
        transaction.query_one<NoteRow>("SELECT id, title, body, revision FROM notes WHERE id = ?1", request.id());
    return row ? Result<v1::Note>(row->note()) : mcdsl::fail_visible(Code::not_found, "no such note");
  });
}

Result<v1::Note> NotesService::ReplaceNote(const Context& context, const v1::Note& note) {
  return CreateNote(context, note);
}

Result<NotesService::Empty> NotesService::DeleteNote(const Context& /*context*/, const v1::GetNoteRequest& request) {
  return database_.write([&](db::WriteTransaction& transaction) -> Result<Empty> {
    transaction.execute("DELETE FROM notes WHERE id = ?1", request.id());
    return Empty();
  });
}

Result<v1::ListNotesReply> NotesService::ListNotes(const Context& /*context*/,
                                                   const v1::ListNotesRequest& /*request*/) {
  return notes_like("%");
}

Result<v1::ListNotesReply> NotesService::SearchNotes(const Context& /*context*/,
                                                     const v1::SearchNotesRequest& request) {
  return notes_like("%" + request.text() + "%");
}

Result<void> NotesService::ExportNotes(const Context& /*context*/, const v1::ListNotesRequest& /*request*/,
                                       mcdsl::grpcserver::Writer<v1::Note>& writer) {
  const auto all = notes_like("%");
  if (!all) {
    return std::unexpected(all.error());
  }
  for (const v1::Note& note : all->notes()) {
    if (auto written = writer.write(note); !written) {
      return written;
    }
  }
  return {};
}

Result<v1::ImportNotesReply> NotesService::ImportNotes(const Context& /*context*/,
                                                       mcdsl::grpcserver::Reader<v1::Note>& reader) {
  v1::ImportNotesReply reply;
  while (const auto note = reader.next()) {
    if (auto stored = store(*note); !stored) {
      return std::unexpected(stored.error());
    }
    reply.set_count(reply.count() + 1);
  }
  return reply;
}

Result<void> NotesService::SyncNotes(const Context& /*context*/, mcdsl::grpcserver::Reader<v1::Note>& reader,
                                     mcdsl::grpcserver::Writer<v1::Note>& writer) {
  while (const auto note = reader.next()) {
    if (auto stored = store(*note); !stored) {
      return stored;
    }
    if (auto written = writer.write(*note); !written) {
      return written;
    }
  }
  return {};
}

Result<v1::Statistics> NotesService::GetStatistics(const Context& /*context*/, const Empty& /*request*/) {
  return database_.read([](db::ReadTransaction& transaction) -> Result<v1::Statistics> {
    v1::Statistics statistics;
    statistics.set_notes(transaction.query_one<std::int64_t>("SELECT count(*) FROM notes").value_or(0));
    return statistics;
  });
}

}  // namespace notes
